//! Text and a signature of it, one after the other, as many as there are: the form of reviews and attestations.

use crate::keys::{Key, Purpose, SignatureError, signer};

/// Longest text with all its signatures, in bytes.
pub const LONGEST: usize = 256 * 1024;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// One text that somebody signed, or seems to have.
#[derive(Debug)]
pub struct Signed<'a> {
    /// From its first line to the last before the signature.
    pub text: &'a str,
    /// The signature, as it stands there.
    pub armoured: &'a str,
    /// By which key, or why that is not known.
    pub signer: Result<Key, SignatureError>,
}

/// All of them whose text begins with this line. Whatever stands before that line, or behind the last signature, is
/// nothing that anybody signed.
pub fn all<'a>(text: &'a str, first: &str, purpose: Purpose) -> Vec<Signed<'a>> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let one = |block: &'a str| {
        let (before, armoured) = block.split_at_checked(block.rfind(BEGIN)?)?;
        let text = before.get(before.rfind(first)?..)?;
        armoured.ends_with(END).then(|| Signed {
            text,
            armoured,
            signer: signer(armoured.as_bytes(), purpose, text.as_bytes()),
        })
    };
    text.split_inclusive(END).filter_map(one).collect()
}

/// Puts a text and its signature behind others.
pub fn append(others: &str, text: &str, armoured: &str) -> String {
    format!("{others}{text}{}\n", armoured.trim())
}
