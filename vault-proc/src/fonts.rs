//! Which fonts the window is set in, beyond those in the binary.
//!
//! Chinese, Japanese and Korean are too large to embed: if the desktop has a font for them, it is mapped
//! before the sandbox narrows.

use bulkhead_canvas::fonts;
use std::path::Path;

/// Where distributions keep a font with all Han characters; the first that is there is taken, and the last one has no
/// Hangul.
const HAN: [&str; 6] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
];

/// Installs them. Call it once, before the first surface.
pub fn install() {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    fonts::install(&language(locale.as_deref().unwrap_or_default()));
    // Without one the window shows boxes for these characters, and works.
    let _ = HAN.iter().map(Path::new).filter(|path| path.exists()).any(|path| fonts::add_file(path).is_ok());
}

/// `ja_JP.UTF-8` is `ja-JP`; `C` and the like are English.
fn language(locale: &str) -> String {
    let name = locale.split(['.', '@']).next().unwrap_or_default();
    if name.len() < 2 || name == "POSIX" || !name.is_ascii() { "en-US".into() } else { name.replace('_', "-") }
}

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn a_locale_names_its_language() {
        for (locale, wanted) in
            [("ja_JP.UTF-8", "ja-JP"), ("de@euro", "de"), ("C.UTF-8", "en-US"), ("POSIX", "en-US"), ("", "en-US")]
        {
            assert_eq!(language(locale), wanted);
        }
    }
}
