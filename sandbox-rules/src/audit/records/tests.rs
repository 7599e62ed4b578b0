use super::{Recorded, Used, of_process, read_run, unused};
use crate::Process;
use crate::audit::Collection;
use std::collections::BTreeMap;
use std::path::PathBuf;

struct Run(PathBuf);

impl Run {
    fn new(name: &str, threads: &[(u32, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-records-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        for (id, lines) in threads {
            std::fs::write(path.join(format!("record.{id}")), lines).expect("written");
        }
        Self(path)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// As strace writes: the launcher, a child that becomes net, and two threads of it.
const THREADS: &[(u32, &str)] = &[
    (
        16,
        "execve(\"/usr/bin/bulkhead\", [\"bulkhead\"], 0x7ffd0 /* 35 vars */) = 0\nclone(0x1200011, 0, 0, 0x7f) = 0x11\nread(0x3, 0x7f, 0x1) = 0\n",
    ),
    (
        17,
        "setsid() = 0x11\nseccomp(0x1, 0, 0x7f) = 0\nexecve(\"/usr/bin/bulkhead-net\", [\"bulkhead-net\"], 0x7ffd0 /* 0 vars */) = 0\nmmap(0, 0x2000, 0x5, 0x22, 0xffffffff, 0) = 0x7f163351b000\nclone(0x3d0f00, 0x7f, 0x7f, 0x7f) = 0x13\nseccomp(0x1, 0x1, 0x7f) = 0\nseccomp(0x1, 0x1, 0x7f) = 0\nsocket(0x2, 0x80801, 0) = 0x5\nclone(0x3d0f00, 0x7f, 0x7f, 0x7f) = 0x12\n+++ exited with 0 +++\n",
    ),
    (19, "poll(0x7f, 0x1, 0) = 0x1\n"),
    (18, "set_robust_list(0x7f16333299a0, 0x18) = 0\nexit(0)                                 = ?\n"),
];

fn recorded(call: &str, arguments: &[u64]) -> Recorded {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    Recorded { call: call.into(), arguments: all }
}

#[test]
fn calls_belong_to_the_process_and_its_stage() {
    let run = Run::new("stages", THREADS);
    let mut used: BTreeMap<Process, Used> = BTreeMap::new();
    read_run(&run.0, &mut used).expect("read");
    assert_eq!(used.keys().collect::<Vec<_>>(), [&Process::Net]);
    let Used { start, steady } = &used[&Process::Net];
    assert!(start.contains(&recorded("mmap", &[0, 0x2000, 5, 0x22, 0xffff_ffff, 0])));
    assert!(start.iter().any(|r| r.call == "execve") && !start.iter().any(|r| r.call == "setsid"));
    assert!(steady.contains(&recorded("socket", &[2, 0x80801, 0])));
    assert!(steady.contains(&recorded("exit", &[0])) && steady.iter().any(|r| r.call == "set_robust_list"));
    assert!(!start.contains(&recorded("exit", &[0])), "of a thread that began in steady state");
    let poll = recorded("poll", &[0x7f, 1]);
    assert!(start.contains(&poll) && steady.contains(&poll), "of a thread that began before");
    assert!(!steady.iter().chain(start).any(|r| r.call == "read"), "the launcher's");
}

#[test]
fn a_permission_that_no_run_used_is_named() {
    let run = Run::new("unused", THREADS);
    let rules = Collection::carried().expect("rules");
    let found = unused(&rules, &[&run.0]).expect("read");
    let net = &found[&Process::Net];
    let has = |words: &str| net.iter().any(|sentence| sentence.contains(words));
    assert!(has("steady.calls: no run used `connect` (connects to relays"));
    assert!(!has("`exit` "));
    // The record has a TCP socket over IPv4 and none over IPv6, which is kept on foresight.
    let ipv6 = "`socket` when argument 0 (family) = AF_INET6 and argument 1 (type) & SOCK_TYPE_MASK = SOCK_STREAM";
    assert!(!has(ipv6) && !has(&ipv6.replace("INET6", "INET")));
    let foresight = ", \"foresight\": \"on machines with IPv6\"";
    let without = include_str!("../../../rules/net.json").replace(foresight, "");
    let mut used = BTreeMap::new();
    read_run(&run.0, &mut used).expect("read");
    let named = of_process(&crate::rules::parse(&without).expect("rules"), &used[&Process::Net]);
    assert!(named.iter().any(|sentence| sentence.contains(ipv6)));
}

#[test]
fn what_is_kept_on_foresight_is_not_named() {
    let rules = Collection::carried().expect("rules");
    let process = "\"process\": \"update\",";
    let all = include_str!("../../../rules/update.json").replacen(
        process,
        &format!("{process} \"foresight\": \"its program comes later\","),
        1,
    );
    assert_eq!(of_process(&crate::rules::parse(&all).expect("rules"), &Used::default()), [""; 0]);
    let text = include_str!("../../../rules/ui.json").replacen(
        "{\"call\": \"poll\",",
        "{\"call\": \"poll\", \"foresight\": \"a machine with another C library\",",
        1,
    );
    let kept = crate::rules::parse(&text).expect("rules");
    let named = |rules: &_| of_process(rules, &Used::default()).len();
    assert_eq!(named(&kept) + 1, named(&rules.rules[&Process::Ui]));
}

#[test]
fn a_record_of_another_kind_is_refused() {
    let run = Run::new("foreign", &[(1, "what is this\n")]);
    let rules = Collection::carried().expect("rules");
    let error = unused(&rules, &[&run.0]).expect_err("refused");
    assert!(error.to_string().contains("strace"), "{error}");
}
