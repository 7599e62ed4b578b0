//! vault ↔ seal: half of what opens the profile, kept by the machine's TPM.
//!
//! Neither half travels with what it is for. The vault makes the key of the profile's PIN slot of two halves: this
//! one, random, and one that it stretches from the PIN and never says. What travels to seal is an image of the PIN
//! (another part of the same stretching), which the TPM wants to see before it gives this half back.
//!
//! A counter in the TPM only rises, whatever copy of the profile's files is put back: by it the vault knows an older one.

use crate::{Message, OutOfBounds, bound};
use core::fmt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

/// Numbers that counters can have: what the TCG's registry of reserved handles leaves to the machine's owner.
pub const COUNTERS: core::ops::RangeInclusive<u32> = 0x0180_0000..=0x01bf_ffff;

/// Longest [`Object`] in bytes.
pub const MAX_OBJECT: usize = 1024;

/// 32 bytes that are worth nothing alone: a share, or the image of a PIN. Wiped on drop; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Half([u8; 32]);

impl Half {
    /// Takes the bytes over.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Half")
    }
}

impl Serialize for Half {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Half {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Exactly;
        impl Visitor<'_> for Exactly {
            type Value = Half;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 bytes")
            }
            fn visit_bytes<E: Error>(self, v: &[u8]) -> Result<Half, E> {
                v.try_into().map(Half).map_err(|_| E::invalid_length(v.len(), &self))
            }
        }
        d.deserialize_bytes(Exactly)
    }
}

/// What the TPM made of a share, encrypted for itself alone; at most [`MAX_OBJECT`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Object(Vec<u8>);

impl Object {
    /// Takes the bytes over; `None` if there are too many or none.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=MAX_OBJECT).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.0.len())
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl Visitor<'_> for Bounded {
            type Value = Object;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "1 to {MAX_OBJECT} bytes")
            }
            fn visit_bytes<E: Error>(self, v: &[u8]) -> Result<Object, E> {
                let fits = (1..=MAX_OBJECT).contains(&v.len());
                if fits { Ok(Object(v.to_vec())) } else { Err(E::invalid_length(v.len(), &self)) }
            }
        }
        d.deserialize_bytes(Bounded)
    }
}

/// vault → seal. One question at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToSeal {
    /// Seal a share, so that it comes out with this image of a PIN only.
    Seal {
        /// The image of the PIN.
        pin: Half,
        /// The share.
        share: Half,
    },
    /// Take a share out.
    Unseal {
        /// The image of the PIN.
        pin: Half,
        /// What [`FromSeal::Sealed`] said.
        object: Object,
    },
    /// Make a counter, and count to its first value.
    NewCounter {
        /// Random; who does not know it does not count.
        secret: Half,
    },
    /// Count on by one.
    Count {
        /// What it was made with.
        secret: Half,
        /// Its number, one of [`COUNTERS`].
        counter: u32,
    },
    /// Do away with a counter: it is not needed any more.
    DropCounter(u32),
}

impl Message for ToSeal {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Seal { .. } | Self::NewCounter { .. } => Ok(()),
            Self::Count { counter, .. } | Self::DropCounter(counter) => bound(COUNTERS.contains(counter), "counter"),
            Self::Unseal { object, .. } => object.check(),
        }
    }
}

impl Object {
    fn check(&self) -> Result<(), OutOfBounds> {
        bound((1..=MAX_OBJECT).contains(&self.0.len()), "object")
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Why {
    /// Not the PIN. The TPM takes so many wrong ones more before it rests.
    Wrong {
        /// Its count, which falls by itself with time.
        left: u32,
    },
    /// There were too many wrong ones, of this program's or of another's: the TPM takes none for now.
    Resting {
        /// Seconds after which it takes one again.
        seconds: u32,
    },
    /// This TPM did not seal it, or has no such counter, or was cleared since.
    Unknown,
    /// It does not answer, or refuses for another reason.
    Failing,
}

/// seal → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromSeal {
    /// Said once, first: there is a TPM 2.0, and it answers.
    Ready {
        /// Whether the TPM's count of wrong PINs can be reset only with a password (its lockout authorisation). Where its
        /// owner has set none, whoever has the machine can try all PINs.
        guarded: bool,
        /// seal's [`crate::VERSION`].
        version: u16,
    },
    /// Answers [`ToSeal::Seal`].
    Sealed(Object),
    /// Answers [`ToSeal::Unseal`].
    Unsealed(Half),
    /// Answers [`ToSeal::NewCounter`] and [`ToSeal::Count`].
    Counted {
        /// How far it is now.
        value: u64,
        /// Its number, one of [`COUNTERS`].
        counter: u32,
    },
    /// Answers [`ToSeal::DropCounter`].
    Dropped,
    /// Answers any.
    Refused(Why),
}

impl Message for FromSeal {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Sealed(object) => object.check(),
            Self::Counted { counter, .. } => bound(COUNTERS.contains(counter), "counter"),
            _ => Ok(()),
        }
    }
}
