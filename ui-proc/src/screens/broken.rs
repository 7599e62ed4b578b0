//! The store cannot be used.

use crate::widgets::{Element, View, body, card, centred, hint, title};
use crate::words;
use bulkhead_canvas::widget::column;

/// The screen.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let why = view.state.notice.map_or(words::BROKEN_UNKNOWN, words::notice);
    let text = column![title(p, words::BROKEN_TITLE), body(p, why), hint(p, words::BROKEN_LEAD)].spacing(12);
    centred(view, 440.0, view.palette.ground, card(view, text))
}
