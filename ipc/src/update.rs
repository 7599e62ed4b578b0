//! What the user is told of updates: from the launcher, which decides, to the vault, which paints it.
//!
//! The words in it are public: parties of the updates have signed them, or the launcher has made them. They are bounded
//! and hold no character that could hide, reorder or break what stands beside it. None of them goes on to ui.

use crate::cbor::bounded;
use crate::{OutOfBounds, bound};
use core::fmt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most bytes of a sentence, of a version's name or of a file's path.
pub const MAX_SENTENCE: usize = 512;
/// Most bytes of what a release says that it changes.
pub const MAX_CHANGES: usize = 4096;
/// Most bytes of what auditors want to know.
pub const MAX_DETAILS: usize = 16 * 1024;
/// Most sentences about rules that widen; where there are more, the last one says how many.
pub const MAX_WIDER: usize = 24;
/// How many parties there are.
pub const PARTIES: usize = 3;

/// At most `MOST` bytes of text that shows what it says: no control character but the line feed, and none that is
/// invisible or turns the writing direction.
#[derive(Clone, PartialEq, Eq)]
pub struct Words<const MOST: usize>(String);

/// A sentence.
pub type Sentence = Words<MAX_SENTENCE>;

impl<const MOST: usize> Words<MOST> {
    /// Takes the text as it is; `None` if it is too long or holds a character that must not be in it.
    pub fn new(text: String) -> Option<Self> {
        (text.len() <= MOST && text.chars().all(shows)).then_some(Self(text))
    }

    /// Makes any text legal: what must not be in it is replaced by U+FFFD, and what is too long ends with “…”.
    pub fn cut(text: &str) -> Self {
        let mut kept = String::new();
        for letter in text.chars() {
            let letter = if shows(letter) { letter } else { char::REPLACEMENT_CHARACTER };
            if kept.len() + letter.len_utf8() > MOST {
                while kept.len() + ELLIPSIS.len_utf8() > MOST {
                    let Some(_) = kept.pop() else { return Self(kept) };
                }
                kept.push(ELLIPSIS);
                break;
            }
            kept.push(letter);
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const ELLIPSIS: char = '…';

/// Whether a reader sees that a character is there, and where. Out are Unicode's categories Cc and Cf, the separators of
/// lines and paragraphs, fillers, variation selectors, and what is for private use.
const fn shows(letter: char) -> bool {
    !matches!(letter,
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

impl<const MOST: usize> fmt::Debug for Words<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.0.len())
    }
}

impl<const MOST: usize> Serialize for Words<MOST> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de, const MOST: usize> Deserialize<'de> for Words<MOST> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Plain<const MOST: usize>;
        impl<const MOST: usize> Visitor<'_> for Plain<MOST> {
            type Value = Words<MOST>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MOST} bytes of text without hidden characters")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Words<MOST>, E> {
                let legal = text.len() <= MOST && text.chars().all(shows);
                if legal { Ok(Words(text.to_owned())) } else { Err(E::invalid_length(text.len(), &self)) }
            }
        }
        d.deserialize_str(Plain)
    }
}

/// One of the three whose agreement makes a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Party {
    /// Writes the program.
    Development,
    /// Tests it.
    Quality,
    /// Looks for weaknesses in it.
    Security,
}

/// A file of a party's repository, by TUF's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Role {
    /// Names the keys.
    Root,
    /// Says what is current, daily.
    Timestamp,
    /// Says which versions belong together.
    Snapshot,
    /// Lists releases.
    Targets,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Counts releases.
    pub number: u64,
    /// What people call it, as `1.2.0`.
    pub version: Sentence,
}

/// How it stands with updates. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Status {
    /// This copy of the program does not update itself: it was built here, or a distribution keeps it up to date.
    Off,
    /// The parties' mirrors are being asked.
    Checking,
    /// Nothing newer is listed.
    UpToDate,
    /// The package of a release that all parties list is on its way.
    Fetching {
        /// Bytes that are there.
        done: u64,
        /// Bytes in all.
        total: u64,
        /// Which release.
        release: Release,
    },
    /// The package is there, and is tried under the rules in force.
    Trying(Release),
    /// It runs from the next start on.
    Ready {
        /// What the release's processes may do more, once the release after it starts them: a sentence each.
        #[serde(deserialize_with = "bounded::list::<_, _, MAX_WIDER>")]
        wider: Vec<Sentence>,
        /// What changes, in the parties' words.
        changes: Words<MAX_CHANGES>,
        /// Which release.
        release: Release,
        /// Who has signed it.
        #[serde(deserialize_with = "bounded::list::<_, _, PARTIES>")]
        signers: Vec<Party>,
        /// How many rules become narrower.
        narrower: u32,
    },
    /// A newer release is listed, but not by all parties yet.
    Waiting {
        /// Its number.
        number: u64,
        /// Who does not list it.
        #[serde(deserialize_with = "bounded::list::<_, _, PARTIES>")]
        missing: Vec<Party>,
    },
    /// The daily statements of these parties do not arrive any more.
    Frozen {
        /// When the first of those that are missing was due.
        since: u64,
        /// Whose.
        #[serde(deserialize_with = "bounded::list::<_, _, PARTIES>")]
        parties: Vec<Party>,
    },
    /// A party has signed two histories.
    Forked {
        /// Which.
        party: Party,
        /// Where the proof lies, once the user has asked for it.
        proof: Option<Sentence>,
    },
    /// Something is signed with a key that was revoked.
    Revoked(Party),
    /// A file's time is over.
    Expired {
        /// Which file.
        role: Role,
        /// Whose.
        party: Party,
        /// Since when.
        since: u64,
    },
    /// What was offered is refused, for another reason.
    Refused(Sentence),
    /// The release does not start under the rules in force: nothing was changed.
    NeedsMore {
        /// Which release.
        release: Release,
        /// What it lacks.
        sentence: Sentence,
    },
    /// The release did not start: the one before it runs again, and it is not tried once more.
    RolledBack {
        /// Which release.
        release: Release,
        /// What happened.
        sentence: Sentence,
    },
    /// No mirror of any party could be reached.
    Unreachable {
        /// Since when.
        since: u64,
    },
}

/// How it stands with updates, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// How it stands.
    pub status: Status,
    /// When all parties' mirrors were last asked with success, in seconds since 1970.
    pub checked: Option<u64>,
    /// For auditors: digests, versions, key ids, heads of chains; a line each.
    pub details: Words<MAX_DETAILS>,
}

impl Notice {
    /// Refuses lists that are too long; [`Words`] refuse what they must not hold as they are made.
    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        match &self.status {
            Status::Ready { wider, signers, .. } => {
                bound(wider.len() <= MAX_WIDER, "wider")?;
                bound(signers.len() <= PARTIES, "signers")
            }
            Status::Waiting { missing, .. } => bound(missing.len() <= PARTIES, "missing"),
            Status::Frozen { parties, .. } => bound(parties.len() <= PARTIES, "parties"),
            _ => Ok(()),
        }
    }
}

/// How it stands with updates, without the words: what ui may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Kind {
    /// [`Status::Off`].
    Off,
    /// [`Status::Checking`].
    Checking,
    /// [`Status::UpToDate`].
    UpToDate,
    /// [`Status::Fetching`].
    Fetching,
    /// [`Status::Trying`].
    Trying,
    /// [`Status::Ready`].
    Ready,
    /// [`Status::Waiting`].
    Waiting,
    /// [`Status::Frozen`].
    Frozen,
    /// [`Status::Forked`].
    Forked,
    /// [`Status::Revoked`].
    Revoked,
    /// [`Status::Expired`].
    Expired,
    /// [`Status::Refused`].
    Refused,
    /// [`Status::NeedsMore`].
    NeedsMore,
    /// [`Status::RolledBack`].
    RolledBack,
    /// [`Status::Unreachable`].
    Unreachable,
}

impl Kind {
    /// What the user can wish in it: one thing at most.
    pub const fn wish(self) -> Option<Wish> {
        match self {
            Self::Off | Self::Checking | Self::Fetching | Self::Trying => None,
            Self::Ready => Some(Wish::Restart),
            Self::Forked => Some(Wish::ExportProof),
            Self::UpToDate | Self::Waiting | Self::Frozen | Self::Revoked | Self::Expired => Some(Wish::Check),
            Self::Refused | Self::NeedsMore | Self::RolledBack | Self::Unreachable => Some(Wish::Check),
        }
    }

    /// Whether the user is told wherever the program is, as somebody may be at work.
    pub const fn is_loud(self) -> bool {
        matches!(self, Self::Frozen | Self::Forked | Self::Revoked | Self::Expired | Self::RolledBack)
    }
}

impl Status {
    /// The same without the words.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Off => Kind::Off,
            Self::Checking => Kind::Checking,
            Self::UpToDate => Kind::UpToDate,
            Self::Fetching { .. } => Kind::Fetching,
            Self::Trying(_) => Kind::Trying,
            Self::Ready { .. } => Kind::Ready,
            Self::Waiting { .. } => Kind::Waiting,
            Self::Frozen { .. } => Kind::Frozen,
            Self::Forked { .. } => Kind::Forked,
            Self::Revoked(_) => Kind::Revoked,
            Self::Expired { .. } => Kind::Expired,
            Self::Refused(_) => Kind::Refused,
            Self::NeedsMore { .. } => Kind::NeedsMore,
            Self::RolledBack { .. } => Kind::RolledBack,
            Self::Unreachable { .. } => Kind::Unreachable,
        }
    }
}

/// All of [`Glimpse::done`].
pub const WHOLE: u16 = 1000;

/// What ui is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glimpse {
    /// How much of the package is there, at most [`WHOLE`]; 0 if none is on its way.
    pub done: u16,
    /// How it stands.
    pub kind: Kind,
}

impl From<&Status> for Glimpse {
    fn from(status: &Status) -> Self {
        let done = match *status {
            Status::Fetching { done, total, .. } => {
                let part = u128::from(done.min(total)) * u128::from(WHOLE) / u128::from(total.max(1));
                u16::try_from(part).unwrap_or(WHOLE)
            }
            _ => 0,
        };
        Self { done, kind: status.kind() }
    }
}

impl Glimpse {
    pub(crate) fn check(self) -> Result<(), OutOfBounds> {
        bound(self.done <= WHOLE, "done")
    }
}

/// What the user wishes, for the launcher to grant or not. It answers each wish with a [`Notice`], at the time that it
/// chooses, and hears no second one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Wish {
    /// Ask the mirrors now, and try again what failed.
    Check,
    /// End the program and start it anew, with the release that is ready. Means nothing in any status but
    /// [`Status::Ready`].
    Restart,
    /// Put the proof of a fork where the user can pass it on. Means nothing in any status but [`Status::Forked`].
    ExportProof,
}

#[cfg(test)]
mod tests {
    use super::Words;

    type Few = Words<8>;

    #[test]
    fn words_that_hide_or_turn_text_are_refused() {
        for text in ["", "a b\nc", "über", "שלום", "🦀", "12345678"] {
            assert!(Few::new(text.into()).is_some(), "{text}");
        }
        for letter in [
            '\0',
            '\t',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e000}',
            '\u{10ffff}',
        ] {
            assert!(Few::new(letter.to_string()).is_none(), "{letter:?}");
            assert_eq!(Few::cut(&format!("a{letter}")).as_str(), "a\u{fffd}");
        }
        assert!(Few::new("123456789".into()).is_none());
    }

    #[test]
    fn cut_text_is_legal_and_says_that_it_is_cut() {
        assert_eq!(Few::cut("12345678").as_str(), "12345678");
        assert_eq!(Few::cut("123456789").as_str(), "12345…");
        assert_eq!(Few::cut("ééééé").as_str(), "éé…");
        assert_eq!(Words::<2>::cut("abc").as_str(), "");
        for text in ["\u{202e}".repeat(9), "🔑🔑🔑".into()] {
            assert!(Few::new(Few::cut(&text).as_str().to_owned()).is_some());
        }
    }
}
