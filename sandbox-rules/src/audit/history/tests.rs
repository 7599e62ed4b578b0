use super::judge;
use crate::Process;
use crate::audit::Collection;
use crate::rules::Release;
use std::path::{Path, PathBuf};

/// A rules folder of ui alone.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-history-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("released")).expect("a folder");
        Self(path)
    }

    fn put(&self, name: &str, version: u32, release: &str, change: (&str, &str)) {
        let shipped = include_str!("../../../rules/ui.json");
        let text = shipped
            .replacen("\"version\": 1", &format!("\"version\": {version}"), 1)
            .replacen("\"release\": \"0.1.0\"", &format!("\"release\": \"{release}\""), 1)
            .replacen(change.0, change.1, 1);
        std::fs::write(self.0.join(name), text).expect("written");
    }

    fn judged(&self, own: &str) -> Vec<String> {
        let rules = Collection::read(&self.0).expect("rules");
        assert_eq!(rules.processes().collect::<Vec<_>>(), [Process::Ui]);
        judge(&self.0, &rules.rules, own.parse().expect("a release")).expect("judged")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SAME: (&str, &str) = ("", "");
const REWORDED: (&str, &str) = ("waits for its two lines", "waits until a line has something");
const WIDER: (&str, &str) =
    ("{\"call\": \"poll\"", "{\"call\": \"ppoll\", \"why\": \"one more call\"}, {\"call\": \"poll\"");
const ERRNO: (&str, &str) = ("\"errno\": \"EPERM\"", "\"errno\": \"EACCES\"");

fn one(found: &[String], words: &str) {
    assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
}

#[test]
fn before_the_first_release_version_1_may_change() {
    let folder = Folder::new("first");
    for change in [SAME, WIDER] {
        folder.put("ui.json", 1, "0.1.0", change);
        assert_eq!(folder.judged("0.1.0"), [""; 0]);
    }
    folder.put("ui.json", 2, "0.1.0", SAME);
    one(&folder.judged("0.1.0"), "the next one is 1");
}

#[test]
fn a_released_version_keeps_its_meaning() {
    let folder = Folder::new("meaning");
    folder.put("released/ui-1.json", 1, "0.1.0", SAME);
    for change in [SAME, REWORDED] {
        folder.put("ui.json", 1, "0.1.0", change);
        assert_eq!(folder.judged("0.1.0"), [""; 0]);
        assert_eq!(folder.judged("0.3.0"), [""; 0]);
    }
    for change in [WIDER, ERRNO] {
        folder.put("ui.json", 1, "0.1.0", change);
        one(&folder.judged("0.2.0"), "raise `version` to 2 and set `release` to 0.2.0");
    }
    folder.put("ui.json", 1, "0.2.0", SAME);
    one(&folder.judged("0.2.0"), "version 1 shipped with 0.1.0: set `release` to that");
}

#[test]
fn a_new_version_is_the_next_and_of_the_release_in_the_making() {
    let folder = Folder::new("next");
    folder.put("released/ui-1.json", 1, "0.1.0", SAME);
    folder.put("ui.json", 2, "0.2.0", WIDER);
    assert_eq!(folder.judged("0.2.0"), [""; 0]);
    one(&folder.judged("0.1.0"), "raise the workspace's version first");
    one(&folder.judged("0.3.0"), "put what it shipped into released/ui-2.json");
    folder.put("ui.json", 3, "0.2.0", WIDER);
    one(&folder.judged("0.2.0"), "the next one is 2");
    folder.put("released/ui-2.json", 2, "0.2.0", WIDER);
    folder.put("ui.json", 1, "0.1.0", SAME);
    one(&folder.judged("0.3.0"), "the next one is 3");
}

#[test]
fn what_was_released_is_complete_and_in_order() {
    let folder = Folder::new("order");
    folder.put("released/ui-1.json", 1, "0.1.0", SAME);
    folder.put("released/ui-2.json", 2, "0.1.0", WIDER);
    folder.put("ui.json", 2, "0.1.0", WIDER);
    one(&folder.judged("0.2.0"), "not later than that of the version before");
    folder.put("released/ui-2.json", 3, "0.2.0", WIDER);
    folder.put("ui.json", 1, "0.1.0", SAME);
    one(&folder.judged("0.2.0"), "released/ui-2.json: it holds ui-3.json");
    std::fs::rename(folder.0.join("released/ui-2.json"), folder.0.join("released/ui-3.json")).expect("renamed");
    folder.put("ui.json", 3, "0.2.0", WIDER);
    one(&folder.judged("0.2.0"), "version 2 is not there");
}

#[test]
fn a_folder_without_history_is_refused() {
    let folder = Folder::new("none");
    folder.put("ui.json", 1, "0.1.0", SAME);
    std::fs::remove_dir(folder.0.join("released")).expect("removed");
    let rules = Collection::read(&folder.0).expect("rules");
    let error = judge(&folder.0, &rules.rules, Release::own().expect("a release")).expect_err("refused");
    assert!(error.to_string().contains("released cannot be read"), "{error}");
}

#[test]
fn the_shipped_rules_agree_with_what_was_released_and_none_is_useless() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let findings = crate::audit::check(Some(&folder)).expect("checked");
    assert_eq!(findings.wrong, [""; 0]);
}
