//! Byte strings of fixed length, written as CBOR byte strings.

use core::fmt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Exactly `N` bytes: keys, identifiers, signatures. Never a secret: secrets have no serialisation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes<const N: usize>(pub [u8; N]);

/// A BIP-340 public key or an event id.
pub type Bytes32 = Bytes<32>;
/// A BIP-340 signature.
pub type Bytes64 = Bytes<64>;

impl<const N: usize> Bytes<N> {
    /// Lower-case hexadecimal, as NIP-01 writes keys and ids.
    pub fn to_hex(&self) -> String {
        let mut s = String::with_capacity(N * 2);
        for b in self.0 {
            for nibble in [b >> 4, b & 15] {
                s.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        s
    }

    /// Reads lower-case hexadecimal of exactly `2 * N` characters; `None` for anything else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        if digits.len() != N * 2 {
            return None;
        }
        let nibble = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let mut out = [0; N];
        for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        Some(Self(out))
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    /// The first four bytes only: enough to tell two apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_hex().get(..8).unwrap_or_default())?;
        f.write_str("…")
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Exactly<const N: usize>;
        impl<const N: usize> Visitor<'_> for Exactly<N> {
            type Value = Bytes<N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes")
            }
            fn visit_bytes<E: Error>(self, v: &[u8]) -> Result<Bytes<N>, E> {
                v.try_into().map(Bytes).map_err(|_| E::invalid_length(v.len(), &self))
            }
        }
        d.deserialize_bytes(Exactly)
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn hex_round_trips_and_refuses_everything_else() {
        let b = Bytes([0x00, 0x7f, 0xa5, 0xff]);
        assert_eq!(b.to_hex(), "007fa5ff");
        assert_eq!(Bytes::from_hex("007fa5ff"), Some(b));
        for bad in ["", "007fa5f", "007fa5ff0", "007FA5FF", "007fa5fg", "00é5ffa"] {
            assert_eq!(Bytes::<4>::from_hex(bad), None, "{bad}");
        }
    }
}
