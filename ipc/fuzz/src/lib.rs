//! The laws of every decoder that reads what another process, a relay or another device wrote.
//!
//! A law is a plain function over bytes: libFuzzer searches for bytes that break it (`targets/`), and a test
//! replays what was found worth keeping (`corpus/`). What a law feeds, and what must then hold, stands at each.

mod content;
mod line;
mod memory;
mod monitors;
mod relay;

pub use content::content;
pub use line::{line_net, line_ui};
pub use monitors::monitors;
pub use relay::relay_frame;

/// What became of an input that broke no law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The decoder took it.
    Accepted,
    /// The decoder refused it.
    Refused,
}

/// A law that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the law is broken: {0}")]
pub struct Broken(pub &'static str);

/// A law over any bytes.
pub type Law = fn(&[u8]) -> Result<Verdict, Broken>;

/// Every law, by the name of its target and corpus.
pub const LAWS: [(&str, Law); 5] = [
    ("line_net", line_net),
    ("line_ui", line_ui),
    ("relay_frame", relay_frame),
    ("content", content),
    ("monitors", monitors),
];

/// Names what must hold.
fn holds(it: bool, law: &'static str) -> Result<(), Broken> {
    if it { Ok(()) } else { Err(Broken(law)) }
}
