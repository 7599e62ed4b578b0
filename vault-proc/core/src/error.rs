//! Why the vault could not do something.

/// What went wrong, in words for the reader; never content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store cannot be written.
    #[error("the store cannot be written: free some disk space or make the folder writable, then try again")]
    NotWritable,
    /// The store holds what this program did not write.
    #[error("the store is damaged: restore the profile folder from a backup")]
    Damaged,
    /// The store is from a newer version.
    #[error("the store was written by a newer version: install that version or a later one")]
    TooNew,
    /// The profile goes on elsewhere.
    #[error("this profile was moved: open it where it went")]
    Moved,
    /// The text is not a relay address that may be used.
    #[error("not a usable relay address: use wss://, or ws:// on loopback or .onion addresses")]
    BadRelay,
    /// libsignal refused a step that cannot fail with intact state.
    #[error("the keys of this contact are damaged: delete the contact and exchange a new invite")]
    Keys,
}
