//! What a compromised part would want, and what it gets.

mod bare_start;
mod shipped_build;
mod ui_hears_nothing;
