//! vault ↔ keyring: half of what opens the profile, kept by the desktop's keyring (its Secret Service).
//!
//! What travels is a share: random, drawn anew each time, and worth nothing without the profile's key file, whose
//! keyring slot is wrapped under it. The other process sees neither that file nor what the share opens.

use crate::bytes::Bytes32;
use crate::seal::Half;
use crate::{Message, OutOfBounds};
use serde::{Deserialize, Serialize};

/// vault → keyring. One question at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToKeyring {
    /// Keep this share, in the place of what is kept under this name.
    Keep {
        /// Whether the desktop may ask the user to open a locked keyring.
        ask: bool,
        /// Under which name: random, and written into the profile's key file.
        name: Bytes32,
        /// The share.
        share: Half,
    },
    /// Give back what is kept under this name; the desktop may ask the user to open a locked keyring.
    Fetch {
        /// As in [`ToKeyring::Keep`].
        name: Bytes32,
    },
    /// Keep nothing under this name any more.
    Forget {
        /// Whether the desktop may ask the user.
        ask: bool,
        /// As in [`ToKeyring::Keep`].
        name: Bytes32,
    },
}

impl Message for ToKeyring {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

/// Why it was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Why {
    /// Nothing is kept under the name.
    Absent,
    /// What is kept there is no share.
    Foreign,
    /// The keyring is locked, and the user did not open it or was not to be asked.
    Locked,
    /// The desktop's keyring does not answer, has no place for new secrets, or refuses for another reason.
    Failing,
}

/// keyring → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromKeyring {
    /// Said once, first: this desktop has a keyring.
    Ready {
        /// keyring's [`crate::VERSION`].
        version: u16,
    },
    /// Answers [`ToKeyring::Keep`].
    Kept,
    /// Answers [`ToKeyring::Fetch`].
    Found(Half),
    /// Answers [`ToKeyring::Forget`]: nothing is kept under the name.
    Forgotten,
    /// Answers any of them.
    Refused(Why),
}

impl Message for FromKeyring {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}
