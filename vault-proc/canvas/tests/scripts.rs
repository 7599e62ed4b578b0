//! Every script that the README promises is set from the embedded faces alone.
#![allow(missing_docs, clippy::unwrap_used)]

use bulkhead_canvas::core::Font;
use bulkhead_canvas::fonts;
use bulkhead_canvas::graphics::text::cosmic_text::{Align, Attrs, Buffer, Family, Metrics, Shaping, Weight};

/// Shapes a text; returns the number of missing glyphs and whether the first line runs right to left.
fn shape(text: &str, font: Font) -> (usize, bool) {
    let mut system = bulkhead_canvas::graphics::text::font_system().write().unwrap();
    let system = system.raw();
    let weight = if font == fonts::SEMIBOLD { Weight::SEMIBOLD } else { Weight::NORMAL };
    let mut buffer = Buffer::new(system, Metrics::new(15.0, 20.0));
    buffer.set_size(system, Some(400.0), None);
    buffer.set_text(
        system,
        text,
        &Attrs::new().family(Family::Name("Inter")).weight(weight),
        Shaping::Advanced,
        None::<Align>,
    );
    buffer.shape_until_scroll(system, false);
    let runs: Vec<_> = buffer.layout_runs().collect();
    let glyphs = runs.iter().flat_map(|run| run.glyphs.iter());
    assert!(runs.iter().any(|run| !run.glyphs.is_empty()), "{text} gave no glyph");
    (glyphs.filter(|g| g.glyph_id == 0).count(), runs.first().is_some_and(|run| run.rtl))
}

#[test]
fn every_promised_script_has_its_glyphs_and_direction() {
    fonts::install("en-US");
    let samples = [
        ("Žluťoučký kůň, straße, Ørsted, fin, Việt Nam", false),
        ("Привет, їжак", false),
        ("Γειά σου", false),
        ("مرحبا بالعالم", true),
        ("שלום עולם", true),
        ("😂👍🏽👩‍👩‍👧", false),
        ("mixed مرحبا and 😂", false),
        ("← → ✓ × · … – ’ “” •", false),
    ];
    for font in [fonts::REGULAR, fonts::SEMIBOLD] {
        for (text, right_to_left) in samples {
            assert_eq!(shape(text, font), (0, right_to_left), "{text} at {:?}", font.weight);
        }
    }
}
