//! Whether the desktop's keyring opens the profile: a button, wholly the vault's, so that nobody presses it in a picture
//! of another.

use super::{Said, recovery};
use bulkhead_canvas::Element;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::container;

/// The button.
pub fn button<'a>(on: bool, focused: bool, palette: &'static Palette) -> Element<'a, Said> {
    let label = if on { "Ask for my passphrase again" } else { "Open without my passphrase" };
    let press = recovery::press(label, Said::Keyring, !on, focused, 14, palette);
    container(press).align_right(Length::Fill).center_y(Length::Fill).into()
}
