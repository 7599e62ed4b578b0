//! The faces that text is set in, all of them in the binary.
//!
//! Nothing is looked up on the machine: the window looks the same everywhere, ui needs no file, and a font
//! file that somebody else installed cannot attack the shaper. Licences lie beside the files in `fonts/`.

use iced_core::Font;
use iced_core::font::Weight;
use iced_graphics::text::cosmic_text::{self, fontdb};
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// Latin, Cyrillic and Greek at normal weight.
pub const REGULAR: Font = Font::with_name("Inter");
/// The same for titles and names.
pub const SEMIBOLD: Font = Font { weight: Weight::Semibold, ..REGULAR };

const TEXT: [&[u8]; 2] = [include_bytes!("../fonts/Inter-Regular.otf"), include_bytes!("../fonts/Inter-SemiBold.otf")];

#[cfg(feature = "all-scripts")]
const SCRIPTS: [&[u8]; 5] = [
    include_bytes!("../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Bold.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Bold.ttf"),
    include_bytes!("../fonts/NotoColorEmoji.ttf"),
];
#[cfg(not(feature = "all-scripts"))]
const SCRIPTS: [&[u8]; 0] = [];

/// Why a font file was not added.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or holds no font.
    #[error("no font could be read from this file: install it again or do without its script")]
    Unreadable,
}

/// Replaces iced's font system by one that knows the embedded faces only. Call it before the first surface.
///
/// `locale` (for example `ja-JP`) decides between the forms of Han characters, if such a font is added.
pub fn install(locale: &str) {
    let mut faces = fontdb::Database::new();
    for &face in TEXT.iter().chain(&SCRIPTS) {
        faces.load_font_source(fontdb::Source::Binary(Arc::new(face)));
    }
    faces.set_sans_serif_family("Inter");
    let system = cosmic_text::FontSystem::new_with_locale_and_db(locale.to_owned(), faces);
    let mut shared = iced_graphics::text::font_system().write().unwrap_or_else(PoisonError::into_inner);
    *shared.raw() = system;
}

/// Adds a font file from the machine: the way to Chinese, Japanese and Korean, whose fonts are too large to
/// embed. The file is mapped, not read. Text shaped before is shaped anew at its next layout.
pub fn add_file(path: &Path) -> Result<(), Error> {
    let mut shared = iced_graphics::text::font_system().write().unwrap_or_else(PoisonError::into_inner);
    let faces = shared.raw().db_mut();
    let before = faces.len();
    faces.load_font_file(path).map_err(|_| Error::Unreadable)?;
    if faces.len() == before {
        return Err(Error::Unreadable);
    }
    // An empty font adds nothing, but tells iced that what it has laid out is out of date.
    shared.load_font(Vec::new().into());
    Ok(())
}
