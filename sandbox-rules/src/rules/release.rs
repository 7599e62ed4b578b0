//! The number of a release, as in the workspace's `Cargo.toml`.

use serde::de::{Deserialize, Deserializer, Error};
use std::fmt;
use std::str::FromStr;

/// Three numbers; a later release has the greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release([u32; 3]);

impl Release {
    /// The release that this build is of; `None` if its number is none.
    pub fn own() -> Option<Self> {
        env!("CARGO_PKG_VERSION").parse().ok()
    }
}

impl FromStr for Release {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One spelling per release, so no signs and no leading zeros.
        let number = |part: &str| part.parse().ok().filter(|n: &u32| n.to_string() == part);
        match text.split('.').map(number).collect::<Option<Vec<_>>>().as_deref() {
            Some(&[major, minor, patch]) => Ok(Self([major, minor, patch])),
            _ => Err("a release is three numbers with points between them, as in \"0.1.0\""),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
