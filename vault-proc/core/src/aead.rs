//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): ChaCha20-Poly1305 (RFC 8439) under a key that HChaCha20 makes of the
//! first 16 bytes of the nonce.

use crate::Key;
use chacha20::cipher::consts::U10;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// Bytes of the authenticator.
pub const TAG: usize = 16;

/// Encrypts in place; returns the authenticator.
pub fn seal(key: &Key, nonce: &[u8; 24], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]> {
    let (key, nonce) = parts(key, nonce)?;
    key.seal_in_place_separate_tag(nonce, Aad::from(aad), text).ok()?.as_ref().try_into().ok()
}

/// Decrypts in place what ends with its authenticator; returns the text before it. If it is not authentic, what is
/// left in its place is undefined.
pub fn open<'a>(key: &Key, nonce: &[u8; 24], aad: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
    let (key, nonce) = parts(key, nonce)?;
    key.open_in_place(nonce, Aad::from(aad), sealed).ok()
}

fn parts(key: &Key, nonce: &[u8; 24]) -> Option<(LessSafeKey, Nonce)> {
    let (first, rest) = nonce.split_first_chunk::<16>()?;
    let sub: Zeroizing<[u8; 32]> = Zeroizing::new(chacha20::hchacha::<U10>(key.bytes().into(), first.into()).into());
    let mut short = [0; 12];
    short.get_mut(4..)?.copy_from_slice(rest);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &*sub).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}

#[cfg(test)]
mod tests {
    use super::{TAG, open, seal};
    use crate::Key;

    fn unhex(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// draft-irtf-cfrg-xchacha-03, A.3.1.
    #[test]
    fn the_drafts_vector_is_sealed_and_opened() {
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
            sunscreen would be it.";
        let key = Key::from_slice(&(0x80..0xa0).collect::<Vec<u8>>()).unwrap();
        let nonce: [u8; 24] = (0x40..0x58).collect::<Vec<u8>>().try_into().unwrap();
        let aad = unhex("50515253c0c1c2c3c4c5c6c7");
        let mut sealed = text.to_vec();
        let tag = seal(&key, &nonce, &aad, &mut sealed).unwrap();
        let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
            ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97\
            637da9768812f615c68b13b52e";
        assert_eq!(sealed, unhex(expected));
        assert_eq!(tag.to_vec(), unhex("c0875924c1c7987947deafd8780acf49"));
        sealed.extend(tag);
        assert_eq!(open(&key, &nonce, &aad, &mut sealed.clone()).unwrap(), text);
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(open(&key, &nonce, &aad, &mut bad).is_none(), "byte {at}");
        }
        for short in 0..TAG {
            assert!(open(&key, &nonce, &aad, &mut sealed.clone()[..short]).is_none());
        }
        assert!(open(&key, &nonce, &aad[1..], &mut sealed).is_none());
    }
}
