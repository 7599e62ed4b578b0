//! The pages' words.

use crate::Site;
use crate::page::{code, number, page, size, text};
use crate::releases::Told;
use bulkhead_first::make::Made;
use bulkhead_first::report::{plain, time};
use bulkhead_trust::{Party, Time};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the pages are about.
pub struct About<'a> {
    /// The file, and what was verified of it.
    pub made: &'a Made,
    /// Its name on the site.
    pub file: &'a str,
    /// Where the site is.
    pub site: &'a Site<'a>,
    /// When it was made.
    pub now: Time,
}

impl About<'_> {
    fn page(&self, name: &str, title: &str, body: &str) -> String {
        let onion = self.site.onion.map_or(String::new(), |onion| {
            format!("<p>The same as an onion service: <a href=\"http://{0}/\">{0}</a></p>\n", text(onion))
        });
        let foot = format!(
            "{onion}<p>Made {} for {}. No script, no cookie, nothing from elsewhere, and no record of who came.</p>\n",
            time(self.now),
            text(self.site.host)
        );
        page(name, title, body, &foot)
    }

    fn version(&self) -> String {
        text(&plain(&self.made.verified.listing.release.version))
    }
}

/// `index.html`
pub fn download(about: &About<'_>) -> String {
    let (file, made) = (about.file, about.made);
    let body = format!(
        "<h1>A messenger that cannot quietly be turned against you</h1>\n\
         <p class=\"lead\">Bulkhead is an end-to-end encrypted desktop messenger, built so that nobody who is ordered to can quietly \
         betray its users: not who writes it, not who tests it, and not who serves this page.</p>\n\
         <p><a class=\"button\" href=\"/{file}\" download>Download Bulkhead {version}</a></p>\n\
         <p class=\"small\">For Linux (x86-64, kernel 5.19 or newer: Debian 12, Ubuntu 24.04). {size}. SHA-256:</p>\n{sum}\
         <h2>Install it</h2>\n\
         <p>In the folder where the file is. The second line verifies everything first, and installs nothing that is not what three parties have signed.</p>\n{steps}\
         <p>Then it is in your desktop's menu. It needs no administrator, lies in your home folder, and keeps itself up to date.</p>\n\
         <h2>Do not take our word for it</h2>\n\
         <p>Three independent parties each build every release, and each sign it with keys that two people have to use. What you compare \
         is one number, the fingerprint of their first keys. All else follows from it.</p>\n{roots}\
         <p>The installer shows the same number. <a href=\"/verify.html\">How to compare it, and to verify without us</a>.</p>\n\
         <h2>New in {version}</h2>\n\
         <p>{changes}</p>\n",
        version = about.version(),
        size = size(made.length),
        sum = number(&made.verified.file.to_string()),
        steps = code(&format!("tar -xf {file} bulkhead-install\n./bulkhead-install {file}")),
        roots = number(&made.verified.roots.all.to_string()),
        changes = text(&plain(&made.verified.listing.release.changes)),
    );
    about.page("index.html", "Bulkhead: download", &body)
}

/// `verify.html`
pub fn verify(about: &About<'_>) -> String {
    let (file, made) = (about.file, about.made);
    let roots = &made.verified.roots;
    let mut rows = String::new();
    let mut mirrors = String::new();
    for party in Party::ALL {
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td></tr>",
            title(party),
            roots.each.of(party)
        );
        for mirror in made.mirrors.of(party) {
            let address = text(&plain(mirror));
            let _ = writeln!(mirrors, "<li>{}: <code>{address}/metadata/1.root.json</code></li>", title(party));
        }
    }
    let body = format!(
        "<h1>Verify what you downloaded</h1>\n\
         <h2>In one command</h2>\n\
         <p>It needs no network. With the fingerprint from a place that you trust, it accepts nothing from anybody else.</p>\n{one}\
         <p>Whoever has Bulkhead already can verify your file with their installer, in <code>~/.local/lib/bulkhead/releases/</code>.</p>\n\
         <h2>The number to compare</h2>\n\
         <p>The SHA-256 of the three parties' first roots, one after the other:</p>\n{all}\
         <p>This page can lie; there are three parties so that no one of them can. Compare the number with what each of \
         them shows, on another device and through another network if you can. For each root alone:</p>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Fingerprints of the first roots\"><table>\n\
         <thead><tr><th scope=\"col\">Party</th><th scope=\"col\">SHA-256 of its first root</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n\
         <p>The parties' mirrors serve these files:</p>\n<ul>\n{mirrors}</ul>\n\
         <h2>With tools that you have</h2>\n\
         <p>That the file arrived whole (it should say OK):</p>\n{sums}\
         <p>The number above, from the file:</p>\n{stock}\
         <p>The package, which must be what <code>development/targets.json</code>, <code>quality/targets.json</code> and \
         <code>security/targets.json</code> in the file each list as <code>sha256</code>:</p>\n{package}\
         <p>It is <code>{sha256}</code>. The lists and roots are those of The Update Framework \
         (TUF 1.0); any client of it can follow them from the first root on.</p>\n\
         <p>The installer beside the package is the one inside it, which all three parties have built: these two lines print the same.</p>\n{inner}\
         <h2>What this proves, and what not</h2>\n\
         <ul>\n\
         <li>All three parties have signed exactly this package, two people of each at least, and have said so within the last days.</li>\n\
         <li>It is the newest one that all three list, and none of them has told two stories since its first day.</li>\n\
         <li>It does not prove who the parties are. That is what the number is compared for.</li>\n\
         <li>It does not prove that there is no mistake in the program. For that, its source can be read, and built again to the same bits.</li>\n\
         </ul>\n",
        one = code(&format!("./bulkhead-install --verify-only --roots \\\n  {} \\\n  {file}", roots.all)),
        all = number(&roots.all.to_string()),
        sums = code("sha256sum -c SHA256SUMS"),
        stock = code(&format!(
            "tar -xOf {file} development/1.root.json \\\n  quality/1.root.json security/1.root.json | sha256sum"
        )),
        package = code(&format!("tar -xOf {file} package | sha256sum")),
        sha256 = made.verified.listing.sha256,
        inner = code(&format!(
            "tar -xOf {file} bulkhead-install | sha256sum\n\
             tar -xOf {file} package | tar -xzO bin/bulkhead-install | sha256sum"
        )),
    );
    about.page("verify.html", "Bulkhead: verify", &body)
}

/// `releases.html`
pub fn releases(about: &About<'_>, all: &BTreeMap<u64, Told>) -> String {
    let mut chain = String::new();
    for (number, told) in all.iter().rev() {
        let by = match told.by.len() {
            3 => "Listed by all three parties.".to_owned(),
            _ => {
                let names: Vec<&str> = told.by.iter().map(|party| title(*party)).collect();
                format!("Listed by {} only: it is installed nowhere.", names.join(" and "))
            }
        };
        let _ = writeln!(
            chain,
            "<li><h3>{} <span class=\"small\">release {number}</span></h3>\n<p>{}</p>\n<p class=\"small\">{by} Package of {}, SHA-256 <code>{}</code></p></li>",
            text(&told.version),
            text(&told.changes),
            size(told.length),
            told.sha256
        );
    }
    let mut parties = String::new();
    for party in Party::ALL {
        let said = about.made.verified.parties.of(party);
        let report = if said.report.trim().is_empty() { "None." } else { &said.report };
        let _ = writeln!(
            parties,
            "<section aria-labelledby=\"{name}\">\n<h3 id=\"{name}\">{title}</h3>\n\
             <blockquote><p>{}</p></blockquote>\n\
             <dl>\n<dt>Transparency report</dt><dd>{}</dd>\n\
             <dt>Signed</dt><dd><time>{}</time>, counts until {}</dd>\n\
             <dt>Signatures</dt><dd>{} of {} keys</dd>\n\
             <dt>Last root</dt><dd>number {}, <code>{}</code></dd>\n\
             <dt>Last list</dt><dd>number {}, <code>{}</code></dd>\n</dl>\n</section>",
            text(&said.statement),
            text(report),
            time(said.signed),
            time(said.expires),
            said.keys.1,
            said.keys.0,
            said.roots.0,
            said.roots.1,
            said.lists.0,
            said.lists.1,
            name = party.name(),
            title = title(party),
        );
    }
    let body = format!(
        "<h1>Releases, and what the parties say</h1>\n\
         <p>Each list of releases names the one before it by its hash, back to the first, so a list with another past is another list. Compare the last \
         ones below with what others see: two that differ under one number prove that a party tells two stories.</p>\n\
         <h2>Statements</h2>\n\
         <p>Each party signs one every day, with words that a person wrote. If they end, or change, ask why.</p>\n{parties}\
         <h2>The chain of releases</h2>\n<ol class=\"chain\" reversed>\n{chain}</ol>\n"
    );
    about.page("releases.html", "Bulkhead: releases", &body)
}

/// `404.html`
pub fn missing(about: &About<'_>) -> String {
    let body = "<h1>There is nothing here</h1>\n<p>An older file, perhaps: the one to download is made anew every day. \
                <a href=\"/index.html\">To the download</a>.</p>\n";
    about.page("404.html", "Bulkhead: not found", body)
}

const fn title(party: Party) -> &'static str {
    match party {
        Party::Development => "Development",
        Party::Quality => "Quality",
        Party::Security => "Security",
    }
}
