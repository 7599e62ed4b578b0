//! Drives iced without a display: widgets in, pixels in memory out.
//!
//! Both processes that paint (ui the chrome, the vault the slots) use this, so that text, colours and
//! geometry agree to the pixel. It holds no words and no keys, opens no display and no file of its own accord.

pub mod fonts;
pub mod geometry;
pub mod palette;
mod surface;

pub use bulkhead_ipc::pixels::Rect;
pub use iced_core as core;
pub use iced_graphics as graphics;
pub use iced_runtime as runtime;
pub use iced_widget as widget;

pub use iced_core::Theme;
pub use iced_tiny_skia::Renderer;
pub use surface::{MAX_DAMAGE, Recorded, Surface};

/// A widget tree that [`Surface`] can drive.
pub type Element<'a, Message> = iced_core::Element<'a, Message, Theme, Renderer>;
