//! A contact's safety number, to be compared with theirs.

use super::add_contact::QR;
use super::contact::panel_bar;
use crate::message::Message;
use crate::widgets::{Element, Face, View, body, button, card, hint, note, page, slot};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::widget::{Column, column, container, row};
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::SlotKind;

/// The panel.
pub fn view(view: View<'_>, handle: u32) -> Element<'_> {
    let p = view.palette;
    let verified = view.state.contact(handle).is_some_and(|contact| contact.verified);
    let code = slot(SlotKind::SafetyQr, handle, p.surface, QR, QR);
    let digits = slot(SlotKind::SafetyNumber, handle, p.surface, 240, 120);
    let roomy = view.state.size.0 >= 960.0 || (view.state.narrow() && view.state.size.0 >= 600.0);
    let number: Element<'_> = if roomy {
        container(row![code, digits].spacing(24).align_y(alignment::Vertical::Center)).center_x(Length::Fill).into()
    } else {
        container(column![code, digits].spacing(16).align_x(alignment::Horizontal::Center))
            .center_x(Length::Fill)
            .into()
    };
    let told = Message::Tell(FromUi::Verified { handle, verified: !verified });
    let mut content = Column::new().spacing(16).push(body(p, words::SAFETY_LEAD)).push(number);
    content = if verified {
        content.push(note(p.ok, words::CONTACT_VERIFIED)).push(button(view, Face::Secondary, words::SAFETY_UNDO, told))
    } else {
        content.push(button(view, Face::Primary, words::SAFETY_MATCHES, told)).push(hint(p, words::SAFETY_DIFFERS))
    };
    let who = slot(SlotKind::ConversationTitle, handle, p.surface, Length::Fill, 28);
    let content = card(view, column![who, content].spacing(12));
    column![panel_bar(view, words::SAFETY_TITLE), page(view, 560.0, content)].into()
}
