//! The colours of the window, light and dark.
//!
//! ui paints around the slots and the vault paints inside them: one table, so that no seam shows. Every pair of
//! text and ground that is used together has a contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3); a test keeps it.

use bulkhead_ipc::pixels::Theme;
use iced_core::{Background, Color};

/// A colour as the pixels line writes it: 0xRRGGBB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone(pub u32);

impl Tone {
    /// As iced wants it.
    pub const fn color(self) -> Color {
        let [_, r, g, b] = self.0.to_be_bytes();
        Color::from_rgb8(r, g, b)
    }

    /// As iced wants it, see-through to this degree (0 to 1).
    pub const fn faded(self, alpha: f32) -> Color {
        let [_, r, g, b] = self.0.to_be_bytes();
        Color::from_rgba8(r, g, b, alpha)
    }

    /// Relative luminance (WCAG 2.2), 0 to 1.
    pub fn luminance(self) -> f32 {
        let [_, r, g, b] = self.0.to_be_bytes().map(|v| {
            let v = f32::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

impl From<Tone> for Color {
    fn from(tone: Tone) -> Self {
        tone.color()
    }
}

impl From<Tone> for Background {
    fn from(tone: Tone) -> Self {
        Self::Color(tone.color())
    }
}

/// All colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Ground of the conversation list.
    pub sidebar: Tone,
    /// Ground of a conversation and of full screens.
    pub ground: Tone,
    /// Cards, bars, fields.
    pub surface: Tone,
    /// Hairlines and edges of fields.
    pub border: Tone,
    /// Edges that must be seen: fields, secondary buttons.
    pub edge: Tone,
    /// What is read.
    pub text: Tone,
    /// What is read second.
    pub muted: Tone,
    /// Links, badges, the focus ring, the selected thing's mark.
    pub accent: Tone,
    /// Ground of primary buttons; [`Palette::on_accent`] is read on it.
    pub accent_fill: Tone,
    /// The same with the pointer over it.
    pub accent_hover: Tone,
    /// The same while pressed.
    pub accent_pressed: Tone,
    /// Text on the accent.
    pub on_accent: Tone,
    /// Own messages; [`Palette::on_accent`] is read on it.
    pub own_bubble: Tone,
    /// Messages of others; [`Palette::text`] is read on it.
    pub other_bubble: Tone,
    /// Under the pointer, on the sidebar.
    pub hover: Tone,
    /// While pressed, on the sidebar.
    pub pressed: Tone,
    /// The chosen conversation.
    pub selected: Tone,
    /// Ground of notices.
    pub notice: Tone,
    /// Destroys, or went wrong.
    pub danger: Tone,
    /// Works on it; not there yet.
    pub warn: Tone,
    /// Went well.
    pub ok: Tone,
}

/// Dark text on light ground.
pub const LIGHT: Palette = Palette {
    sidebar: Tone(0xf5f6f8),
    ground: Tone(0xeceff4),
    surface: Tone(0xffffff),
    border: Tone(0xe2e5eb),
    edge: Tone(0xc9cfda),
    text: Tone(0x14181f),
    muted: Tone(0x5d6779),
    accent: Tone(0x2563e0),
    accent_fill: Tone(0x2f6fed),
    accent_hover: Tone(0x2563e0),
    accent_pressed: Tone(0x1f54c4),
    on_accent: Tone(0xffffff),
    own_bubble: Tone(0x2f6fed),
    other_bubble: Tone(0xffffff),
    hover: Tone(0xeaedf2),
    pressed: Tone(0xdfe3ea),
    selected: Tone(0xdbe7ff),
    notice: Tone(0xfff6e0),
    danger: Tone(0xd92d20),
    warn: Tone(0xb25e09),
    ok: Tone(0x0f7d58),
};

/// Light text on dark ground.
pub const DARK: Palette = Palette {
    sidebar: Tone(0x171a21),
    ground: Tone(0x0f1217),
    surface: Tone(0x1d212a),
    border: Tone(0x2b313c),
    edge: Tone(0x434b5a),
    text: Tone(0xe8ebf0),
    muted: Tone(0x98a2b3),
    accent: Tone(0x7aa2ff),
    accent_fill: Tone(0x2f5fd0),
    accent_hover: Tone(0x3a6be0),
    accent_pressed: Tone(0x2751b6),
    on_accent: Tone(0xffffff),
    own_bubble: Tone(0x2f5fd0),
    other_bubble: Tone(0x242a35),
    hover: Tone(0x20252e),
    pressed: Tone(0x2a303b),
    selected: Tone(0x233252),
    notice: Tone(0x33290f),
    danger: Tone(0xff7a6e),
    warn: Tone(0xf5b544),
    ok: Tone(0x3ecf95),
};

impl Palette {
    /// The colours of a theme.
    pub const fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }

    /// The colours for what stands on this ground (a slot's `background`).
    pub fn on(background: u32) -> &'static Self {
        if is_dark(background) { &DARK } else { &LIGHT }
    }
}

/// Whether text on this ground must be light.
pub fn is_dark(background: u32) -> bool {
    Tone(background).luminance() < 0.18
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: Tone, b: Tone) -> f32 {
        let (a, b) = (a.luminance(), b.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_ground_it_stands_on() {
        for p in [LIGHT, DARK] {
            let grounds = [p.sidebar, p.ground, p.surface, p.hover, p.pressed, p.selected, p.notice, p.other_bubble];
            for ground in grounds {
                assert!(contrast(p.text, ground) >= 7.0, "text on {ground:?}");
            }
            for ground in [p.sidebar, p.ground, p.surface, p.hover, p.selected, p.other_bubble] {
                assert!(contrast(p.muted, ground) >= 4.5, "muted on {ground:?}: {}", contrast(p.muted, ground));
            }
            for tone in [p.accent, p.danger, p.warn, p.ok] {
                assert!(contrast(tone, p.surface) >= 4.5, "{tone:?} on surface: {}", contrast(tone, p.surface));
            }
            for fill in [p.accent_fill, p.accent_hover, p.accent_pressed, p.own_bubble] {
                assert!(contrast(p.on_accent, fill) >= 4.5, "on {fill:?}: {}", contrast(p.on_accent, fill));
            }
        }
    }

    #[test]
    fn grounds_tell_their_theme() {
        for p in [LIGHT, DARK] {
            for ground in [p.sidebar, p.ground, p.surface, p.hover, p.selected, p.notice] {
                assert_eq!(*Palette::on(ground.0), p, "{ground:?}");
            }
        }
    }
}
