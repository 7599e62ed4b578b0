//! A fresh recovery code with its buttons, and the choices of when to lock: wholly the vault's.

use super::{Said, ink};
use crate::idle::AutoLock;
use crate::session::Answer;
use bulkhead_canvas::Element;
use bulkhead_canvas::core::alignment::Horizontal;
use bulkhead_canvas::core::text::Wrapping;
use bulkhead_canvas::core::{Border, Length, Size, alignment};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Space, button, column, container, row, text};

/// Groups in a row.
const ROW: usize = 4;

/// A button; `first` is the one to press, `ring` says that Enter presses it.
pub fn press<'a>(
    label: impl text::IntoFragment<'a>,
    said: Said,
    first: bool,
    ring: bool,
    padding: u16,
    palette: &'static Palette,
) -> Element<'a, Said> {
    let words = text(label).size(14).font(SEMIBOLD).wrapping(Wrapping::None);
    button(words)
        .padding([8, padding])
        .on_press(said)
        .style(move |_, status| {
            let hovered = matches!(status, button::Status::Hovered | button::Status::Pressed);
            let (ground, words) = match (first, hovered) {
                (true, false) => (palette.accent_fill, palette.on_accent),
                (true, true) => (palette.accent_hover, palette.on_accent),
                (false, false) => (palette.surface, palette.text),
                (false, true) => (palette.hover, palette.text),
            };
            let (color, width) = if ring { (palette.text, 2.0) } else { (palette.edge, 1.0) };
            button::Style {
                background: Some(ground.into()),
                text_color: words.color(),
                border: Border { color: color.color(), width, radius: 10.0.into() },
                ..button::Style::default()
            }
        })
        .into()
}

/// What stands above and below a code.
pub type Around = (&'static str, &'static str);
/// Around a fresh one.
pub const FRESH: Around = (
    "Write down this recovery code",
    "Keep it on paper, away from this computer. It counts once you say that you wrote it down, and is not shown again.",
);
/// Around another profile's, made of the parts that contacts gave.
pub const GATHERED: Around = (
    "The recovery code of your old profile",
    "Type it where the old profile asks for its passphrase. Once you say that you wrote it down, the parts are forgotten here.",
);

/// The code, in rows of four groups that are numbered by their place, and what to do with it.
pub fn code<'a>(
    (title, words): Around,
    code: &str,
    chosen: Answer,
    focused: bool,
    room: Size,
    palette: &'static Palette,
) -> Element<'a, Said> {
    // All of it is shown or nothing: in a small window the lines stand closer.
    let close = room.height < 300.0;
    let size = (room.width / 20.0).clamp(11.0, if close { 15.0 } else { 20.0 });
    let padding = if room.width < 420.0 { 8 } else { 14 };
    let groups: Vec<&str> = code.split(' ').collect();
    let rows = groups.chunks(ROW).map(|groups| {
        let cells = (0..ROW).map(|at| {
            let group = groups.get(at).copied().unwrap_or_default().to_owned();
            let group = text(group).size(size).font(SEMIBOLD).color(palette.text.color()).wrapping(Wrapping::None);
            container(group).width(Length::FillPortion(1)).align_x(Horizontal::Center).into()
        });
        row(cells).width(Length::Fill).into()
    });
    let answer = |label, answer| {
        press(label, Said::Offer(answer), answer == Answer::Written, focused && chosen == answer, padding, palette)
    };
    let title = text(title).size(17).font(SEMIBOLD).color(palette.text.color());
    let words = text(words).size(14).color(palette.muted.color());
    let buttons = row![
        answer("Copy", Answer::Copy),
        Space::new().width(Length::Fill),
        answer("Not now", Answer::NotNow),
        answer("I wrote it down", Answer::Written)
    ]
    .spacing(6)
    .align_y(alignment::Vertical::Center);
    container(
        column![
            title,
            column(rows).spacing(if close { 4 } else { 8 }).width(Length::Fill),
            words,
            Space::new().height(Length::Fill),
            buttons
        ]
        .spacing(if close { 8 } else { 12 }),
    )
    .padding(if close { 12 } else { 16 })
    .width(Length::Fill)
    .height(Length::Fill)
    .into()
}

/// When to lock: one choice after the other, the taken one filled.
pub fn auto_lock<'a>(taken: AutoLock, focused: bool, width: f32, palette: &'static Palette) -> Element<'a, Said> {
    let padding = if width < 400.0 { 6 } else { 10 };
    let choices = AutoLock::ALL.into_iter().map(|(choice, label)| {
        press(label, Said::AutoLock(choice), choice == taken, focused && choice == taken, padding, palette)
    });
    let room: f32 = AutoLock::ALL.iter().map(|(_, label)| ink::measure(label, 14.0, SEMIBOLD).width + 28.0).sum();
    let choices: Element<'a, Said> = if room < width {
        row(choices).spacing(6).into()
    } else {
        let mut choices: Vec<Element<'a, Said>> = choices.collect();
        let second = choices.split_off(choices.len().min(3));
        column![row(choices).spacing(6), row(second).spacing(6)].spacing(6).into()
    };
    container(choices).center_y(Length::Fill).width(Length::Fill).into()
}
