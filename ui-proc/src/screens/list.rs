//! The conversation list, with the search field above it and the connection below.
//!
//! Only the rows that can be seen are built: with two thousand conversations a frame costs the same as with ten.

use crate::message::{Message, Panel};
use crate::state::Connection;
use crate::widgets::{
    Element, Face, LIST, ROW, View, badge, button, dot, field, fill, heading, hint, line, pane, rail, rail_style,
    row_button, slot, words as text,
};
use crate::words;
use bulkhead_canvas::core::text::Wrapping;
use bulkhead_canvas::core::{Length, Padding, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Column, Row, Space, column, container, row, scrollable};
use bulkhead_ipc::intent::Contact;
use bulkhead_ipc::pixels::SlotKind;

/// The pane.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let head = row![
        heading(p, words::PRODUCT),
        Space::new().width(Length::Fill),
        button(view, Face::Secondary, words::ADD_CONTACT, Message::Show(Panel::Invite))
    ]
    .align_y(alignment::Vertical::Center);
    let head = container(head).padding([0, 16]).center_y(view.bar());
    let search = container(field(view, SlotKind::Search, 0)).padding([0, 16]);
    let middle = if view.state.searching {
        results(view)
    } else if view.state.contacts.is_empty() {
        empty(view)
    } else {
        rows(view)
    };
    container(column![head, search, middle, line(p), footer(view)])
        .width(Length::Fill)
        .height(Length::Fill)
        .style(fill(p.sidebar))
        .into()
}

fn results(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let head = row![hint(p, words::SEARCH_RESULTS), button(view, Face::Quiet, words::CLOSE, Message::EndSearch)]
        .align_y(alignment::Vertical::Center);
    let results = pane(view, SlotKind::SearchResults, 0, p.sidebar);
    column![container(head).padding([4, 16]), results].height(Length::Fill).into()
}

fn empty(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    // Beside an empty list the conversation pane explains what to do; alone, the list does.
    let inside: Element<'_> = if view.state.narrow() {
        super::conversation::first_steps(view, p.sidebar)
    } else {
        container(text(words::CONVERSATIONS_NONE, 13.0).color(p.muted)).padding([16, 16]).center_x(Length::Fill).into()
    };
    container(inside).height(Length::Fill).width(Length::Fill).into()
}

fn rows(view: View<'_>) -> Element<'_> {
    let state = view.state;
    let count = state.contacts.len();
    let first = ((state.scroll / ROW) as usize).saturating_sub(1).min(count);
    let last = first.saturating_add((state.size.1 / ROW) as usize).saturating_add(3).min(count);
    let shown = state.contacts.get(first..last).unwrap_or_default();
    let room = |rows: usize| Space::new().width(Length::Fill).height(rows as f32 * ROW);
    let mut list = Column::with_capacity(shown.len() + 2).push(room(first));
    for contact in shown {
        list = list.push(entry(view, *contact));
    }
    let list = container(list.push(room(count - last))).padding([0, 8]);
    let scroll = scrollable(list)
        .id(LIST)
        .width(Length::Fill)
        .height(Length::Fill)
        .direction(rail())
        .style(rail_style(view.palette));
    container(scroll.on_scroll(|at| Message::Scrolled(at.absolute_offset().y)))
        .padding(Padding::ZERO.top(8))
        .height(Length::Fill)
        .into()
}

fn entry(view: View<'_>, contact: Contact) -> Element<'_> {
    let p = view.palette;
    let handle = contact.handle;
    let name = row![
        slot(SlotKind::ContactName, handle, p.sidebar, Length::Fill, 20),
        slot(SlotKind::RowTime, handle, p.sidebar, 64, 20),
    ]
    .spacing(8);
    let preview: Element<'_> = if contact.waiting {
        text(words::WAITING, 13.0).color(p.muted).wrapping(Wrapping::None).width(Length::Fill).into()
    } else {
        slot(SlotKind::Preview, handle, p.sidebar, Length::Fill, 20)
    };
    let mut below = Row::new().spacing(8).height(20).align_y(alignment::Vertical::Center).push(preview);
    if contact.unread > 0 {
        below = below.push(badge(p, words::unread(contact.unread)));
    }
    let texts = column![name, below].spacing(4);
    let content =
        row![slot(SlotKind::Avatar, handle, p.sidebar, 40, 40), texts].spacing(12).align_y(alignment::Vertical::Center);
    let chosen = view.state.open == Some(handle);
    row_button(view, Face::Row(chosen), content, Message::Open(handle), ROW, [10, 12])
}

fn footer(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let connection = view.state.connection();
    let state = row![dot(connection_tone(p, connection)), hint(p, words::connection(connection))]
        .spacing(8)
        .align_y(alignment::Vertical::Center);
    let content = row![state, button(view, Face::Quiet, words::SETTINGS, Message::Show(Panel::Settings))]
        .spacing(8)
        .align_y(alignment::Vertical::Center);
    // The quiet button brings its own padding.
    container(content).padding(Padding::ZERO.left(16).right(4)).center_y(48).into()
}

fn connection_tone(p: &Palette, connection: Connection) -> Tone {
    match connection {
        Connection::Online { .. } => p.ok,
        Connection::Connecting => p.warn,
        Connection::Offline(_) | Connection::None => p.danger,
    }
}
