//! What a party publishes: its keys, and the folder that its mirrors serve.
//!
//! A party's offline keys never meet. Somebody makes a draft, each holder signs it where the key is ([`key`]) and carries the
//! signature back, and [`publish`] adds the file to the folder once enough of them are there. What is current says the party's online
//! key alone, daily ([`timestamp`]): so a compromised server can hold users back, which they see, and nothing else.

pub mod folder;
pub mod key;
pub mod publish;
pub mod timestamp;

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum PartyError {
    /// Reading or writing failed.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// A file of the folder is not what was published there.
    #[error("{0}: put the folder back as the mirrors have it")]
    Folder(#[from] bulkhead_repository::Unreadable),
    /// Somebody else changes the folder.
    #[error("another command is changing this folder: wait until it has ended")]
    Busy,
    /// No key or signature.
    #[error("{0} is not a {1} that this program wrote")]
    Malformed(String, &'static str),
    /// A draft says something that no client would accept.
    #[error("the draft is of no use: {0}")]
    Draft(&'static str),
    /// What a person wrote cannot be shown.
    #[error("the statement or the report cannot be published: {0}")]
    Words(&'static str),
    /// It is signed by too few.
    #[error(
        "{have} of {needed} signatures that count for {role}: have {needed} of its key holders sign this very draft"
    )]
    TooFew {
        /// For what.
        role: String,
        /// How many there are.
        have: usize,
        /// How many there must be.
        needed: u32,
    },
    /// A signature of somebody else, or of something else.
    #[error("{0}: this key's signature is of no use here: {1}")]
    Signature(String, &'static str),
    /// The package is not the one that was signed.
    #[error("{0}: {1}")]
    Package(String, &'static str),
    /// There is no time like this.
    #[error("the clock of this machine is of no use")]
    Clock,
}
