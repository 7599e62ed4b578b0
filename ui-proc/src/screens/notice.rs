//! One sentence that the vault wants read, with what to do about it.

use crate::message::Message;
use crate::widgets::{Element, Face, View, body, button, dot, fill, line, note};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Row, column, container, row};
use bulkhead_ipc::intent::{FromUi, Notice};

fn tone(p: &Palette, notice: Notice) -> Tone {
    match notice {
        Notice::Copied | Notice::PassphraseChanged | Notice::RecoverySet | Notice::RecoveryCopied => p.ok,
        Notice::BackedUp | Notice::MoveDone | Notice::Restored => p.ok,
        Notice::PinSet | Notice::PinRemoved => p.ok,
        Notice::KeyringOn | Notice::KeyringOff => p.ok,
        Notice::KeyringNotKept => p.warn,
        Notice::PartsSent | Notice::PartsWithdrawn | Notice::PartsComplete => p.ok,
        Notice::Saved | Notice::RestoreWaits | Notice::BackupWaits => p.warn,
        Notice::NetRestarted | Notice::UiRestarted | Notice::LockedByItself => p.warn,
        _ => p.danger,
    }
}

/// What the notice's button says, if something can be done by pressing one.
fn remedy(notice: Notice) -> Option<&'static str> {
    match notice {
        Notice::Refused | Notice::StoreNotWritable => Some(words::TRY_AGAIN),
        Notice::LastRelay | Notice::TooManyRelays => Some(words::TO_RELAYS),
        Notice::StoreDamaged => Some(words::LOCK),
        Notice::KeysLost => Some(words::ADD_CONTACT),
        Notice::PartsComplete => Some(words::PARTS_SHOW),
        Notice::PartsSent | Notice::PartGivenAway => Some(words::PARTS_MANAGE),
        _ => None,
    }
}

/// The bar above everything.
pub fn bar(view: View<'_>, notice: Notice) -> Element<'_> {
    let mut buttons = Row::new().spacing(4);
    if let Some(label) = remedy(notice) {
        buttons = buttons.push(button(view, Face::Quiet, label, Message::FollowNotice));
    }
    buttons = buttons.push(button(view, Face::Quiet, words::DISMISS, Message::Tell(FromUi::Dismiss)));
    strip(view, tone(view.palette, notice), words::notice(notice), buttons)
}

/// A bar with a sentence, and what can be done about it.
pub fn strip<'a>(
    view: View<'a>,
    tone: Tone,
    words: &'static str,
    buttons: Row<'a, Message, bulkhead_canvas::Theme, bulkhead_canvas::Renderer>,
) -> Element<'a> {
    let p = view.palette;
    let sentence = row![dot(tone), body(p, words)].spacing(12).align_y(alignment::Vertical::Center);
    let content: Element<'_> = if view.state.narrow() {
        column![sentence, container(buttons).align_right(Length::Fill)].spacing(4).into()
    } else {
        row![sentence, buttons].spacing(16).align_y(alignment::Vertical::Center).into()
    };
    let bar = container(content).padding([8, 16]).width(Length::Fill).style(fill(p.notice));
    column![bar, line(p)].into()
}

/// Beside the field that it is about.
pub fn inline(view: View<'_>, notice: Notice) -> Element<'_> {
    let p = view.palette;
    note(tone(p, notice), words::notice(notice)).into()
}
