//! The command line.

use crate::Failure;
use bulkhead_release::review::Verdict;
use bulkhead_trust::{Party, PerParty};
use lexopt::prelude::{Long, Value, ValueExt};
use std::num::NonZeroU64;
use std::path::PathBuf;

/// What is printed when the command line is wrong.
pub const USAGE: &str = "\
bulkhead-release COMMAND [--repo FOLDER]

  verify-tree [--policy SHA256] OLD..NEW   judges all commits between one that was verified before and the newest
  check-policy FILE                        reads a policy, and prints what it is known by
  review [--reject] COMMIT                 prints the statement to sign with ssh-keygen -Y sign -n review@bulkhead-release
  add-review [--reject] COMMIT             takes its signature from the standard input and adds it to the notes
  attest --release NAME --package FILE [--policy SHA256] OLD..NEW
                                           judges as verify-tree does, with all mirrors at NEW, and prints the statement
                                           to sign with ssh-keygen -Y sign -n attest@bulkhead-release
  assemble --release NAME --package FILE [--policy SHA256] OLD..NEW ATTESTATION...
                                           prints the joint signature, once enough signers of every party attest the package
  audit --from OLD --joint FILE [--policy SHA256] [--package FILE] [--served PARTY=FOLDER]... [--root PARTY=FILE]... [--roots SHA256]
        [--installed FOLDER] [--html FILE] RELEASE
                                           judges all of a release again, from its commits to the installed bits, and says
                                           of each step whether it was verified. FILE is a package that you built yourself,
                                           FOLDER a copy of what a party's mirrors serve

A key that nobody has (FROST): each holder runs these on a machine of their own and keeps FILE there.
  store-key begin --share FILE --threshold N ME,OTHER...   makes FILE, prints a hello for everybody
  store-key share --share FILE HELLO...                    writes ME-to-OTHER.parcel for each other, prints what to compare
  store-key finish --share FILE PARCEL...                  prints the public key
  store-key commit --share FILE                            prints a commitment, good for one signature
  store-key sign --share FILE --message FILE COMMITMENT... prints a part of the signature
  store-key join --key FILE --message FILE COMMITMENT... PART...
                                                           prints the signature, in hexadecimal
The same key for apt repositories, as OpenPGP has it. Without SIGNATURE, what holders sign; with it, what it makes:
  store-key certify --key FILE --name NAME --created SECONDS [SIGNATURE]
  store-key document --key FILE --name NAME --created SECONDS --at SECONDS --message FILE [SIGNATURE]

A party's repository, which its mirrors copy. Each holder of a key has it on a machine of their own:
  party new-key --key FILE                                 makes a key, prints its public half
  party sign --key FILE DRAFT                              prints a signature
Whoever publishes needs none of them:
  party draft-root --folder FOLDER --offline KEY,KEY,KEY,KEY --online KEY
                                                           prints the draft of a root that names these public keys
  party draft-release --folder FOLDER --release NAME --package FILE --description FILE OLD..NEW JOINT
                                                           judges the joint signature again, prints the draft
  party publish --folder FOLDER [--package FILE] DRAFT SIGNATURE...
                                                           adds it to the folder, once enough holders signed it
And every day, where the online key is:
  party timestamp --folder FOLDER --key FILE --statement FILE [--report FILE] [--every HOURS]
                                                           says what is current

The first installation, of the folders that the three parties' mirrors copy; every day, after all three timestamps:
  bundle FILE --served PARTY=FOLDER...                     makes the file that people download, and verifies it
  site FOLDER --host NAME [--onion NAME] --served PARTY=FOLDER...
                                                           makes pages about it, and configurations for nginx and tor
";

/// A command and what it is about.
pub struct Arguments {
    /// The first word.
    pub command: String,
    /// The second.
    pub what: String,
    /// All others.
    pub files: Vec<PathBuf>,
    /// Where the repository is.
    pub repository: PathBuf,
    /// The digest of the policy that is trusted.
    pub policy: Option<String>,
    /// What a reviewer says.
    pub verdict: Verdict,
    /// The release's name.
    pub release: Option<String>,
    /// The release's bytes.
    pub package: Option<PathBuf>,
    /// The folders that the parties' mirrors copy, or copies of them.
    pub served: PerParty<Option<PathBuf>>,
    /// What concerns a key that nobody has.
    pub store: StoreKeyArguments,
    /// What concerns a party's repository.
    pub party: PartyArguments,
    /// With what a release is judged again.
    pub audit: AuditArguments,
    /// What concerns the first installation.
    pub site: SiteArguments,
}

/// With what a release is judged again.
#[derive(Default)]
pub struct AuditArguments {
    /// The commit with which trust begins.
    pub from: Option<String>,
    /// The joint signature.
    pub joint: Option<PathBuf>,
    /// First roots from elsewhere.
    pub roots: PerParty<Option<PathBuf>>,
    /// What all three are known by.
    pub fingerprint: Option<String>,
    /// An installation.
    pub installed: Option<PathBuf>,
    /// Where the report goes as a page.
    pub html: Option<PathBuf>,
}

/// What concerns the first installation.
#[derive(Default)]
pub struct SiteArguments {
    /// The site's name.
    pub host: Option<String>,
    /// Its onion service's name.
    pub onion: Option<String>,
}

/// What concerns a party's repository.
#[derive(Default)]
pub struct PartyArguments {
    /// Its folder.
    pub folder: Option<PathBuf>,
    /// Public keys of a root.
    pub offline: Vec<String>,
    /// The public key of the timestamp service.
    pub online: Option<String>,
    /// What a release says about itself.
    pub description: Option<PathBuf>,
    /// What a timestamp says besides.
    pub statement: Option<PathBuf>,
    /// The transparency report.
    pub report: Option<PathBuf>,
    /// Hours between two timestamps.
    pub every: Option<NonZeroU64>,
}

/// What concerns a key that nobody has.
#[derive(Default)]
pub struct StoreKeyArguments {
    /// The holder's own file.
    pub share: Option<PathBuf>,
    /// The public key.
    pub key: Option<PathBuf>,
    /// What is signed.
    pub message: Option<PathBuf>,
    /// How many sign.
    pub threshold: Option<u16>,
    /// The name that OpenPGP knows the key by.
    pub name: Option<String>,
    /// When it was made, for OpenPGP: seconds since 1970.
    pub created: Option<u32>,
    /// When a document is signed.
    pub at: Option<u32>,
}

impl Arguments {
    /// Those that the program was started with.
    pub fn read() -> Result<Self, Failure> {
        let mut parser = lexopt::Parser::from_env();
        let (mut words, mut files) = (Vec::new(), Vec::new());
        let (mut repository, mut policy, mut verdict) = (PathBuf::from("."), None, Verdict::Approve);
        let (mut release, mut package, mut store) = (None, None, StoreKeyArguments::default());
        let (mut party, mut audit, mut site) =
            (PartyArguments::default(), AuditArguments::default(), SiteArguments::default());
        let mut served = PerParty::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("repo") => repository = parser.value()?.into(),
                Long("policy") => policy = Some(parser.value()?.string()?),
                Long("release") => release = Some(parser.value()?.string()?),
                Long("package") => package = Some(parser.value()?.into()),
                Long("share") => store.share = Some(parser.value()?.into()),
                Long("key") => store.key = Some(parser.value()?.into()),
                Long("message") => store.message = Some(parser.value()?.into()),
                Long("name") => store.name = Some(parser.value()?.string()?),
                Long("created") => store.created = Some(parser.value()?.parse()?),
                Long("at") => store.at = Some(parser.value()?.parse()?),
                Long("threshold") => store.threshold = Some(parser.value()?.parse()?),
                Long("folder") => party.folder = Some(parser.value()?.into()),
                Long("offline") => {
                    party.offline = parser.value()?.string()?.split(',').map(str::to_owned).collect();
                }
                Long("online") => party.online = Some(parser.value()?.string()?),
                Long("description") => party.description = Some(parser.value()?.into()),
                Long("statement") => party.statement = Some(parser.value()?.into()),
                Long("report") => party.report = Some(parser.value()?.into()),
                Long("every") => party.every = Some(parser.value()?.parse()?),
                Long("from") => audit.from = Some(parser.value()?.string()?),
                Long("joint") => audit.joint = Some(parser.value()?.into()),
                Long("served") => put(&mut served, "--served", &parser.value()?.string()?)?,
                Long("root") => put(&mut audit.roots, "--root", &parser.value()?.string()?)?,
                Long("roots") => audit.fingerprint = Some(parser.value()?.string()?),
                Long("installed") => audit.installed = Some(parser.value()?.into()),
                Long("html") => audit.html = Some(parser.value()?.into()),
                Long("host") => site.host = Some(parser.value()?.string()?),
                Long("onion") => site.onion = Some(parser.value()?.string()?),
                Long("reject") => verdict = Verdict::Reject,
                Value(word) if words.len() < 2 => words.push(word.string()?),
                Value(word) => files.push(word.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        let Ok([command, what]) = <[String; 2]>::try_from(words) else {
            return Err(Failure::Usage("give a command and what it is about".into()));
        };
        if !matches!(command.as_str(), "assemble" | "store-key" | "party") && !files.is_empty() {
            return Err(Failure::Usage("give one thing that the command is about".into()));
        }
        Ok(Self {
            command,
            what,
            files,
            repository,
            policy,
            verdict,
            release,
            package,
            served,
            store,
            party,
            audit,
            site,
        })
    }
}

/// Takes a value of the form `PARTY=PATH`.
fn put(paths: &mut PerParty<Option<PathBuf>>, option: &str, value: &str) -> Result<(), Failure> {
    let named = value.split_once('=');
    let named = named.and_then(|(name, path)| Some((Party::ALL.into_iter().find(|party| party.name() == name)?, path)));
    let Some((party, path)) = named else {
        return Err(Failure::Usage(format!("{option} {value}: give development=, quality= or security= and a path")));
    };
    if paths.of_mut(party).replace(PathBuf::from(path)).is_some() {
        return Err(Failure::Usage(format!("{option} {}: given twice", party.name())));
    }
    Ok(())
}
