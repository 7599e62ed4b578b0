//! Words, grounds and lines.

use super::{Element, PAGE, View};
use crate::message::Message;
use bulkhead_canvas::core::text::Shaping;
use bulkhead_canvas::core::{Background, Border, Length, Shadow, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{self, Space, column, container, row, scrollable, text};
use bulkhead_canvas::{Renderer, Theme, fonts};
use bulkhead_ipc::update::WHOLE;

type Text<'a> = widget::Text<'a, Theme, Renderer>;
type Container<'a> = widget::Container<'a, Message, Theme, Renderer>;

/// Words at a size, shaped with kerning.
pub fn words<'a>(s: impl text::IntoFragment<'a>, size: f32) -> Text<'a> {
    text(s).size(size).shaping(Shaping::Advanced)
}

/// A screen's title.
pub fn title<'a>(p: &Palette, s: &'a str) -> Text<'a> {
    words(s, 22.0).font(fonts::SEMIBOLD).color(p.text)
}

/// A bar's or section's title.
pub fn heading<'a>(p: &Palette, s: &'a str) -> Text<'a> {
    words(s, 17.0).font(fonts::SEMIBOLD).color(p.text)
}

/// What stands above a field.
pub fn label<'a>(p: &Palette, s: &'a str) -> Text<'a> {
    words(s, 13.0).font(fonts::SEMIBOLD).color(p.text)
}

/// Running text.
pub fn body<'a>(p: &Palette, s: impl text::IntoFragment<'a>) -> Text<'a> {
    words(s, 15.0).color(p.text).width(Length::Fill)
}

/// Running text, second in rank.
pub fn hint<'a>(p: &Palette, s: impl text::IntoFragment<'a>) -> Text<'a> {
    words(s, 13.0).color(p.muted).width(Length::Fill)
}

/// A hint in a colour with a meaning.
pub fn note<'a>(tone: Tone, s: impl text::IntoFragment<'a>) -> Text<'a> {
    words(s, 13.0).color(tone).width(Length::Fill)
}

/// The style of a plain ground.
pub fn fill(tone: Tone) -> impl Fn(&Theme) -> container::Style {
    move |_| container::Style { background: Some(tone.into()), ..container::Style::default() }
}

/// A hairline across.
pub fn line<'a>(p: &Palette) -> Container<'a> {
    container(Space::new()).width(Length::Fill).height(1).style(fill(p.border))
}

/// A small disc that says how something stands.
pub fn dot<'a>(tone: Tone) -> Container<'a> {
    container(Space::new()).width(8).height(8).style(move |_| round(tone.into(), 4.0))
}

/// How much of something is there, of [`WHOLE`].
pub fn progress<'a>(p: &'static Palette, done: u16) -> Element<'a> {
    let bar = widget::progress_bar(0.0..=f32::from(WHOLE), f32::from(done)).girth(8).style(move |_: &Theme| {
        widget::progress_bar::Style {
            background: p.pressed.into(),
            bar: p.accent_fill.into(),
            border: Border { radius: 4.0.into(), ..Border::default() },
        }
    });
    bar.into()
}

/// A count of unread messages.
pub fn badge<'a>(p: &Palette, count: String) -> Container<'a> {
    let fill = p.accent_fill;
    let count = words(count, 12.0).font(fonts::SEMIBOLD).color(p.on_accent);
    container(count).height(20).padding([0, 7]).center_y(20).style(move |_| round(fill.into(), 10.0))
}

fn round(background: Background, radius: f32) -> container::Style {
    container::Style {
        background: Some(background),
        border: Border { radius: radius.into(), ..Border::default() },
        ..container::Style::default()
    }
}

/// A bar across the top of a pane.
pub fn bar<'a>(view: View<'_>, content: impl Into<Element<'a>>) -> Element<'a> {
    let p = view.palette;
    let bar = container(content).padding([0, 16]).center_y(view.bar()).width(Length::Fill).style(fill(p.surface));
    column![bar, line(p)].into()
}

/// A card on a page.
pub fn card<'a>(view: View<'_>, content: impl Into<Element<'a>>) -> Element<'a> {
    let p = view.palette;
    let style = move |_: &Theme| container::Style {
        background: Some(p.surface.into()),
        border: Border { color: p.border.color(), width: 1.0, radius: 12.0.into() },
        shadow: Shadow::default(),
        ..container::Style::default()
    };
    container(content).padding(if view.slim() { 16 } else { 20 }).width(Length::Fill).style(style).into()
}

/// A page that scrolls, with its content in a column of bounded width.
pub fn page<'a>(view: View<'_>, width: f32, content: impl Into<Element<'a>>) -> Element<'a> {
    let side = if view.slim() { 12 } else { 24 };
    let column = container(content).max_width(width).width(Length::Fill);
    let page = container(column).padding([20, side]).width(Length::Fill).align_x(alignment::Horizontal::Center);
    let ground = view.palette.ground;
    let scroll = scrollable(page)
        .id(PAGE)
        .width(Length::Fill)
        .height(Length::Fill)
        .direction(rail())
        .style(rail_style(view.palette));
    container(scroll).width(Length::Fill).height(Length::Fill).style(fill(ground)).into()
}

/// Content in the middle of a pane; a page that scrolls if it does not fit.
pub fn centred<'a>(view: View<'_>, width: f32, ground: Tone, content: impl Into<Element<'a>>) -> Element<'a> {
    let side = if view.slim() { 12 } else { 24 };
    let column = container(content).max_width(width).width(Length::Fill);
    let column = container(column).padding([16, side]).width(Length::Fill).align_x(alignment::Horizontal::Center);
    let scroll = scrollable(column).id(PAGE).width(Length::Fill).direction(rail()).style(rail_style(view.palette));
    container(scroll).center_y(Length::Fill).width(Length::Fill).style(fill(ground)).into()
}

/// The scroll bar: thin, and within the padding beside the content, so that no slot hides it.
pub fn rail() -> scrollable::Direction {
    scrollable::Direction::Vertical(scrollable::Scrollbar::new().width(6).scroller_width(6).margin(1))
}

/// The scroll bar's colours: seen while the pointer is over the list.
pub fn rail_style(p: &'static Palette) -> impl Fn(&Theme, scrollable::Status) -> scrollable::Style {
    move |theme, status| {
        let shown = match status {
            scrollable::Status::Active { .. } => p.border,
            scrollable::Status::Hovered { .. } => p.edge,
            scrollable::Status::Dragged { .. } => p.muted,
        };
        let mut style = scrollable::default(theme, status);
        style.container = container::Style::default();
        style.vertical_rail.background = None;
        style.vertical_rail.scroller = scrollable::Scroller {
            background: shown.into(),
            border: Border { radius: 3.0.into(), ..Border::default() },
        };
        style
    }
}

/// A few choices, of which one is taken.
pub fn choices<'a>(p: &'static Palette, choices: impl Into<Element<'a>>) -> Container<'a> {
    container(choices).padding(4).style(move |_| round(p.pressed.into(), 12.0))
}

/// A label, a field and a hint, one below the other.
pub fn labelled<'a>(p: &Palette, name: &'a str, field: impl Into<Element<'a>>, below: &'a str) -> Element<'a> {
    column![label(p, name), field.into(), hint(p, below)].spacing(8).into()
}

/// A field and its button, side by side.
pub fn beside<'a>(field: impl Into<Element<'a>>, button: impl Into<Element<'a>>) -> Element<'a> {
    row![field.into(), button.into()].spacing(8).align_y(alignment::Vertical::Center).into()
}
