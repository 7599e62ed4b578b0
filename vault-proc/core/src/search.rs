//! Cutting a snippet out of a found message.

use crate::store::Found;
use crate::{Hit, Plaintext};

/// Characters before and after the match.
const AROUND: (usize, usize) = (30, 70);

/// Makes a hit of a found message.
pub fn hit(found: Found, words: &str) -> Hit {
    let message = &found.message;
    Hit {
        contact: found.contact,
        seq: message.seq,
        snippet: snippet(message.text.as_str(), words),
        at: message.at,
        mine: message.mine,
    }
}

fn snippet(text: &str, words: &str) -> Plaintext {
    let first: Vec<char> =
        words.split_whitespace().next().unwrap_or_default().chars().flat_map(char::to_lowercase).collect();
    // Compared character by character: lower case can be longer than its original, so byte places would not fit.
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let lower: Vec<char> = chars.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let at = lower.windows(first.len().max(1)).position(|w| w == first.as_slice()).unwrap_or_default();
    let start = at.saturating_sub(AROUND.0);
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    out.extend(chars.iter().skip(start).take(at - start + AROUND.1));
    if start + (at - start) + AROUND.1 < chars.len() {
        out.push('…');
    }
    Plaintext::new(out)
}
