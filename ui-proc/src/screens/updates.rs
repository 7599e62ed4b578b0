//! Updates: how it stands, the one thing that can be done about it, and for auditors what stands behind it.
//!
//! What there is to say in sentences, with times and with what a release changes, the vault paints in slots that scroll.

use super::contact::panel_bar;
use crate::message::{Message, Panel};
use crate::widgets::{
    Element, Face, View, bar, body, button, card, dot, fill, heading, hint, label, line, pane, progress,
};
use crate::words;
use bulkhead_canvas::Theme;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Column, Row, Space, column, container, row};
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_ipc::update::Kind;

/// In the settings: how it stands, and the way to more.
pub fn summary(view: View<'_>) -> Column<'_, Message, Theme, bulkhead_canvas::Renderer> {
    let p = view.palette;
    let update = view.state.update;
    let stand = row![dot(tone(p, update.kind)), body(p, words::update(update.kind))];
    let face = if update.kind == Kind::Ready { Face::Primary } else { Face::Secondary };
    let mut list = Column::new()
        .spacing(8)
        .push(label(p, words::UPDATES))
        .push(hint(p, words::UPDATES_LEAD))
        .push(stand.spacing(12).align_y(alignment::Vertical::Center));
    if update.kind == Kind::Fetching {
        list = list.push(progress(p, update.done));
    }
    list.push(button(view, face, words::UPDATES_OPEN, Message::Show(Panel::Updates)))
}

/// The panel.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let update = view.state.update;
    let stand = row![dot(tone(p, update.kind)), heading(p, words::update(update.kind)).width(Length::Fill)];
    let mut content = Column::new().spacing(12).push(stand.spacing(12).align_y(alignment::Vertical::Center));
    if update.kind == Kind::Fetching {
        content = content.push(progress(p, update.done));
    }
    content = content.push(pane(view, SlotKind::UpdateNotice, 0, p.surface));
    let more = button(view, Face::Quiet, words::UPDATE_DETAILS, Message::Show(Panel::UpdateDetails));
    let mut buttons = Row::new().spacing(8).push(more).push(Space::new().width(Length::Fill));
    if let (Some(wish), Some(words)) = (update.kind.wish(), words::update_wish(update.kind)) {
        let face = if matches!(update.kind, Kind::Ready | Kind::Forked) { Face::Primary } else { Face::Secondary };
        buttons = buttons.push(button(view, face, words, Message::Tell(FromUi::Wish(wish))));
    }
    let content = content.push(line(p)).push(buttons.align_y(alignment::Vertical::Center));
    // What is ready has much to say; else the button stays near the words.
    let most = if update.kind == Kind::Ready { f32::INFINITY } else { 360.0 };
    framed(view, panel_bar(view, words::UPDATES), content.height(Length::Fill).into(), most)
}

/// The panel of auditors.
pub fn details(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let head = row![
        heading(p, words::UPDATE_DETAILS),
        Space::new().width(Length::Fill),
        button(view, Face::Secondary, words::BACK, Message::Show(Panel::Updates))
    ];
    let head = bar(view, head.align_y(alignment::Vertical::Center));
    let lead = (!view.short()).then(|| hint(p, words::UPDATE_DETAILS_LEAD));
    let content = Column::new().spacing(8).push(lead).push(pane(view, SlotKind::UpdateDetails, 0, p.surface));
    framed(view, head, content.height(Length::Fill).into(), f32::INFINITY)
}

/// A card that is as high as the pane, or as this: what is long scrolls inside its slot.
fn framed<'a>(view: View<'a>, head: Element<'a>, content: Element<'a>, most: f32) -> Element<'a> {
    let around: u16 = if view.slim() || view.short() { 8 } else { 20 };
    let card = container(card(view, content)).max_width(640).max_height(most).height(Length::Fill);
    let page = container(card).padding(around).center_x(Length::Fill).height(Length::Fill);
    container(column![head, page]).width(Length::Fill).height(Length::Fill).style(fill(view.palette.ground)).into()
}

/// Above everything, once: a release is ready.
pub fn ready(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let look = button(view, Face::Quiet, words::UPDATE_LOOK, Message::Show(Panel::Updates));
    let later = button(view, Face::Quiet, words::UPDATE_LATER, Message::UpdateLater);
    let buttons = Row::new().spacing(4).push(look).push(later);
    super::notice::strip(view, p.accent, words::UPDATE_READY, buttons)
}

fn tone(p: &Palette, kind: Kind) -> Tone {
    match kind {
        Kind::Off => p.edge,
        Kind::UpToDate => p.ok,
        Kind::Ready | Kind::Checking | Kind::Fetching | Kind::Trying => p.accent,
        Kind::Waiting | Kind::Refused | Kind::NeedsMore | Kind::Unreachable => p.warn,
        Kind::Frozen | Kind::Forked | Kind::Revoked | Kind::Expired | Kind::RolledBack => p.danger,
    }
}
