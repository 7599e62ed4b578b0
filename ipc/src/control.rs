//! vault ↔ launcher: the life cycle of the other two processes, and updates. No content, no configuration.

use crate::update::{Notice, Wish};
use crate::{Message, OutOfBounds};
use serde::{Deserialize, Serialize};

/// A process that can be restarted without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Peer {
    /// `bulkhead-net`.
    Net,
    /// `bulkhead-ui`.
    Ui,
}

/// vault → launcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToLauncher {
    /// The peer broke the protocol or hangs: end it and start a fresh one.
    Restart(Peer),
    /// net and ui have greeted, and ui's first frame is there: this release starts. Said once.
    Started,
    /// What the user wishes about updates.
    Wish(Wish),
}

impl Message for ToLauncher {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

/// launcher → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromLauncher {
    /// The peer ended (or was ended) and is being started again.
    Restarting {
        /// By what number the new process will say Hello. Schema version 1 did not tell, and a launcher may be of the
        /// release before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// Which one.
        peer: Peer,
        /// Milliseconds until it starts.
        delay: u32,
    },
    /// The user asked the program to stop (SIGTERM, SIGINT to the launcher).
    Quit,
    /// How it stands with updates: to be shown, and nothing else. At most a few times a second while a package comes.
    Notice(Box<Notice>),
}

impl Message for FromLauncher {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Notice(notice) => notice.check(),
            Self::Restarting { .. } | Self::Quit => Ok(()),
        }
    }
}
