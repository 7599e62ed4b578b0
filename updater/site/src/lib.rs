//! The download site: pages without scripts about one file, and how a web server and an onion service serve them.
//!
//! Everything is made of what the three parties serve, and only if an installer would accept it. A page is text and one style sheet:
//! nothing on it runs, and nothing on it comes from anywhere else.
//!
//! ```text
//! <out>/www/            what the web server shows
//!       nginx.conf      a server for it: TLS only, strict headers, no record of who came
//!       torrc           the onion service before it
//! ```

mod address;
mod page;
mod pages;
mod releases;
mod serving;

pub use address::{is_host, is_onion};
pub use page::text;

use bulkhead_first::make::make;
use bulkhead_first::{Verified, disk};
use bulkhead_trust::{PerParty, Time};
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// What the parties serve is no download.
    #[error(transparent)]
    File(#[from] bulkhead_first::Error),
    /// The release's name is no part of a file's name.
    #[error("the release is called `{0}`: a file on the site is named by up to 64 letters, digits, dots and hyphens")]
    Name(String),
    /// There is something else.
    #[error("{0} is no part of a site that this program made: choose another folder, or move it away")]
    Occupied(PathBuf),
}

/// What the site is made of.
pub struct Site<'a> {
    /// The folders that the parties' mirrors copy.
    pub served: &'a PerParty<PathBuf>,
    /// The site's name, such as `download.example.org`.
    pub host: &'a str,
    /// Its onion service, once there is one: 56 letters and digits, and `.onion`.
    pub onion: Option<&'a str>,
}

/// What is beside the pages.
const BESIDE: [&str; 3] = ["www", "nginx.conf", "torrc"];

/// Makes the site in `out`, or makes it anew there: visitors see the old one or the new one.
pub fn make_site(site: &Site<'_>, out: &Path, now: Time) -> Result<Verified, Error> {
    let out = &std::path::absolute(out).map_err(|error| Error::Io(out.to_owned(), error))?;
    let old = match fs::read_dir(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Error::Io(out.clone(), error)),
        Ok(entries) => {
            let names: Result<Vec<_>, _> = entries.map(|entry| Ok(entry?.file_name())).collect();
            let names = names.map_err(|error: io::Error| Error::Io(out.clone(), error))?;
            let whole = BESIDE.iter().all(|name| names.iter().any(|found| found == name));
            // All of it is replaced, so what is no part of a site must not be there.
            let other = names.iter().find(|found| !whole || BESIDE.iter().all(|name| found != name));
            if let Some(other) = other {
                return Err(Error::Occupied(out.join(other)));
            }
            true
        }
    };
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let new = out.with_file_name(name);
    let at = |error| Error::Io(new.clone(), error);
    // What an attempt before this one left.
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
        _ => fs::create_dir_all(new.join("www")).map_err(at)?,
    }
    let made = fill(site, &new, out, now).and_then(|verified| {
        disk::sync_all(&new).map_err(at)?;
        if old {
            renameat2(AT_FDCWD, &new, AT_FDCWD, out, RenameFlags::RENAME_EXCHANGE).map_err(|error| at(error.into()))?;
        } else {
            fs::rename(&new, out).map_err(at)?;
        }
        disk::sync(out.parent().unwrap_or(Path::new("/"))).map_err(at)?;
        Ok(verified)
    });
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound && made.is_ok() => Err(at(error)),
        _ => made,
    }
}

fn fill(site: &Site<'_>, new: &Path, out: &Path, now: Time) -> Result<Verified, Error> {
    let www = new.join("www");
    let made = make(site.served, &www.join("file"), &new.join("scratch"), now)?;
    let version = made.verified.listing.release.version.clone();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if version.is_empty() || version.len() > 64 || !version.chars().all(plain) {
        return Err(Error::Name(version));
    }
    let file = format!("bulkhead-{version}.tar");
    fs::rename(www.join("file"), www.join(&file)).map_err(|error| Error::Io(www.join(&file), error))?;
    let put = |name: &str, text: &str| {
        let path = new.join(name);
        disk::replace(&path, text.as_bytes()).map_err(|error| Error::Io(path, error))
    };
    let about = pages::About { made: &made, file: &file, site, now };
    put("www/index.html", &pages::download(&about))?;
    put("www/verify.html", &pages::verify(&about))?;
    put("www/releases.html", &pages::releases(&about, &releases::all(&made.parties)))?;
    put("www/404.html", &pages::missing(&about))?;
    put("www/style.css", include_str!("style.css"))?;
    put("www/icon.svg", bulkhead_first::menu::ICON)?;
    let mut sums = String::new();
    let _ = writeln!(sums, "{}  {file}", made.verified.file);
    put("www/SHA256SUMS", &sums)?;
    put("nginx.conf", &serving::nginx(site, &out.join("www")))?;
    put("torrc", &serving::torrc())?;
    Ok(made.verified)
}
