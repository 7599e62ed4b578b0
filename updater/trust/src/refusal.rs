//! Why a candidate is refused: one variant for each reason, one sentence for the user in each.

use crate::{Digest, Fork, Key, Party};
use std::fmt;

/// TUF's top-level roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Timestamp, Self::Snapshot, Self::Targets];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        })
    }
}

/// Why nothing is installed and nothing is remembered. The message says it to the user, in a sentence or two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A file is not what TUF 1.0 or this program's additions to it say.
    #[error("What {party} publishes could not be read ({role}: {reason}). Nothing was changed; try again later.")]
    Unreadable {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
        /// What about it; never its content.
        reason: &'static str,
    },
    /// The TUF client workflow refuses the files.
    #[error("What {party} publishes does not follow the update protocol. Nothing was changed; try again later.")]
    Tuf {
        /// Whose.
        party: Party,
        /// What the TUF library says.
        reason: String,
    },
    /// A fork was seen before: these files are distrusted for good.
    #[error("{} has signed two different histories. Do not update; the proof is kept, pass it on.", capital(&.0.party))]
    Forked(Fork),
    /// Too few signatures count.
    #[error("{} has not signed its {role} file with enough keys. Nothing was changed.", capital(.party))]
    Signatures {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
        /// How many signatures count.
        counted: usize,
        /// How many must.
        needed: u32,
    },
    /// There would be enough signatures if known-bad keys counted.
    #[error("{}'s {role} file is signed with a key that was revoked. Do not trust who offers it.", capital(.party))]
    RevokedKey {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
    },
    /// A root lists a key again that was removed or proven bad before.
    #[error("{} wants to use a revoked key again. Nothing was changed.", capital(.party))]
    RevokedKeyReturns {
        /// Whose.
        party: Party,
        /// Which key.
        key: Key,
    },
    /// A root with too few keys, too low a threshold, or too many keys.
    #[error("{} wants to be trusted on fewer signatures than agreed. Nothing was changed.", capital(.party))]
    WeakRoot {
        /// Whose.
        party: Party,
        /// Which role.
        role: Role,
    },
    /// A root in which a key of the daily service could sign releases.
    #[error("{} wants to sign releases with a key that is kept online. Nothing was changed.", capital(.party))]
    OnlineKey {
        /// Whose.
        party: Party,
        /// Which key.
        key: Key,
    },
    /// One key in two parties.
    #[error("{} and {second} use the same key, so they are not two parties. Nothing was changed.", capital(.first))]
    SharedKey {
        /// One.
        first: Party,
        /// The other.
        second: Party,
        /// Which key.
        key: Key,
    },
    /// A version is left out.
    #[error("A part of the history of {party} is missing ({role}). Nothing was changed; try another mirror.")]
    Gap {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
    },
    /// A file names a predecessor that this device has not seen.
    #[error("{}'s {role} file follows one that this device has never seen. Nothing was changed.", capital(.party))]
    UnknownPredecessor {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
    },
    /// A file older than one that was seen before.
    #[error("{}'s {role} file is older than one that this device has seen. Nothing was changed.", capital(.party))]
    Rollback {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
        /// The version that was seen.
        seen: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// A file whose time is over.
    #[error("{}'s {role} file has expired. You may be kept from updates: try another network.", capital(.party))]
    Expired {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
        /// Since when.
        since: crate::Time,
    },
    /// A timestamp later than this machine's time.
    #[error("{}'s files are from the future. Check this computer's date and time, then try again.", capital(.party))]
    FromTheFuture {
        /// Whose.
        party: Party,
        /// By how many seconds.
        by: crate::Time,
    },
    /// A timestamp with a higher version and an earlier time.
    #[error("{}'s daily statement goes back in time. Nothing was changed.", capital(.party))]
    TimeRunsBack {
        /// Whose.
        party: Party,
    },
    /// A file is not the one that the file above it names.
    #[error("{}'s {role} file is not the one that it has announced. Nothing was changed; try another mirror.", capital(.party))]
    Mixed {
        /// Whose.
        party: Party,
        /// Which file.
        role: Role,
    },
    /// Two parties describe one release differently.
    #[error("{} and {second} disagree on release {number}. Do not update; wait until they agree.", capital(.first))]
    Disagree {
        /// The release.
        number: u64,
        /// One party.
        first: Party,
        /// The other.
        second: Party,
    },
    /// A package arrived although no newer release is agreed on.
    #[error("The package is not newer than the installed release. Nothing was changed.")]
    NotNewer {
        /// The number that the package says it has.
        number: u64,
    },
    /// The package is not the one that the parties have signed.
    #[error("The package is not the one that the three parties have signed. It was not installed.")]
    WrongPackage {
        /// What was signed.
        signed: Digest,
        /// What came.
        came: Digest,
    },
    /// What the package says about itself is not what the parties say about it.
    #[error("What the package says about itself is not what the three parties say about it. It was not installed.")]
    InnerDiffers,
    /// A rules file in the package is not the one that the parties have signed, or there are more or fewer.
    #[error("The sandbox rules in the package are not the ones that were signed. It was not installed.")]
    WrongRules {
        /// Whose rules.
        process: String,
    },
    /// Rules older than ones in force before.
    #[error("The release brings back older sandbox rules for {process}. It was not installed.")]
    RulesRollback {
        /// Whose rules.
        process: String,
        /// The version in force.
        seen: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// Rules with the number of ones in force, but other content.
    #[error("The release changes the sandbox rules for {process} without saying so. It was not installed.")]
    RulesChanged {
        /// Whose rules.
        process: String,
    },
    /// A process would lose its rules.
    #[error("The release has no sandbox rules for {process}. It was not installed.")]
    RulesMissing {
        /// Whose rules.
        process: String,
    },
}

/// "The development party", to begin a sentence with.
fn capital(party: &Party) -> String {
    party.to_string().replacen("the", "The", 1)
}
