//! Drives one TUF repository from outside: `init`, `refresh`, `download`, as the TUF conformance suite's client
//! contract says; and checks proofs of forks (`fork`). Exit code 0 if all went well, 1 if not.

mod arguments;

use arguments::{Arguments, Command};
use bulkhead_fetch::address::Address;
use bulkhead_fetch::dial::Dialer;
use bulkhead_fetch::mirrors::Mirrors;
use bulkhead_fetch::pace::Patience;
use bulkhead_fetch::refresh::{Source, refresh};
use bulkhead_fetch::store::{Store, replace};
use bulkhead_fetch::{Trouble, provider};
use bulkhead_trust::proof::Proof;
use bulkhead_trust::read::signed_bytes;
use bulkhead_trust::{Digest, Fork};
use sigstore_tuf::Updater;
use std::error::Error;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use tokio_rustls::rustls::RootCertStore;

/// The longest proof that is read, in bytes: it may come from anyone.
const LONGEST_PROOF: u64 = 256 * 1024 * 1024;
/// Bytes that one run may fetch.
const BUDGET: u64 = 1 << 30;

fn main() -> ExitCode {
    match arguments::read(std::env::args_os().skip(1)).map_err(Into::into).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-tuf: {}", said(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    provider::install();
    if let Command::Fork(proof, root) = &arguments.command {
        return fork(proof, root);
    }
    let trusted = arguments.metadata_dir.join("root.json");
    if let Command::Init(root) = &arguments.command {
        return Ok(replace(&trusted, &std::fs::read(root)?)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let source = Source {
            metadata: mirrors(arguments, &arguments.metadata)?,
            targets: mirrors(arguments, &arguments.targets)?,
        };
        let store = Store::new(&arguments.metadata_dir);
        let now = jiff::Timestamp::now();
        let mut updater = refresh(&source, &store, &std::fs::read(&trusted)?, now).await?;
        if let Command::Download = arguments.command {
            for name in &arguments.names {
                let folder = arguments.target_dir.as_ref().ok_or("--target-dir is missing")?;
                download(&mut updater, name, folder, now).await?;
            }
        }
        Ok(())
    })
}

/// Says what a proof proves to whoever trusts the root in this file.
fn fork(proof: &Path, root: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    std::fs::File::open(proof)?.take(LONGEST_PROOF.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len())? > LONGEST_PROOF {
        return Err("the file is longer than a proof can be".into());
    }
    let proof: Proof = serde_json::from_slice(&bytes)?;
    let root = Digest::of(&signed_bytes(&std::fs::read(root)?)?);
    let Fork { party, of, ours, theirs } = proof.verify(root)?;
    println!("{party} has signed two histories ({of:?}):\n{ours}\n{theirs}");
    Ok(())
}

fn mirrors(arguments: &Arguments, list: &[Address]) -> Result<Mirrors, Trouble> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let dialer = Dialer::new(roots, arguments.socks.clone())?;
    Ok(Mirrors::new(dialer, list.to_vec(), "bulkhead-tuf", BUDGET, Patience::default()))
}

/// Downloads a target unless it is there already; it is stored once it is verified.
async fn download(
    updater: &mut Updater,
    name: &str,
    folder: &Path,
    now: jiff::Timestamp,
) -> Result<(), Box<dyn Error>> {
    let target = updater.get_target_info(name, now).await?.ok_or("no role lists the target")?;
    let path = folder.join(inside(name).ok_or("the target's name is no file name")?);
    let there = std::fs::read(&path).is_ok_and(|bytes| {
        let digest = |kind: &str| match kind {
            "sha256" => Some(sigstore_crypto::sha256(&bytes).to_hex()),
            "sha512" => Some(sigstore_crypto::sha512(&bytes).to_hex()),
            _ => None,
        };
        let same = |(kind, hex): (&String, &String)| digest(kind).is_none_or(|digest| digest.eq_ignore_ascii_case(hex));
        let known = target.hashes.keys().any(|kind| digest(kind).is_some());
        bytes.len() as u64 == target.length && known && target.hashes.iter().all(same)
    });
    if !there {
        replace(&path, &updater.download_target(&target, name).await?)?;
    }
    Ok(())
}

/// A path that stays in its folder. `None` if there is none in the name.
fn inside(name: &str) -> Option<PathBuf> {
    let parts = Path::new(name).components();
    let path: PathBuf = parts.filter(|part| matches!(part, Component::Normal(_))).collect();
    (!path.as_os_str().is_empty()).then_some(path)
}

fn said(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
