//! What the search found: as many rows as fit, moved so that the chosen one is visible.

use super::Said;
use super::labels::{Avatar, Label, Side};
use crate::clock::Zone;
use bulkhead_canvas::Element;
use bulkhead_canvas::core::{Border, Length, alignment};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{button, column, container, row, text};
use bulkhead_vault_core::{Hit, Time};

/// Height of a row in logical pixels, with the distance to the next.
const ROW: f32 = 62.0;

/// One result with the name of its contact.
pub struct Found<'a> {
    /// The result.
    pub hit: &'a Hit,
    /// The contact's name.
    pub name: &'a str,
}

/// The list, in a slot of this height.
pub fn list<'a>(
    found: Vec<Found<'a>>,
    chosen: usize,
    height: f32,
    zone: &Zone,
    now: Time,
    palette: &'static Palette,
) -> Element<'a, Said> {
    if found.is_empty() {
        return container(text("Nothing found").size(14).color(palette.muted.color()))
            .center_x(Length::Fill)
            .padding([24, 0])
            .into();
    }
    let fit = ((height / ROW).floor().max(1.0)) as usize;
    let first = chosen.saturating_sub(fit.saturating_sub(1));
    let rows = found.into_iter().enumerate().skip(first).take(fit + 1).map(|(index, Found { hit, name })| {
        let when = zone.brief(hit.at, now);
        let head = row![
            container(Label {
                words: name,
                size: 15.0,
                font: SEMIBOLD,
                color: palette.text.color(),
                side: Side::Start
            })
            .height(20),
            text(when).size(12).color(palette.muted.color()),
        ]
        .spacing(8)
        .align_y(alignment::Vertical::Center);
        let snippet = container(Label {
            words: hit.snippet.as_str(),
            size: 13.0,
            font: REGULAR,
            color: palette.muted.color(),
            side: Side::Start,
        })
        .height(18);
        let picture = container(Avatar { name, handle: hit.contact }).width(38).height(38);
        let line = row![picture, column![head, snippet].spacing(2)].spacing(10).align_y(alignment::Vertical::Center);
        button(line)
            .width(Length::Fill)
            .height(ROW - 2.0)
            .padding([8, 10])
            .on_press(Said::Hit(index))
            .style(move |_, status| {
                let ground = match status {
                    _ if index == chosen => Some(palette.selected.into()),
                    button::Status::Hovered | button::Status::Pressed => Some(palette.hover.into()),
                    _ => None,
                };
                button::Style {
                    background: ground,
                    border: Border { radius: 10.0.into(), ..Border::default() },
                    ..button::Style::default()
                }
            })
            .into()
    });
    column(rows).spacing(2).width(Length::Fill).into()
}
