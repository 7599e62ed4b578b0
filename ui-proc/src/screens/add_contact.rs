//! Adding somebody: show one's own invite, or use theirs.

use super::contact::panel_bar;
use crate::message::{Message, Panel};
use crate::widgets::{Element, Face, View, body, button, card, choices, field, hint, label, note, page, slot};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::widget::{Column, column, container, row};
use bulkhead_ipc::intent::{Accept, FromUi, Invite};
use bulkhead_ipc::pixels::SlotKind;

/// Edge of a QR code.
pub const QR: f32 = 232.0;

/// The panel, with one of its two sides.
pub fn view(view: View<'_>, side: Panel) -> Element<'_> {
    let choice = |label, panel| button(view, Face::Choice(side == panel), label, Message::Show(panel));
    let sides = choices(
        view.palette,
        row![choice(words::TAB_INVITE, Panel::Invite), choice(words::TAB_ACCEPT, Panel::Accept)].spacing(4),
    );
    let content = if side == Panel::Invite { invite(view) } else { accept(view) };
    let content = column![container(sides).center_x(Length::Fill), card(view, content)].spacing(16);
    column![panel_bar(view, words::ADD_CONTACT), page(view, 560.0, content)].into()
}

fn invite(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let new = || button(view, Face::Secondary, words::INVITE_NEW, Message::Tell(FromUi::Invite));
    match view.state.invite {
        Invite::None => hint(p, words::INVITE_NONE).into(),
        Invite::Used { handle } => {
            let open = button(view, Face::Primary, words::OPEN_CONVERSATION, Message::GoTo(handle));
            let name = slot(SlotKind::ConversationTitle, handle, p.surface, Length::Fill, 28);
            column![body(p, words::INVITE_USED), name, row![open, new()].spacing(8)].spacing(16).into()
        }
        stand @ (Invite::Publishing | Invite::Ready) => {
            let ready = stand == Invite::Ready;
            let state = if ready { note(p.ok, words::INVITE_ONCE) } else { note(p.warn, words::INVITE_PUBLISHING) };
            let code = container(slot(SlotKind::InviteQr, 0, p.surface, QR, QR)).center_x(Length::Fill);
            let link = slot(SlotKind::InviteLink, 0, p.surface, Length::Fill, if view.slim() { 112 } else { 76 });
            let copy =
                button(view, Face::Primary, words::INVITE_COPY, ready.then_some(Message::Tell(FromUi::CopyInvite)));
            let buttons = row![copy, new()].spacing(8);
            column![body(p, words::INVITE_LEAD), code, link, state, buttons].spacing(16).into()
        }
    }
}

fn accept(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let stand = view.state.accept;
    let tone = match stand {
        Accept::Idle | Accept::Fetching => p.muted,
        Accept::Done { .. } => p.ok,
        _ => p.danger,
    };
    let add = match stand {
        Accept::Done { handle } => button(view, Face::Primary, words::OPEN_CONVERSATION, Message::GoTo(handle)),
        Accept::Fetching => button(view, Face::Primary, words::ACCEPT_ADD, None),
        _ => button(view, Face::Primary, words::ACCEPT_ADD, Message::Tell(FromUi::Accept)),
    };
    let asked = column![label(p, words::ACCEPT_LABEL), field(view, SlotKind::PasteInvite, 0)].spacing(4);
    let form = Column::new().spacing(16).push(body(p, words::ACCEPT_LEAD)).push(asked);
    let form = form.push(words::accept(stand).map(|sentence| note(tone, sentence)));
    form.push(container(add).align_x(alignment::Horizontal::Right).width(Length::Fill)).into()
}
