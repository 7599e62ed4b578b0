//! One look at what the parties publish: fetch, stage, decide, and fetch the package that the decision names.

use crate::arguments::Arguments;
use bulkhead_fetch::Trouble;
use bulkhead_fetch::address::Address;
use bulkhead_fetch::dial::Dialer;
use bulkhead_fetch::mirrors::Mirrors;
use bulkhead_fetch::pace::Patience;
use bulkhead_fetch::package;
use bulkhead_fetch::stage::{Came, Failure, all};
use bulkhead_staging::{Given, Parties, Wanted, begin, finish, part};
use bulkhead_trust::{Candidate, Decision, LONGEST_PACKAGE, Listing, Party, PartyView, PerParty, Time, decide};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_rustls::rustls::RootCertStore;

/// How long one look may take altogether. A download goes on at the next.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// Bytes of metadata that one party may cost.
const METADATA: u64 = 64 * 1024 * 1024;
/// So many times a package's length may be fetched until it is right.
const ATTEMPTS: u64 = 4;
/// Mirrors of one party that are ever asked.
const MOST_MIRRORS: usize = 32;

/// Why not all is staged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime could not be made.
    #[error("the event loop could not be started: {0}")]
    Runtime(std::io::Error),
    /// The rules could not be laid on.
    #[error(transparent)]
    Rules(#[from] bulkhead_rules::Error),
    /// The staging folder.
    #[error(transparent)]
    Staging(#[from] bulkhead_staging::Error),
    /// A party's list of mirrors.
    #[error("the list of mirrors of {0} cannot be used: {1}")]
    Mirrors(Party, Trouble),
    /// A party's files did not come.
    #[error("what {0} publishes could not be fetched: {1}. Try again later, or on another network")]
    Party(Party, Trouble),
    /// The package did not come.
    #[error("the package could not be fetched: {0}. What has come is kept; try again later, or on another network")]
    Package(Trouble),
    /// The package is longer than any can be.
    #[error("the package is {0} bytes long, which is more than is ever fetched")]
    TooLong(u64),
}

/// Fetches, stages and decides; then fetches the package if there is one to fetch.
pub async fn run(arguments: &Arguments) -> Result<(), Error> {
    match tokio::time::timeout(LONGEST, look(arguments)).await {
        Ok(result) => result,
        Err(_) => Err(Error::Package(Trouble::Slow)),
    }
}

async fn look(arguments: &Arguments) -> Result<(), Error> {
    let staging = arguments.staging.as_path();
    let given = Given::read(staging)?;
    let source = Source { parties: &given.parties, socks: arguments.socks.as_ref(), circuit: circuit() };
    let mirrors = PerParty::try_make(|party| source.metadata(party))?;
    let now = now();
    let came = all(&mirrors, &given.state, &given.roots, now).await;
    let mut last = Ok(());
    for party in Party::ALL {
        match came.of(party) {
            Ok((staged, _)) => staged.write(staging, party, given.state.parties.of(party))?,
            // The launcher judges for itself, and needs the files to say why.
            Err(Failure::Refused(_, staged)) => staged.write(staging, party, given.state.parties.of(party))?,
            Err(Failure::Mirrors(trouble)) => last = Err(Error::Party(party, *trouble)),
        }
    }
    last?;
    let Some(parties) = views(came) else { return Ok(()) };
    match decide(&given.state, &Candidate { parties, package: None }, now) {
        Decision::Download { release, .. } => download(staging, &source, &release).await,
        _ => Ok(()),
    }
}

fn views(came: PerParty<Came>) -> Option<PerParty<PartyView>> {
    let view = |came: Came| came.ok().map(|(_, view)| view);
    let PerParty { development, quality, security } = came;
    Some(PerParty { development: view(development)?, quality: view(quality)?, security: view(security)? })
}

/// Fetches a release's package from any party's mirrors: its digest says whether it is the one.
async fn download(staging: &Path, source: &Source<'_>, release: &Listing) -> Result<(), Error> {
    if release.length > LONGEST_PACKAGE {
        return Err(Error::TooLong(release.length));
    }
    begin(staging, Wanted::of(release))?;
    let budget = release.length.saturating_mul(ATTEMPTS).saturating_add(METADATA);
    let mirrors = source.packages(budget)?;
    let path = format!("releases/{}/{}.package", release.release.number, release.sha256);
    let wanted = package::Wanted { path: &path, length: release.length, sha256: release.sha256 };
    package::fetch(&mirrors, wanted, &part(staging), |_| ()).await.map_err(Error::Package)?;
    Ok(finish(staging)?)
}

/// Where everything comes from.
struct Source<'a> {
    parties: &'a Parties,
    socks: Option<&'a (String, u16)>,
    /// Separates this look from others at a proxy.
    circuit: String,
}

impl Source<'_> {
    fn metadata(&self, party: Party) -> Result<Mirrors, Error> {
        let list = self.list(party, "metadata")?;
        self.mirrors(list, party.name(), METADATA).map_err(|trouble| Error::Mirrors(party, trouble))
    }

    fn packages(&self, budget: u64) -> Result<Mirrors, Error> {
        let mut list = Vec::new();
        for party in Party::ALL {
            list.extend(self.list(party, "targets")?);
        }
        self.mirrors(list, "package", budget).map_err(Error::Package)
    }

    fn list(&self, party: Party, part: &str) -> Result<Vec<Address>, Error> {
        let list = self.parties.of(party).iter().take(MOST_MIRRORS);
        let address = |text: &String| Address::parse(&format!("{}/{part}/", text.trim_end_matches('/')));
        list.map(address).collect::<Result<_, _>>().map_err(|trouble| Error::Mirrors(party, trouble))
    }

    fn mirrors(&self, list: Vec<Address>, name: &str, budget: u64) -> Result<Mirrors, Trouble> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let dialer = Dialer::new(roots, self.socks.cloned())?;
        let circuit = format!("{} {name}", self.circuit);
        Ok(Mirrors::new(dialer, list, &circuit, budget, Patience::default()))
    }
}

/// A name that no other look has: two looks are two circuits, which nobody at the proxy's end can put together.
fn circuit() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::try_from(since.as_secs()).unwrap_or(Time::MAX)
}
