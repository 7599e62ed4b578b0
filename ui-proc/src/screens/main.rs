//! The open program: the list on the left, what was chosen on the right; in a narrow window one at a time.

use super::{
    add_contact, contact, conversation, delete, erase, keyring, list, notice, parts, passphrase, pin, safety, settings,
    updates,
};
use crate::message::Panel;
use crate::widgets::{Element, LIST_WIDTH, View, fill};
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::{Space, column, container, row};

/// The screen.
pub fn view(view: View<'_>) -> Element<'_> {
    let state = view.state;
    let panes: Element<'_> = if !state.narrow() {
        let between = container(Space::new()).width(1).height(Length::Fill).style(fill(view.palette.border));
        row![container(list::view(view)).width(LIST_WIDTH), between, right(view)].into()
    } else if state.panel.is_some() || state.open.is_some() {
        right(view)
    } else {
        list::view(view)
    };
    match state.notice {
        Some(it) => column![notice::bar(view, it), panes].into(),
        None if state.announces_update() => column![updates::ready(view), panes].into(),
        None => panes,
    }
}

fn right(view: View<'_>) -> Element<'_> {
    match view.state.panel {
        Some(panel @ (Panel::Invite | Panel::Accept)) => add_contact::view(view, panel),
        Some(Panel::Settings) => settings::view(view),
        Some(Panel::Contact(handle)) => contact::view(view, handle),
        Some(Panel::Safety(handle)) => safety::view(view, handle),
        Some(Panel::Delete(handle)) => delete::view(view, handle),
        Some(Panel::Passphrase) => passphrase::change(view),
        Some(Panel::Recovery) => passphrase::recovery(view),
        Some(Panel::Erase) => erase::view(view),
        Some(Panel::Pin) => pin::set(view),
        Some(Panel::Keyring) => keyring::set(view),
        Some(Panel::Parts) => parts::view(view),
        Some(Panel::Question) => parts::question(view),
        Some(Panel::Updates) => updates::view(view),
        Some(Panel::UpdateDetails) => updates::details(view),
        None => conversation::view(view),
    }
}
