//! Recovery with the help of contacts: who keeps parts, who is to keep them, and the vault's own questions about it.

use super::contact::panel_bar;
use crate::message::{Message, Panel};
use crate::widgets::{
    Element, Face, View, button, card, centred, choices, dot, field, hint, label, line, note, page, slot,
};
use crate::words;
use bulkhead_canvas::Theme;
use bulkhead_canvas::core::{Border, Length, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Column, Row, column, container, row};
use bulkhead_ipc::intent::{FromUi, GivenPart, PartState};
use bulkhead_ipc::pixels::SlotKind;

/// In the settings: how it stands, and the way to more.
pub fn summary(view: View<'_>) -> Column<'_, Message, Theme, bulkhead_canvas::Renderer> {
    let p = view.palette;
    let shares = &view.state.shares;
    let out = shares.parts.iter().filter(|part| part.state != PartState::Withdrawn).count();
    let stand = if out > 0 { hint(p, words::needed(shares.needed, out)) } else { hint(p, words::PARTS_NONE) };
    let open = if out > 0 { words::PARTS_MANAGE } else { words::PARTS_OPEN };
    let mut list = column![
        label(p, words::PARTS),
        hint(p, words::PARTS_LEAD),
        stand,
        button(view, Face::Secondary, open, Message::Show(Panel::Parts))
    ]
    .spacing(8);
    if let Some(gathered) = shares.gathered {
        list = list.push(if gathered.complete {
            Element::from(button(view, Face::Primary, words::PARTS_SHOW, Message::Tell(FromUi::ShowParts)))
        } else {
            note(p.warn, words::gathered(gathered.have, gathered.needed)).into()
        });
    }
    list
}

/// The panel: who keeps parts, and who is to.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let parts = &view.state.shares.parts;
    let mut content = Column::new().spacing(16);
    if !parts.is_empty() {
        content = content.push(card(view, kept(view, parts)));
    }
    content = content.push(card(view, choose(view)));
    let enough = view.state.shares.picked.len() >= 2;
    let give = button(view, Face::Primary, words::PARTS_GIVE, enough.then_some(Message::Tell(FromUi::GiveParts)));
    let mut buttons = Row::new().spacing(8);
    if parts.iter().any(|part| part.state != PartState::Withdrawn) {
        let withdraw = button(view, Face::Danger, words::PARTS_WITHDRAW, Message::Tell(FromUi::WithdrawParts));
        buttons = buttons.push(withdraw);
    }
    let decide = column![
        label(p, words::CURRENT_PASSPHRASE),
        field(view, SlotKind::CurrentPassphrase, 0),
        hint(p, words::PARTS_NEW),
        container(buttons.push(give)).align_right(Length::Fill)
    ];
    content = content.push(card(view, decide.spacing(8)));
    column![panel_bar(view, words::PARTS), page(view, 560.0, content)].into()
}

fn kept<'a>(view: View<'a>, parts: &'a [GivenPart]) -> Element<'a> {
    let p = view.palette;
    let out = parts.iter().filter(|part| part.state != PartState::Withdrawn).count();
    let mut list = Column::new().spacing(10).push(label(p, words::PARTS_WHO));
    if out > 0 {
        list = list.push(hint(p, words::needed(view.state.shares.needed, out)));
    }
    for part in parts {
        let state = row![dot(tone(p, part.state)), hint(p, words::part(part.state))];
        let state = state.spacing(8).align_y(alignment::Vertical::Center).width(Length::FillPortion(1));
        list = list.push(line(p)).push(person(view, part.handle, state));
    }
    list.into()
}

fn tone(p: &Palette, state: PartState) -> Tone {
    match state {
        PartState::Kept => p.ok,
        PartState::Sent | PartState::Withdrawn => p.warn,
        PartState::Failed | PartState::GivenAway => p.danger,
    }
}

fn person<'a>(view: View<'a>, handle: u32, beside: impl Into<Element<'a>>) -> Element<'a> {
    let p = view.palette;
    let name = slot(SlotKind::ContactName, handle, p.surface, Length::FillPortion(1), 24);
    row![slot(SlotKind::Avatar, handle, p.surface, 32, 32), name, beside.into()]
        .spacing(12)
        .align_y(alignment::Vertical::Center)
        .into()
}

fn choose(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let picked = &view.state.shares.picked;
    let able = || view.state.contacts.iter().filter(|contact| !contact.waiting);
    let mut list = Column::new().spacing(10).push(label(p, words::PARTS_CHOOSE));
    if able().count() < 2 {
        list = list.push(note(p.warn, words::PARTS_NOBODY));
    }
    for contact in able() {
        let taken = picked.contains(&contact.handle);
        let words = if taken { words::PARTS_PICKED } else { words::PARTS_PICK };
        let pick = button(view, Face::Choice(taken), words, Message::Tell(FromUi::PickKeeper(contact.handle)));
        list = list.push(line(p)).push(person(view, contact.handle, pick));
    }
    if picked.len() >= 2 {
        let mut numbers = Row::new().spacing(4);
        for number in 2..=u8::try_from(picked.len()).unwrap_or(u8::MAX) {
            let face = Face::Choice(view.state.shares.needed == number);
            numbers = numbers.push(button(view, face, digits(number), Message::Tell(FromUi::NeedParts(number))));
        }
        list = list.push(line(p)).push(label(p, words::PARTS_NEEDED)).push(choices(p, numbers));
    }
    list.into()
}

const fn digits(number: u8) -> &'static str {
    match number {
        2 => "2",
        3 => "3",
        4 => "4",
        5 => "5",
        6 => "6",
        7 => "7",
        8 => "8",
        9 => "9",
        _ => "10",
    }
}

/// In a contact's details: asking for a part.
pub fn ask(view: View<'_>, handle: u32) -> Element<'_> {
    let p = view.palette;
    let asks = view.state.shares.asking.contains(&handle);
    let stand = if asks { note(p.warn, words::PART_ASKING) } else { hint(p, words::PART_ASK_HINT) };
    let ask = button(view, Face::Secondary, words::PART_ASK, Message::Tell(FromUi::AskPart(handle)));
    column![label(p, words::PART_ASK_LABEL), stand, ask].spacing(8).into()
}

/// The vault asks: question and answers are its own.
pub fn question(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let ask = slot(SlotKind::ConfirmParts, 0, p.surface, Length::Fill, 260);
    // The vault's own margin is inside; this keeps the card's round corners out from under the slot.
    let look = move |_: &Theme| container::Style {
        background: Some(p.surface.into()),
        border: Border { color: p.border.color(), width: 1.0, radius: 12.0.into() },
        ..container::Style::default()
    };
    let ask = container(ask).padding(4).style(look);
    column![panel_bar(view, words::QUESTION_TITLE), centred(view, 520.0, p.ground, ask)].into()
}
