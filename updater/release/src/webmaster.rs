//! `bundle` and `site`: the file that people download, and the pages about it.

use crate::Failure;
use crate::arguments::Arguments;
use crate::commands::now;
use bulkhead_first::make::make;
use bulkhead_site::{Site, is_host, is_onion, make_site};
use bulkhead_trust::PerParty;
use std::path::{Path, PathBuf};

/// Makes the file.
pub fn bundle(given: &Arguments) -> Result<(), Failure> {
    let to = Path::new(&given.what);
    let mut scratch = to.file_name().unwrap_or_default().to_owned();
    scratch.push(".partial");
    let made = make(&served(given)?, to, &to.with_file_name(scratch), now())
        .map_err(|error| Failure::one(sentence(&error)))?;
    println!("{}", made.verified);
    Ok(())
}

/// Makes the pages.
pub fn site(given: &Arguments) -> Result<(), Failure> {
    let host = given.site.host.as_deref().filter(|host| is_host(host));
    let host = host.ok_or_else(|| Failure::Usage("give --host, as download.example.org".into()))?;
    let onion = given.site.onion.as_deref();
    if onion.is_some_and(|onion| !is_onion(onion)) {
        return Err(Failure::Usage(
            "--onion takes the name of an onion service of version 3, as tor wrote it into `hostname`".into(),
        ));
    }
    let served = served(given)?;
    let verified = make_site(&Site { served: &served, host, onion }, Path::new(&given.what), now());
    println!("{}", verified.map_err(|error| Failure::one(sentence(&error)))?);
    println!("The site is in {}: have nginx include its nginx.conf, and tor its torrc.", given.what);
    Ok(())
}

fn served(given: &Arguments) -> Result<PerParty<PathBuf>, Failure> {
    PerParty::try_make(|party| {
        let folder = given.served.of(party).clone();
        folder.ok_or_else(|| {
            Failure::Usage(format!("give --served {}=FOLDER, the folder that its mirrors copy", party.name()))
        })
    })
}

/// Addressed to those who publish: whatever is refused here would be by everybody.
fn sentence(error: &dyn std::error::Error) -> String {
    format!("nothing was changed: {error}")
}
