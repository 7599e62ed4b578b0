//! Why a history is refused: what it is about, and what would make it pass.

use crate::keys::SignatureError;
use crate::policy::{ChangeError, FILE, PolicyError};
use git2::Oid;

/// One thing that is wrong. All of a range are told, as far as one does not hide the next.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The repository cannot be read.
    #[error("git: {0}")]
    Git(#[from] git2::Error),
    /// Not `OLD..NEW`, or one of them is not there.
    #[error("{0}: give a range as OLD..NEW, both commits of this repository")]
    Range(String),
    /// The new commit does not go on from the old one.
    #[error(
        "{new} does not follow {old} on its branch: history was rewritten, or OLD is not the commit that was verified last"
    )]
    Rewritten {
        /// The commit that was verified before.
        old: Oid,
        /// The one that should follow.
        new: Oid,
    },
    /// There are no rules to judge by.
    #[error("commit {0} has no {FILE}: begin at a commit whose policy you trust")]
    NoPolicy(Oid),
    /// The policy that the caller trusts is another one.
    #[error("the policy of commit {commit} is not the trusted one: its SHA-256 is {found}")]
    OtherPolicy {
        /// Where it stands.
        commit: Oid,
        /// What it is.
        found: String,
    },
    /// Its rules cannot be understood.
    #[error("commit {commit}: {error}")]
    Policy {
        /// Where it stands.
        commit: Oid,
        /// Why.
        error: PolicyError,
    },
    /// Its rules may not follow those before.
    #[error("commit {commit}: {error}")]
    PolicyChange {
        /// Where it stands.
        commit: Oid,
        /// Why.
        error: ChangeError,
    },
    /// Nobody signed it.
    #[error("commit {0} is not signed: its author signs it with git commit -S (gpg.format = ssh)")]
    Unsigned(Oid),
    /// A signature that counts for nothing.
    #[error("the signature of commit {commit} {error}")]
    Signature {
        /// Which commit.
        commit: Oid,
        /// Why.
        error: SignatureError,
    },
    /// Signed with a key that nobody in the policy has, or had long ago.
    #[error(
        "commit {commit} is signed with {key}, which the policy does not list, or no longer: sign it with a listed key"
    )]
    UnknownKey {
        /// Which commit.
        commit: Oid,
        /// The key's fingerprint.
        key: String,
    },
    /// Signed by one, written by another.
    #[error(
        "commit {commit} names {named} as its {what}, but {signer} signed it: who signs a commit is its author and committer"
    )]
    OtherAuthor {
        /// Which commit.
        commit: Oid,
        /// `author` or `committer`.
        what: &'static str,
        /// The address.
        named: String,
        /// Who signed.
        signer: String,
    },
    /// It begins another history.
    #[error("commit {0} has no parent: it brings in a history that nobody verified")]
    Rootless(Oid),
    /// Its clock is wrong.
    #[error("commit {commit} is dated {seconds} s {direction}: commit it again with a correct clock")]
    Time {
        /// Which commit.
        commit: Oid,
        /// By how much.
        seconds: i64,
        /// `before its parent` or `in the future`.
        direction: &'static str,
    },
    /// It changes nothing.
    #[error("commit {0} changes nothing: leave it out, as reviews are of changes")]
    Empty(Oid),
    /// A path that cannot be shown.
    #[error("commit {0} has a path that is not UTF-8: rename it")]
    Path(Oid),
    /// It points to another repository.
    #[error("commit {commit}: {path} is a submodule, which nobody here reviews: copy what is needed into the tree")]
    Submodule {
        /// Which commit.
        commit: Oid,
        /// Where.
        path: String,
    },
    /// It points out of the tree.
    #[error("commit {commit}: {path} is a link out of the tree: make it point to something inside")]
    Link {
        /// Which commit.
        commit: Oid,
        /// Where.
        path: String,
    },
    /// Somebody changed what is not theirs.
    #[error(
        "commit {commit}: {path} belongs to {area}, which only developers of {owner} change, and {author} is not one"
    )]
    Area {
        /// Which commit.
        commit: Oid,
        /// Where.
        path: String,
        /// The area.
        area: String,
        /// The owner.
        owner: String,
        /// Who did.
        author: String,
    },
    /// Reviews are missing.
    #[error("commit {commit} changes {place}: {count} of {needed} reviews by {whose} are there{hint}")]
    Unreviewed {
        /// Which commit.
        commit: Oid,
        /// An area that it changes, and a path in it.
        place: String,
        /// How many there are.
        count: usize,
        /// How many there have to be.
        needed: usize,
        /// Whose are missing: party and role.
        whose: String,
        /// Why others do not count.
        hint: String,
    },
    /// A reviewer said no.
    #[error("commit {commit} was rejected by {reviewer}: change it until the reviewer is content")]
    Rejected {
        /// Which commit.
        commit: Oid,
        /// Who.
        reviewer: String,
    },
    /// A mirror does not answer.
    #[error("mirror {mirror} cannot be read ({why}): try again, or ask who runs it")]
    Mirror {
        /// Which.
        mirror: String,
        /// Why.
        why: String,
    },
    /// A mirror shows something else.
    #[error(
        "mirror {mirror} shows {found} and not {expected}: somebody is being shown another history; keep both and ask all parties"
    )]
    Disagreement {
        /// Which.
        mirror: String,
        /// What it shows.
        found: String,
        /// What the others show.
        expected: String,
    },
}
