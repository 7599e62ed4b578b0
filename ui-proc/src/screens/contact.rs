//! About one contact: its name, whether it is verified, deleting it.

use super::parts;
use crate::message::{Message, Panel};
use crate::widgets::{
    Element, Face, View, bar, beside, button, card, choices, field, heading, hint, label, labelled, note, page, slot,
};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::widget::{Column, Row, Space, column, row};
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::SlotKind;

/// The panel.
pub fn view(view: View<'_>, handle: u32) -> Element<'_> {
    let p = view.palette;
    let verified = view.state.contact(handle).is_some_and(|contact| contact.verified);
    let who = row![
        slot(SlotKind::Avatar, handle, p.surface, 40, 40),
        slot(SlotKind::ConversationTitle, handle, p.surface, Length::Fill, 28)
    ];
    let who = who.spacing(12).align_y(alignment::Vertical::Center);
    let save = button(view, Face::Secondary, words::SAVE, Message::Tell(FromUi::Rename(handle)));
    let name =
        labelled(p, words::CONTACT_NAME, beside(field(view, SlotKind::Rename, handle), save), words::CONTACT_NAME_HINT);
    let stand = if verified { note(p.ok, words::CONTACT_VERIFIED) } else { hint(p, words::CONTACT_UNVERIFIED) };
    let face = if verified { Face::Secondary } else { Face::Primary };
    let safety = column![
        label(p, words::CONTACT_SAFETY),
        stand,
        button(view, face, words::CONTACT_SHOW_SAFETY, Message::Show(Panel::Safety(handle))),
    ];
    let timer = timer(view, handle);
    let delete = column![
        label(p, words::CONTACT_DELETE_LABEL),
        hint(p, words::CONTACT_DELETE_HINT),
        button(view, Face::Danger, words::CONTACT_DELETE, Message::Show(Panel::Delete(handle))),
    ];
    let content = column![
        card(view, column![who, name].spacing(16)),
        card(view, safety.spacing(8)),
        card(view, timer),
        card(view, parts::ask(view, handle)),
        card(view, delete.spacing(8)),
    ];
    column![panel_bar(view, words::DETAILS), page(view, 560.0, content.spacing(16))].into()
}

/// How long what is written lives.
fn timer(view: View<'_>, handle: u32) -> Element<'_> {
    let p = view.palette;
    let set = view.state.timer(handle);
    let choice = |label, seconds| {
        button(view, Face::Choice(set == seconds), label, Message::Tell(FromUi::Timer { handle, seconds }))
    };
    let all = [
        (words::TIMER_OFF, 0),
        (words::TIMER_HOUR, 3_600),
        (words::TIMER_DAY, 86_400),
        (words::TIMER_WEEK, 604_800),
        (words::TIMER_MONTH, 2_419_200),
    ];
    // All beside each other, or on two lines where that is too wide.
    let rows = all.chunks(if view.slim() { 3 } else { 5 });
    let rows = rows
        .map(|row| Row::with_children(row.iter().map(|(label, seconds)| choice(*label, *seconds))).spacing(4).into());
    let choices = choices(p, Column::with_children(rows).spacing(4));
    column![label(p, words::TIMER), choices, hint(p, words::TIMER_HINT)].spacing(8).into()
}

/// The bar above a panel: its title, and the way out.
pub fn panel_bar<'a>(view: View<'_>, title: &'a str) -> Element<'a> {
    let head = row![
        heading(view.palette, title),
        Space::new().width(Length::Fill),
        button(view, Face::Secondary, words::CLOSE, Message::Close)
    ];
    bar(view, head.align_y(alignment::Vertical::Center))
}
