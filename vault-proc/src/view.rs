//! From the session and ui's slots to widgets.

use crate::clock;
use crate::host::{Host, Kid, Name};
use crate::session::Session;
use crate::slots::labels::{Avatar, Label, Side};
use crate::slots::message_list::{MessageList, Messages};
use crate::slots::results::Found;
use crate::slots::strip::Strip;
use crate::slots::{Said, alarm, codes, confirm, fields, ink, keyring, news, parts, recovery, results, stopwatch};
use crate::store::SqlStore;
use bulkhead_canvas::core::{Color, Font, Length, Rectangle, alignment, text::Shaping};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Space, container, text};
use bulkhead_canvas::{Element, geometry};
use bulkhead_ipc::pixels::{Slot, SlotKey, SlotKind};
use bulkhead_vault_core::{MessageState, MessageView, Vault};
use std::ops::RangeInclusive;

/// What an input method is composing, and where.
pub type Preedit = Option<(String, Rectangle)>;

/// One contact's messages in the store.
pub struct Conversation<'a>(pub &'a Vault<SqlStore>, pub u32);

impl Messages for Conversation<'_> {
    fn oldest(&self) -> u64 {
        self.0.oldest(self.1)
    }

    fn newest(&self) -> u64 {
        self.0.newest(self.1)
    }

    fn read(&self, range: RangeInclusive<u64>) -> Vec<MessageView> {
        self.0.messages(self.1, range).unwrap_or_default()
    }
}

/// What of the window lies below ui's frame, in logical pixels, and what the strip says of the display.
#[derive(Clone, Copy)]
pub struct Below {
    /// The sentence above the strip; without height while there is none.
    pub alarm: Rectangle,
    /// The strip.
    pub strip: Rectangle,
    /// The strip's words about the display.
    pub display: Option<&'static str>,
}

/// Everything that the vault paints.
pub fn window<'a>(session: &'a Session, slots: &[Slot], below: Below, preedit: &'a Preedit, scale: f32) -> Host<'a> {
    let mut kids: Vec<Kid<'a>> = Vec::with_capacity(slots.len() + 3);
    for slot in slots {
        let twins = kids.iter().filter(|kid| matches!(kid.name, Name::Slot(key, _) if key == slot.key)).count();
        kids.push(hosted(session, slot, u16::try_from(twins).unwrap_or(u16::MAX), preedit, scale));
    }
    if let Some((words, at)) = preedit
        && let Some(field) = kids.iter().find(|kid| kid.clip.contains(at.center())).map(|kid| kid.clip)
    {
        kids.push(composing(words, *at, field, Palette::of(session.theme)));
    }
    let palette = Palette::of(session.theme);
    let (words, live) = crate::slots::strip::words(session);
    let element = Strip { words, live, display: below.display, palette }.into();
    kids.push(Kid {
        name: Name::Strip,
        rect: below.strip,
        clip: below.strip,
        ground: palette.surface.color(),
        layer: true,
        element,
    });
    // Last, and so over whatever slot ui has not moved out of its way yet.
    if let Some(words) = session.updates.alarm(&session.zone) {
        kids.push(Kid {
            name: Name::Alarm,
            rect: below.alarm,
            clip: below.alarm,
            ground: palette.notice.color(),
            layer: true,
            element: alarm::sentence(words, session.is_open(), palette),
        });
    }
    Host { kids, focus: session.focus.filter(|key| key.kind.is_field()).map(fields::id) }
}

fn hosted<'a>(session: &'a Session, slot: &Slot, twin: u16, preedit: &Preedit, scale: f32) -> Kid<'a> {
    let (rect, clip) = (geometry::logical(slot.rect, scale), geometry::logical(slot.clip, scale));
    let composing = preedit.as_ref().is_some_and(|(_, at)| clip.contains(at.center()));
    let is_label = matches!(
        slot.key.kind,
        SlotKind::ContactName
            | SlotKind::Preview
            | SlotKind::RowTime
            | SlotKind::ConversationTitle
            | SlotKind::InviteLink
            | SlotKind::RelayUrl
    );
    Kid {
        name: Name::Slot(slot.key, twin),
        rect,
        clip,
        ground: Tone(slot.background).color(),
        layer: slot.key.kind.is_focusable() || (!is_label && clip != rect),
        element: content(session, slot.key, slot.background, rect, composing, scale)
            .unwrap_or_else(|| Space::new().into()),
    }
}

/// What a slot shows; nothing if it asks for what is not to be shown now.
fn content<'a>(
    session: &'a Session,
    key: SlotKey,
    background: u32,
    rect: Rectangle,
    composing: bool,
    scale: f32,
) -> Option<Element<'a, Said>> {
    if !session.may_show(key) {
        return None;
    }
    let palette = Palette::on(background);
    let label =
        |words, size, font: Font, tone: Tone, side| Some(Label { words, size, font, color: tone.color(), side }.into());
    let vault = session.vault();
    let contact = || session.contact(key.handle);
    match key.kind {
        SlotKind::Compose => {
            let message = &session.fields.message;
            let length = if message.is_empty() { 0 } else { message.text().trim().len() };
            let hint = if composing { String::new() } else { format!("Write to {}", contact()?.name.as_str()) };
            Some(fields::compose(key, message, hint, length, palette))
        }
        SlotKind::ConfirmErase => {
            let typed = session.fields.get(key.kind);
            Some(confirm::erase(key, typed, session.may_erase(), session.focus == Some(key), palette))
        }
        kind if kind.is_field() => Some(fields::line(key, session.fields.get(kind), composing, palette)),
        SlotKind::SearchResults => {
            let found = session
                .hits
                .iter()
                .map(|hit| Found { hit, name: session.contact(hit.contact).map_or("", |c| c.name.as_str()) });
            Some(results::list(found.collect(), session.hit, rect.height, &session.zone, clock::now(), palette))
        }
        SlotKind::Avatar => Some(Avatar { name: contact()?.name.as_str(), handle: key.handle }.into()),
        SlotKind::ContactName => label(contact()?.name.as_str(), 15.0, SEMIBOLD, palette.text, Side::Start),
        SlotKind::ConversationTitle => label(contact()?.name.as_str(), 17.0, SEMIBOLD, palette.text, Side::Start),
        SlotKind::Preview => {
            let contact = contact()?;
            match &contact.preview {
                _ if contact.lost => label("Keys lost: invite again", 13.0, REGULAR, palette.danger, Side::Start),
                _ if contact.renewing => label("Keys are being renewed", 13.0, REGULAR, palette.muted, Side::Start),
                Some(preview) if preview.state == MessageState::Timer => {
                    label(stopwatch::brief(preview.life), 13.0, REGULAR, palette.muted, Side::Start)
                }
                Some(preview) if preview.mine && preview.state != MessageState::Note => {
                    let element = container(Prefixed { words: preview.text.as_str(), palette });
                    Some(element.into())
                }
                Some(preview) => label(preview.text.as_str(), 13.0, REGULAR, palette.muted, Side::Start),
                None if contact.waiting => {
                    label("Invite sent, not answered yet", 13.0, REGULAR, palette.muted, Side::Start)
                }
                None => label("No messages yet", 13.0, REGULAR, palette.muted, Side::Start),
            }
        }
        SlotKind::RowTime => {
            let contact = contact()?;
            let at = contact.preview.as_ref().map_or(contact.added, |preview| preview.at);
            let words = session.zone.brief(at, clock::now());
            let words =
                text(words).size(12).color(palette.muted.color()).wrapping(bulkhead_canvas::core::text::Wrapping::None);
            let mut line = bulkhead_canvas::widget::Row::new().spacing(5).align_y(alignment::Vertical::Center);
            if contact.timer > 0 {
                line = line.push(stopwatch::Stopwatch(palette.muted.color()));
            }
            Some(container(line.push(words)).align_right(Length::Fill).center_y(Length::Fill).into())
        }
        SlotKind::MessageList => {
            let contact = contact()?;
            let source = Box::new(Conversation(vault?, key.handle));
            let empty = if contact.waiting {
                format!(
                    "{} has not answered yet.\nYou can write already: it will wait at the relays.",
                    contact.name.as_str()
                )
            } else {
                format!("No messages with {} yet.\nWhat you write is end-to-end encrypted.", contact.name.as_str())
            };
            Some(Element::new(MessageList {
                shelf: &session.list,
                source,
                zone: &session.zone,
                now: clock::now(),
                palette,
                empty,
            }))
        }
        SlotKind::InviteLink => {
            let link = text(vault?.invite_link()?.as_str()).size(13).color(palette.text.color());
            Some(link.wrapping(bulkhead_canvas::core::text::Wrapping::Glyph).width(Length::Fill).into())
        }
        SlotKind::InviteQr => Some(codes::Qr { bytes: vault?.invite_link()?.as_str().as_bytes().into(), scale }.into()),
        SlotKind::SafetyNumber => Some(codes::safety(&vault?.safety_number(key.handle)?.digits, rect.width, palette)),
        SlotKind::SafetyQr => Some(codes::Qr { bytes: vault?.safety_number(key.handle)?.qr.into(), scale }.into()),
        SlotKind::ConfirmDelete => {
            let focused = session.focus == Some(key);
            Some(confirm::delete(contact()?.name.as_str(), session.delete_chosen, focused, palette))
        }
        SlotKind::RecoveryCode => {
            let focused = session.focus == Some(key);
            let said = if session.is_gathered() { recovery::GATHERED } else { recovery::FRESH };
            Some(recovery::code(said, session.offered_code()?, session.ways.chosen, focused, rect.size(), palette))
        }
        SlotKind::ConfirmParts => {
            let (focused, name) =
                (session.focus == Some(key), |handle| session.contact(handle).map_or("?", |c| c.name.as_str()));
            Some(parts::question(session.parts_question()?, &name, session.parts.chosen, focused, palette))
        }
        SlotKind::AutoLock => {
            Some(recovery::auto_lock(session.auto_lock, session.focus == Some(key), rect.width, palette))
        }
        SlotKind::Keyring => Some(keyring::button(session.keyring.is_on(), session.focus == Some(key), palette)),
        SlotKind::UpdateNotice => Some(news::notice(session.updates.blocks(&session.zone, clock::now()), palette)),
        SlotKind::UpdateDetails => Some(news::details(session.updates.details(), palette)),
        SlotKind::RelayUrl => {
            let url = &vault?.relays().iter().find(|relay| u32::from(relay.id) == key.handle)?.url;
            label(url.as_str(), 14.0, REGULAR, palette.text, Side::Start)
        }
        _ => None,
    }
}

/// A preview of what one wrote oneself.
struct Prefixed<'a> {
    words: &'a str,
    palette: &'static Palette,
}

impl<'a> From<Prefixed<'a>> for Element<'a, Said> {
    fn from(Prefixed { words, palette }: Prefixed<'a>) -> Self {
        let you = text("You: ").size(13).color(palette.muted.color()).shaping(Shaping::Basic);
        let words = Label { words, size: 13.0, font: REGULAR, color: palette.muted.color(), side: Side::Start };
        bulkhead_canvas::widget::row![container(you).center_y(Length::Fill), words]
            .align_y(alignment::Vertical::Center)
            .into()
    }
}

fn composing<'a>(words: &'a str, at: Rectangle, field: Rectangle, palette: &'static Palette) -> Kid<'a> {
    let width = (ink::measure(words, 15.0, REGULAR).width + 6.0).min(field.x + field.width - at.x).max(1.0);
    let area = Rectangle { width, height: at.height.max(20.0), ..at };
    let words = text(words).size(15).color(palette.text.color());
    let element = container(words).center_y(Length::Fill).into();
    Kid {
        name: Name::Preedit,
        rect: area,
        clip: area.intersection(&field).unwrap_or(area),
        ground: Color { a: 1.0, ..palette.selected.color() },
        layer: true,
        element,
    }
}
