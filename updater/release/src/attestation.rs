//! What parties say that they built, each alone, and whether they all say the same.
//!
//! ```text
//! bulkhead-attestation 1
//! release 0.2.0
//! commit 5d2b…        from this, after its history was verified
//! tree 8a01…
//! policy 7            under these rules
//! package 9f…         this came out: SHA-256
//! length 12345678     and bytes
//! -----BEGIN SSH SIGNATURE-----
//! ```
//!
//! People carry files with such statements to whoever assembles the release. There is no release before enough signers of
//! *every* party said the same; whoever says something else is named, and nothing comes of it until that is understood:
//! one builder who gets other bytes is what the whole arrangement is there to notice.

use crate::keys::{Purpose, SignatureError};
use crate::policy::Policy;
use crate::signed;
use git2::Oid;
use std::collections::{BTreeMap, BTreeSet};

/// The line that a statement begins with.
pub const FIRST: &str = "bulkhead-attestation 1\n";
/// Longest name of a release, in bytes.
const LONGEST_RELEASE: usize = 64;

/// What somebody built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The release's name: letters, digits, dots and hyphens.
    pub release: String,
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// The version of the policy that the commit holds.
    pub policy: u32,
    /// SHA-256 of the package, in hexadecimal.
    pub package: String,
    /// Its bytes.
    pub length: u64,
}

/// Why there is no release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Dissent {
    /// A file holds a signature that counts for nothing.
    #[error("{file}: a signature {error}")]
    Signature {
        /// Which file.
        file: String,
        /// Why.
        error: SignatureError,
    },
    /// Or one of somebody who does not speak for a party.
    #[error("{file}: signed with {key}, which belongs to no signer of a party")]
    Stranger {
        /// Which file.
        file: String,
        /// The key's fingerprint.
        key: String,
    },
    /// There is no statement in it.
    #[error("{file}: holds no signed attestation: give what the attest command printed, with its signature behind it")]
    Nothing {
        /// Which file.
        file: String,
    },
    /// Somebody says something else than what is here.
    #[error(
        "{signer} of {party} attests {field} {theirs}, here it is {ours}: find out why before anything is published"
    )]
    Different {
        /// Who.
        signer: String,
        /// For whom.
        party: String,
        /// The first line that differs.
        field: &'static str,
        /// What they say.
        theirs: String,
        /// What was built here.
        ours: String,
    },
    /// All of a party say the same, and it is something else.
    #[error("{party} is the odd one out: all its signers attest another {field} than the other parties")]
    OddParty {
        /// Which party.
        party: String,
        /// The first line that differs.
        field: &'static str,
    },
    /// The parties agree with each other, and not with what is here.
    #[error("the parties agree on another {field} than what is here: this build, or this download, is the odd one out")]
    OddHere {
        /// The first line that differs.
        field: &'static str,
    },
    /// Too few have spoken.
    #[error("{count} of {threshold} signers of {party} attest this release (signed: {signed})")]
    TooFew {
        /// Which party.
        party: String,
        /// How many did.
        count: usize,
        /// How many must.
        threshold: usize,
        /// Who did.
        signed: String,
    },
}

impl Attestation {
    /// Whether a release may be named so: it becomes part of file names.
    pub fn is_release(name: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        (1..=LONGEST_RELEASE).contains(&name.len()) && name.chars().all(plain) && !name.starts_with(['.', '-'])
    }

    /// The bytes to sign with `ssh-keygen -Y sign -n attest@bulkhead-release`.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.fields().iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        format!("{FIRST}{}", lines.concat())
    }

    fn fields(&self) -> [(&'static str, String); 6] {
        [
            ("release", self.release.clone()),
            ("commit", self.commit.to_string()),
            ("tree", self.tree.to_string()),
            ("policy", self.policy.to_string()),
            ("package", self.package.clone()),
            ("length", self.length.to_string()),
        ]
    }

    /// Reads a statement; there is one way to write it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(FIRST)?.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let release = field("release").filter(|name| Self::is_release(name))?.to_owned();
        let commit = Oid::from_str(field("commit")?).ok()?;
        let tree = Oid::from_str(field("tree")?).ok()?;
        let policy = field("policy")?.parse().ok()?;
        let hex = |word: &&str| word.len() == 64 && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let package = field("package").filter(hex)?.to_owned();
        let length = field("length")?.parse().ok()?;
        let read = Self { release, commit, tree, policy, package, length };
        (read.text() == text).then_some(read)
    }

    /// The first line in which another statement differs: its name, what the other says, what this says.
    fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let pairs = other.fields().into_iter().zip(self.fields());
        pairs.into_iter().find(|(theirs, ours)| theirs != ours).map(|((name, theirs), (_, ours))| (name, theirs, ours))
    }
}

/// By party: who said what, and the signature. A person counts once, whatever was signed twice.
type Spoken<'a> = BTreeMap<&'a str, BTreeMap<&'a str, (Attestation, &'a str)>>;

/// The joint signature: one statement, and the signatures of all who made it, in a file that anybody can judge again.
///
/// `ours` is what the caller built or downloaded; `files` are names and contents; `at` is the second at which keys have to
/// count.
pub fn assemble(
    policy: &Policy,
    ours: &Attestation,
    files: &[(String, String)],
    at: i64,
) -> Result<String, Vec<Dissent>> {
    let mut dissents = Vec::new();
    let mut spoken = Spoken::new();
    for (name, text) in files {
        let found = signed::all(text, FIRST, Purpose::Attestation);
        let mut any = false;
        for one in found {
            let Some(theirs) = Attestation::parse(one.text) else { continue };
            any = true;
            let key = match one.signer {
                Ok(key) => key,
                Err(error) => {
                    dissents.push(Dissent::Signature { file: name.clone(), error });
                    continue;
                }
            };
            let person = policy.person(&key, at);
            let speaks = person.and_then(|person| Some((person, policy.parties.get(&person.party)?)));
            let Some((person, party)) = speaks.filter(|(person, party)| party.signers.contains(&person.id)) else {
                dissents.push(Dissent::Stranger { file: name.clone(), key: key.fingerprint() });
                continue;
            };
            if let Some((field, theirs, ours)) = ours.difference(&theirs) {
                let (signer, party) = (person.id.clone(), party.name.clone());
                dissents.push(Dissent::Different { signer, party, field, theirs, ours });
            }
            spoken.entry(&party.name).or_default().insert(&person.id, (theirs, one.armoured));
        }
        if !any {
            dissents.push(Dissent::Nothing { file: name.clone() });
        }
    }
    odd_one_out(ours, &spoken, &mut dissents);
    let mut joint = String::new();
    for party in policy.parties.values() {
        let of = spoken.get(party.name.as_str());
        let agreeing = of.into_iter().flatten().filter(|(_, (said, _))| said == ours);
        let mut signed = BTreeSet::new();
        for (person, (_, armoured)) in agreeing {
            signed.insert(*person);
            joint = signed::append(&joint, &ours.text(), armoured);
        }
        if signed.len() < party.threshold {
            let names: Vec<&str> = signed.iter().copied().collect();
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            let (party, count, threshold) = (party.name.clone(), signed.len(), party.threshold);
            dissents.push(Dissent::TooFew { party, count, threshold, signed: names });
        }
    }
    if dissents.is_empty() { Ok(joint) } else { Err(dissents) }
}

/// Names the party whose signers agree with each other, but not with the others, who agree among themselves.
fn odd_one_out(ours: &Attestation, spoken: &Spoken, dissents: &mut Vec<Dissent>) {
    let unanimous = |people: &BTreeMap<&str, (Attestation, &str)>| {
        let mut said = people.values().map(|(said, _)| said.clone());
        said.next().filter(|first| said.all(|other| other == *first))
    };
    let words: Option<Vec<(&str, Attestation)>> =
        spoken.iter().map(|(party, people)| Some((*party, unanimous(people)?))).collect();
    // Where a party does not agree with itself, its people are named already.
    let Some(words) = words.filter(|words| words.len() > 2) else { return };
    for (party, said) in &words {
        let mut others = words.iter().filter(|(other, _)| other != party).map(|(_, said)| said);
        let Some(first) = others.next().filter(|first| *first != said) else { continue };
        if others.all(|other| other == first)
            && let Some((field, ..)) = first.difference(said)
        {
            dissents.push(Dissent::OddParty { party: (*party).to_owned(), field });
        }
    }
    if let Some((_, first)) = words.first()
        && words.iter().all(|(_, said)| said == first)
        && let Some((field, ..)) = ours.difference(first)
    {
        dissents.push(Dissent::OddHere { field });
    }
}
