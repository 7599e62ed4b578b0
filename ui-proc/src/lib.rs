//! Lays out the window and decides what the user is doing. Never receives message text, names or keystrokes.
//!
//! A pure function, events in → frames out: [`app::App`] knows what the vault told and what the user is doing,
//! [`screens`] turn that into widgets, [`frames::Frames`] turns widgets into pixels and slots. `main.rs`
//! connects them to the two lines.

pub mod app;
pub mod focus;
pub mod frames;
pub mod message;
pub mod screens;
pub mod state;
pub mod widgets;
pub mod words;
