//! Holds Rust types and a CDDL schema against each other; used for the lines and for the content.

#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

pub mod item;
pub mod shape;

use item::{FLAWS, Item, hex};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use shape::Shape;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The folder `ipc`, as seen from any package of the workspace.
pub fn ipc() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("ipc")).find(|folder| folder.join("schema").is_dir()).unwrap()
}

/// Packets of more items than this are not given to zcbor: it takes up to seconds for each.
const MOST_FOR_JUDGE: usize = 250;
/// Random instances of each rule.
const RANDOM: usize = 60;

/// A schema: its files, and its rules that no other rule uses.
pub struct Schema {
    files: Vec<PathBuf>,
    pub roots: BTreeMap<String, Shape>,
}

/// What an independent validator has to say about these packets: rule, bytes, and whether they should be legal.
pub type Claims = Vec<(String, Vec<u8>, bool)>;

/// Python with cddlparser and zcbor, installed under `target` once.
fn python() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cddl-venv");
        let (python, done) = (folder.join("bin/python"), folder.join("complete"));
        let wanted = include_str!("requirements.txt");
        if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
            return python;
        }
        // Two test programs may come here at once: each builds its own, and the first to finish stays.
        let fresh = folder.with_extension(std::process::id().to_string());
        run(Command::new("python3").args(["-m", "venv"]).arg(&fresh));
        let packages = wanted.split_whitespace();
        run(Command::new(fresh.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(packages));
        std::fs::write(fresh.join("complete"), wanted).unwrap();
        let _ = std::fs::remove_dir_all(&folder);
        if std::fs::rename(&fresh, &folder).is_err() {
            let _ = std::fs::remove_dir_all(&fresh);
        }
        python
    })
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn tool(word: &str, files: &[PathBuf], input: &str) -> String {
    let script = ipc().join("tests/schema/kit/tool.py");
    let mut child = Command::new(python())
        .arg(script)
        .arg(word)
        .args(files)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{word} {files:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Schema {
    /// Reads a schema with the independent parser.
    pub fn read(names: &[&str]) -> Self {
        let files: Vec<_> = names.iter().map(|name| ipc().join("schema").join(name)).collect();
        let rules: BTreeMap<String, Value> = serde_json::from_str(&tool("shapes", &files, "")).unwrap();
        // What only the shared file has is used by other lines.
        let roots = rules.into_iter().map(|(name, value)| (name, Shape::read(&value)));
        let roots = roots.filter(|(name, _)| names[0].starts_with(name.split('-').next().unwrap()) || name == "bundle");
        Self { files, roots: roots.collect() }
    }

    /// Asks zcbor; returns how many packets it has judged.
    pub fn judge(&self, claims: &Claims) -> usize {
        let mut lines = String::new();
        for (rule, bytes, legal) in claims {
            let line = serde_json::json!([rule, hex(bytes), legal]);
            lines.push_str(&format!("{line}\n"));
        }
        let count = tool("judge", &self.files, &lines).trim().parse().unwrap();
        assert_eq!(count, claims.len());
        count
    }
}

/// What a walk has tried.
#[derive(Debug, Default)]
pub struct Count {
    pub inside: usize,
    pub outside: usize,
    pub flawed: usize,
}

/// Tries everything that the schema says on a decoder. `again` reads a packet and writes what it understood, or
/// refuses; `unsaid` names the rule that an instance breaks although the schema, which cannot say it, allows it.
pub fn walk(
    rule: &str,
    shape: &Shape,
    again: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
    unsaid: &dyn Fn(&Item) -> Option<&'static str>,
    claims: &mut Claims,
) -> Count {
    let mut count = Count::default();
    let mut runner = TestRunner::deterministic();
    let strategy = shape.strategy();
    let random = (0..RANDOM).map(|at| (format!("random {at}"), strategy.new_tree(&mut runner).unwrap().current()));
    let mut seen = BTreeSet::new();
    for (what, item) in shape.inside().into_iter().chain(random) {
        assert!(shape.matches(&item), "{rule}: {what}");
        let bytes = item.encode();
        let answer = again(&bytes);
        match unsaid(&item) {
            Some(why) => assert!(answer.is_none(), "{rule}: {what} is taken although {why}"),
            None => assert!(answer.as_ref() == Some(&bytes), "{rule}: {what} is refused or changed: {}", hex(&bytes)),
        }
        shape.used(&item, "", &mut seen);
        claim(claims, rule, &item, bytes, true);
        count.inside += 1;
    }
    let mut all = BTreeSet::new();
    shape.points("", &mut all);
    assert_eq!(seen, all, "{rule}: not every choice was tried");
    for (what, item) in shape.outside() {
        let bytes = item.encode();
        assert!(again(&bytes).is_none(), "{rule}: {what} is taken: {}", hex(&bytes));
        claim(claims, rule, &item, bytes, false);
        count.outside += 1;
    }
    for (what, item) in shape.inside().into_iter().filter(|(_, item)| item.count() < 100) {
        let bytes = item.encode();
        for at in 0..item.count() {
            for wrong in FLAWS.into_iter().filter_map(|flaw| item.flawed(flaw, at)) {
                assert!(again(&wrong).is_none(), "{rule}: {what}, badly written at {at}: {}", hex(&wrong));
                count.flawed += 1;
            }
        }
        for end in (0..bytes.len()).take(600) {
            assert!(again(&bytes[..end]).is_none(), "{rule}: {what}, cut off at {end}");
        }
        assert!(again(&[&bytes[..], &[0]].concat()).is_none(), "{rule}: {what}, with a byte more");
    }
    count
}

/// Notes a packet for the independent validator.
pub fn claim(claims: &mut Claims, rule: &str, item: &Item, bytes: Vec<u8>, legal: bool) {
    if item.count() <= MOST_FOR_JUDGE {
        claims.push((rule.to_owned(), bytes, legal));
    }
}
