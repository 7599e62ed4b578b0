//! Remembers light or dark in the profile's folder.
//!
//! Outside the store, because the lock screen is painted before the store can be opened. It tells nothing
//! about the user but this.

use bulkhead_ipc::pixels::Theme;
use std::path::Path;

const FILE: &str = "appearance";

/// What was chosen; `None` if nothing was.
pub fn load(folder: &Path) -> Option<Theme> {
    match std::fs::read(folder.join(FILE)).ok()?.as_slice() {
        b"light\n" => Some(Theme::Light),
        b"dark\n" => Some(Theme::Dark),
        _ => None,
    }
}

/// Remembers a choice. A disk that does not take it forgets a colour and nothing else.
pub fn save(folder: &Path, theme: Theme) {
    let word = match theme {
        Theme::Light => "light\n",
        Theme::Dark => "dark\n",
    };
    let _ = std::fs::write(folder.join(FILE), word);
}
