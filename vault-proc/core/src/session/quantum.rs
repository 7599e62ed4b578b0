//! The post-quantum part of a message (SPQR, `v1::chunked::states::Message::serialize`), looked at before libsignal does.
//!
//! SPQR 1.2 reads it before the message is known to be authentic, and trusts it: a part that ends before its kind, or
//! counts epochs from 0, ends the process. So whoever may write to a mailbox could end the vault.

/// Most bytes of a number.
const LONGEST: usize = 10;
/// Bytes of a chunk's data.
const CHUNK: usize = 32;

/// Whether it has the form of version 1: epoch, index, kind, and a chunk where the kind has one. More may follow.
pub fn is_sound(part: &[u8]) -> bool {
    let mut rest = part;
    read(&mut rest).is_some()
}

fn read(rest: &mut &[u8]) -> Option<()> {
    let version = byte(rest)?;
    let (epoch, index) = (number(rest)?, number(rest)?);
    // The first epoch is 1; libsignal subtracts one and adds one without looking.
    let counts = (1..u64::MAX).contains(&epoch) && u32::try_from(index).is_ok();
    let whole = match byte(rest)? {
        // Nothing, and an acknowledgement.
        0 | 4 => true,
        // Parts of a key or a ciphertext.
        1 | 2 | 3 | 5 | 6 => number(rest)? <= u64::from(u16::MAX) && rest.len() >= CHUNK,
        _ => false,
    };
    (version == 1 && counts && whole).then_some(())
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for place in 0..LONGEST {
        let byte = byte(rest)?;
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * u32::try_from(place).ok()?;
        // The tenth byte has room for one bit.
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_sound;

    #[test]
    fn what_libsignal_writes_is_sound_with_more_after_it() {
        for legal in [
            vec![1, 1, 0, 0],
            vec![1, 1, 1, 4],
            vec![1, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
            [vec![1, 0x80, 1, 3, 1, 0xff, 0xff, 3], vec![7; 32]].concat(),
        ] {
            assert!(is_sound(&legal), "{legal:?}");
            assert!(is_sound(&[legal, vec![9; 40]].concat()));
        }
    }

    #[test]
    fn a_part_that_ends_early_or_counts_wrong_is_not() {
        let whole = [vec![1, 0x80, 1, 3, 1, 0xff, 0xff, 3], vec![7; 32]].concat();
        for length in 0..whole.len() {
            assert!(!is_sound(&whole[..length]), "{length} bytes");
        }
        for bad in [
            vec![1, 0, 0, 0],
            vec![0, 1, 0, 0],
            vec![2, 1, 0, 0],
            vec![1, 1, 0, 7],
            vec![1, 1, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
            [vec![1], vec![0x80; 10], vec![1, 0, 0]].concat(),
            [vec![1], vec![0xff; 9], vec![1, 0, 0]].concat(),
            [vec![1], vec![0xff; 9], vec![2, 0, 0]].concat(),
            [vec![1, 1, 0, 1, 0x80, 0x80, 4], vec![7; 32]].concat(),
        ] {
            assert!(!is_sound(&bad), "{bad:?}");
        }
    }
}
