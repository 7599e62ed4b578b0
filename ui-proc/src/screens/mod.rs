//! What the window shows in each state. A screen is a function from what ui knows to widgets.

mod add_contact;
mod broken;
mod contact;
mod conversation;
mod delete;
mod erase;
mod keyring;
mod list;
mod main;
mod notice;
mod parts;
mod passphrase;
mod pin;
mod safety;
mod settings;
mod setup;
mod unlock;
mod updates;

use crate::focus::Focus;
use crate::state::State;
use crate::widgets::{Element, View};
use bulkhead_canvas::palette::Palette;
use bulkhead_ipc::intent::Phase;

/// The whole frame.
pub fn view(state: &State, focus: Focus) -> Element<'_> {
    let view = View { state, focus, palette: Palette::of(state.theme) };
    match state.phase {
        Phase::Setup => setup::view(view),
        Phase::Locked if state.recovering => unlock::recover(view),
        Phase::Locked if state.asks_pin() => pin::unlock(view),
        Phase::Locked => unlock::view(view, false),
        Phase::Unlocking => unlock::view(view, true),
        Phase::Open => main::view(view),
        Phase::Broken => broken::view(view),
    }
}
