//! Why reading stopped, for serde.

use core::fmt::Display;

/// Not the type's encoding. What serde would say about it is dropped: it may quote the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the encoding that this program writes")]
pub struct Refused;

impl serde::de::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

impl serde::ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}
