//! A conversation: title, messages, the field to write in. Or what to do when there is none.

use crate::message::{Message, Panel};
use crate::widgets::{
    Element, Face, View, bar, body, boxed, button, card, centred, fill, heading, line, note, pane, slot,
};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::palette::Tone;
use bulkhead_canvas::widget::{Column, Row, Space, column, container};
use bulkhead_ipc::intent::{Contact, FromUi};
use bulkhead_ipc::pixels::SlotKind;

/// The pane.
pub fn view(view: View<'_>) -> Element<'_> {
    match view.state.open.and_then(|handle| view.state.contact(handle)) {
        Some(contact) => conversation(view, *contact),
        None if view.state.contacts.is_empty() => first_steps(view, view.palette.ground),
        None => nothing_chosen(view),
    }
}

fn conversation(view: View<'_>, contact: Contact) -> Element<'_> {
    let p = view.palette;
    let short = view.short();
    let handle = contact.handle;
    let messages = pane(view, SlotKind::MessageList, handle, p.ground);
    let compose = boxed(view, SlotKind::Compose, handle, if short { 64.0 } else { 72.0 });
    let compose = container(compose).padding([if short { 4 } else { 12 }, 16]).style(fill(p.surface));
    let mut column = Column::new().push(bar(view, head(view, contact)));
    if contact.waiting {
        column = column.push(
            container(note(p.warn, words::WAITING_LEAD)).padding([8, 16]).width(Length::Fill).style(fill(p.notice)),
        );
    }
    if view.state.shares.asked.contains(&handle) {
        let answer = button(view, Face::Primary, words::PART_ANSWER, Message::Tell(FromUi::AnswerPart(handle)));
        let asked = Row::new().spacing(12).align_y(alignment::Vertical::Center);
        let asked = asked.push(note(p.warn, words::PART_ASKED)).push(answer);
        column = column.push(container(asked).padding([8, 16]).width(Length::Fill).style(fill(p.notice)));
    }
    let column = column.push(messages).push(line(p)).push(compose);
    container(column).width(Length::Fill).height(Length::Fill).style(fill(p.ground)).into()
}

fn head(view: View<'_>, contact: Contact) -> Element<'_> {
    let p = view.palette;
    let handle = contact.handle;
    let mut head = Row::new().spacing(12).align_y(alignment::Vertical::Center);
    if view.state.narrow() {
        head = head.push(button(view, Face::Quiet, words::BACK, Message::Back));
    } else {
        head = head.push(slot(SlotKind::Avatar, handle, p.surface, 40, 40));
    }
    head = head.push(slot(SlotKind::ConversationTitle, handle, p.surface, Length::Fill, 28));
    // What is written here disappears: always said, even where there is room for little else.
    if let Some(life) = words::timer(view.state.timer(handle)) {
        let label = if view.slim() { format!("⏱ {life}") } else { format!("{} {life}", words::DISAPPEARING) };
        head = head.push(crate::widgets::words(label, 13.0).color(p.accent));
    }
    let verify = if contact.verified { words::VERIFIED } else { words::VERIFY };
    // Below this width the name needs the room; the contact's details offer the same.
    if !view.slim() {
        head = head.push(button(view, Face::Quiet, verify, Message::Show(Panel::Safety(handle))));
    }
    head.push(button(view, Face::Secondary, words::DETAILS, Message::Show(Panel::Contact(handle)))).into()
}

/// What a new user sees first.
pub fn first_steps(view: View<'_>, ground: Tone) -> Element<'_> {
    let p = view.palette;
    let add = button(view, Face::Primary, words::TAB_INVITE, Message::Show(Panel::Invite));
    let paste = button(view, Face::Secondary, words::TAB_ACCEPT, Message::Show(Panel::Accept));
    let buttons: Element<'_> = if view.slim() {
        column![add, paste].spacing(8).into()
    } else {
        Row::new().spacing(8).push(add).push(paste).into()
    };
    let text = column![heading(p, words::EMPTY_TITLE), body(p, words::EMPTY_LEAD), buttons].spacing(16);
    centred(view, 460.0, ground, card(view, text))
}

fn nothing_chosen(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let lead = crate::widgets::words(words::CHOOSE_LEAD, 15.0).color(p.muted);
    let text = column![heading(p, words::CHOOSE_TITLE), lead, Space::new().height(4)]
        .spacing(8)
        .align_x(alignment::Horizontal::Center);
    container(text).center(Length::Fill).style(fill(p.ground)).into()
}
