//! The build in its root: twice, as differently as one machine can, of two small programs.
//!
//! One of them says all that it can find out where it is built, but for the clock, and must come out the same. The other one
//! says the time, too, and must be found out. What is fetched for this (`updater/release/build/fetch.sh`) lies in
//! `target/fetched`, or where `BULKHEAD_FETCHED` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the programs know when they are compiled. Only how many cores there are is left out, which cargo tells build scripts,
/// and the numbers of the pipes that it hands them.
const ASKS: &str = r##"
use std::process::Command;
fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap();
    format!("{program}: {}", String::from_utf8_lossy(&output.stdout))
}
fn main() {
    let mut lines: Vec<String> = std::env::vars()
        .filter(|(name, _)| !["NUM_JOBS", "CARGO_MAKEFLAGS", "LD_PRELOAD"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}")).collect();
    lines.sort();
    lines.push(said("id", &[]));
    lines.push(said("uname", &["--nodename"]));
    lines.push(said("date", &["+%Z", "--date=@0"]));
    lines.push(said("sh", &["-c", "umask; pwd; stat -c '%A %u %g %Y %n' /source/* /source/src/*; ls /; locale; cat /proc/net/dev"]));
    CLOCK
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/found"), lines.join("\n")).unwrap();
    let c = format!("{out}/c.c");
    std::fs::write(&c, "const char *c(void) { return __DATE__ \" \" __TIME__ \" \" __FILE__; }").unwrap();
    assert!(Command::new("cc").args(["-g", "-c", "-o", &format!("{out}/c.o"), &c]).status().unwrap().success());
    assert!(Command::new("ar").args(["crs", &format!("{out}/libc_part.a"), &format!("{out}/c.o")]).status().unwrap().success());
    println!("cargo:rustc-link-search={out}\ncargo:rustc-link-lib=static=c_part");
}
"##;
const SAYS: &str = r#"
unsafe extern "C" { fn c() -> *const std::ffi::c_char; }
fn main() {
    println!("{} {}", include_str!(concat!(env!("OUT_DIR"), "/found")), file!());
    println!("{:?}", unsafe { std::ffi::CStr::from_ptr(c()) });
}
"#;
/// In place of the real one, which takes longer to compile.
const PACKS: &str = r#"
fn main() {
    let words: Vec<String> = std::env::args().collect();
    std::fs::copy(format!("{}/bin/bulkhead-tells", words[1]), &words[3]).unwrap();
    std::fs::copy(&words[2], format!("{}/metadata/release.json", words[1])).unwrap();
}
"#;

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A repository with these programs and this build.
fn repository(at: &Path, build: &Path, debian: &Path) {
    let lock = r#"version = 4

[[package]]
name = "bulkhead-pack"
version = "0.1.0"

[[package]]
name = "bulkhead-steady"
version = "0.1.0"

[[package]]
name = "bulkhead-tells"
version = "0.1.0"
"#;
    write(at.join("Cargo.lock"), lock);
    write(
        at.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"pack\", \"steady\", \"tells\"]\n[profile.release]\nstrip = true\n",
    );
    let clock = r#"lines.push(format!("{}", std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()));"#;
    for (name, asks) in [("steady", ASKS.replace("CLOCK", "")), ("tells", ASKS.replace("CLOCK", clock))] {
        let manifest = format!("[package]\nname = \"bulkhead-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(at.join(name).join("Cargo.toml"), &manifest);
        write(at.join(name).join("build.rs"), &asks.replace("/source/src", &format!("/source/{name}/src")));
        write(at.join(name).join("src/main.rs"), SAYS);
        write(at.join(format!("sandbox-rules/rules/{name}.json")), "{\"version\": 1}");
    }
    write(at.join("pack/Cargo.toml"), "[package]\nname = \"bulkhead-pack\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    write(at.join("pack/src/main.rs"), PACKS);
    let folder = at.join("updater/release/build");
    write(folder.join("programs"), "bulkhead-steady bulkhead-steady\nbulkhead-tells bulkhead-tells\n");
    for name in ["about.json", "build.sh", "clock.c", "inside.sh", "toolchain.sha256"] {
        fs::copy(build.join(name), folder.join(name)).unwrap();
    }
    fs::copy(debian, folder.join("debian.lock")).unwrap();
    fs::copy(build.join("../../../rust-toolchain.toml"), at.join("rust-toolchain.toml")).unwrap();
    let git = |words: &[&str]| {
        let person = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        assert!(Command::new("git").arg("-C").arg(at).args(person).args(words).status().unwrap().success());
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Two programs"]);
}

#[test]
fn what_is_built_depends_on_the_commit_alone_and_what_does_not_is_named() {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let fetched =
        std::env::var_os("BULKHEAD_FETCHED").map_or_else(|| build.join("../../../target/fetched"), PathBuf::from);
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("repository");
    // Mirrors drop packages that were replaced. Two builds are compared no worse in a root of today's.
    let today = fetched.join("today.lock");
    repository(&at, build, &if today.exists() { today } else { build.join("debian.lock") });
    let mut twice = Command::new(build.join("twice.sh"));
    let output = twice.arg(&at).arg(&fetched).arg(scratch.path().join("twice")).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}{wrong}");
    let named: Vec<&str> = said.lines().filter(|line| line.contains(": differs first in ")).collect();
    let [line] = named[..] else { panic!("{said}{wrong}") };
    assert!(line.starts_with("bin/bulkhead-tells: differs first in section .rodata, at its byte "), "{said}{wrong}");
}
