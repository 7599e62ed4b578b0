//! The launcher's own program, judged from outside: what the processes are given, what follows a crash, how it ends.
//!
//! This program plays net, ui, vault, seal and keyring: it is copied beside the launcher under their names, and runs under their
//! real rules. The vault's part is picked by the profile's name; what it saw it writes into its profile's folder.

#![allow(missing_docs, unsafe_code, clippy::expect_used, clippy::panic)]

use bulkhead_ipc::automata::{KEEPER, LAUNCHER, NET, SEALER, UI};
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::control::{FromLauncher, Peer, ToLauncher};
use bulkhead_ipc::descriptors as fd;
use bulkhead_ipc::line::{Buffer, Line, Pair, inherit};
use bulkhead_ipc::update::Wish;
use bulkhead_ipc::{Message, VERSION, intent, keyring, pixels, post, seal, sign};
use bulkhead_rules::require_sandbox;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};
use std::time::{Duration, Instant};

fn main() {
    let name = std::env::args().next().expect("a name");
    match Path::new(&name).file_name().and_then(|n| n.to_str()) {
        Some("bulkhead-net") => net(),
        Some("bulkhead-ui") => ui(),
        Some("bulkhead-seal") => sealer(),
        Some("bulkhead-keyring") => keeper(),
        Some("bulkhead-vault") => vault(),
        _ => judge(),
    }
}

fn judge() {
    let world = World::new();
    the_vault_gets_its_arguments_and_its_exit_code_is_the_launchers(&world);
    outside_an_installation_updates_are_off_and_wishes_are_answered(&world);
    a_trial_says_whether_the_programs_start(&world);
    a_crashed_net_is_started_again_and_finds_empty_lines(&world);
    a_culprit_is_replaced_first_at_once_then_later(&world);
    a_forbidden_act_of_the_vault_ends_everything(&world);
    a_user_who_stops_it_reaches_the_vault(&world);
    a_vault_that_does_not_stop_is_killed(&world);
    nobody_outlives_the_launcher(&world);
    the_passphrase_reaches_the_vault(&world);
    a_missing_program_is_told_in_a_sentence(&world);
    without_a_tpm_the_vaults_line_to_seal_ends_at_once(&world);
    with_one_seal_gets_it_and_the_other_end_of_the_line(&world);
    without_a_session_bus_the_vaults_line_to_keyring_ends_at_once(&world);
    with_one_keyring_gets_it_and_the_other_end_of_the_line(&world);
    a_shipped_launcher_does_not_know_the_test_driver();
    println!("the launcher's life cycle holds");
}

fn the_vault_gets_its_arguments_and_its_exit_code_is_the_launchers(world: &World) {
    let relays = ["--relay", "wss://a.example", "--relay", "ws://127.0.0.1:7000"];
    let status = world.run("look", &relays).wait().expect("wait");
    assert_eq!(status.code(), Some(7));
    let data = world.data();
    let data = data.to_str().expect("path");
    let expected =
        ["--data-dir", data, "--profile", "look", "--relay", "wss://a.example", "--relay", "ws://127.0.0.1:7000"];
    assert_eq!(world.seen("look"), expected.join("\n"));

    let status = world.run("look", &["--socks", "127.0.0.1:9050"]).wait().expect("wait");
    assert_eq!(status.code(), Some(7));
    assert!(world.seen("look").ends_with("\n--proxied"));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(world.data().join("look")).expect("folder").permissions(),
    );
    assert_eq!(mode & 0o777, 0o700);
}

fn outside_an_installation_updates_are_off_and_wishes_are_answered(world: &World) {
    assert_eq!(world.run("notice", &[]).wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("notice"), "Off, Off");
}

fn a_trial_says_whether_the_programs_start(world: &World) {
    let tried = |profile: &str| {
        let mut command = world.command(profile, &["--try"]);
        let output = command.arg(&world.folder).stderr(Stdio::null()).output().expect("run");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    assert_eq!(tried("ready"), (Some(0), String::new()));
    let forbidden = "bulkhead-vault did what the rules in force do not allow.\n";
    assert_eq!(tried("trespasser"), (Some(3), forbidden.to_owned()));
    assert_eq!(tried("look"), (Some(3), "bulkhead-vault ended with exit code 7 before it was ready.\n".to_owned()));
    let (code, said) = tried("blind");
    assert!(code == Some(1) && said.contains("no display"), "{said}");
}

fn a_crashed_net_is_started_again_and_finds_empty_lines(world: &World) {
    assert_eq!(world.run("crash", &[]).wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("crash"), "hello, restarting after 0 ms, hello, nothing old");
}

fn without_a_tpm_the_vaults_line_to_seal_ends_at_once(world: &World) {
    let output = world.command("seal", &["--tpm", "/nowhere"]).stderr(Stdio::piped()).output().expect("run");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(world.seen("seal"), "closed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--tpm /nowhere") && said.contains("going on without a TPM"), "{said}");
    // A file is no TPM, and nothing of it is read.
    let output = world.command("seal", &["--tpm", "/etc/hosts"]).stderr(Stdio::piped()).output().expect("run");
    assert_eq!(world.seen("seal"), "closed");
    assert!(String::from_utf8_lossy(&output.stderr).contains("it is no device"));
}

fn with_one_seal_gets_it_and_the_other_end_of_the_line(world: &World) {
    let program = world.folder.join("bulkhead-seal");
    fs::copy(std::env::current_exe().expect("path"), &program).expect("copy");
    // The stand-in reads from it, and a device that is no TPM will do.
    assert_eq!(world.run("seal", &["--tpm", "/dev/zero"]).wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("seal"), "ready, then closed");
    fs::remove_file(&program).expect("remove");
}

fn without_a_session_bus_the_vaults_line_to_keyring_ends_at_once(world: &World) {
    for address in ["disabled:", "unix:path=/nowhere", "tcp:host=localhost,port=1"] {
        let mut command = world.command("keyring", &[]);
        assert_eq!(command.env("DBUS_SESSION_BUS_ADDRESS", address).status().expect("run").code(), Some(0));
        assert_eq!(world.seen("keyring"), "closed");
    }
}

fn with_one_keyring_gets_it_and_the_other_end_of_the_line(world: &World) {
    let program = world.folder.join("bulkhead-keyring");
    fs::copy(std::env::current_exe().expect("path"), &program).expect("copy");
    let bus = world.folder.join("bus");
    let listener = std::os::unix::net::UnixListener::bind(&bus).expect("bind");
    let mut command = world.command("keyring", &[]);
    let child = command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={},guid=1", bus.display())).spawn();
    // The launcher says nothing there: what the bus says first is for the stand-in.
    let (mut stream, _) = listener.accept().expect("accept");
    std::io::Write::write_all(&mut stream, &[0]).expect("write");
    assert_eq!(child.expect("run").wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("keyring"), "ready, then closed");
    let mut said = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut said).expect("read");
    assert!(said.is_empty(), "{said:?}");
    fs::remove_file(&program).expect("remove");
    fs::remove_file(&bus).expect("remove");
}

fn a_culprit_is_replaced_first_at_once_then_later(world: &World) {
    assert_eq!(world.run("culprit", &[]).wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("culprit"), "0 ms, hello, 250 ms, hello, 500 ms, hello");
}

fn a_forbidden_act_of_the_vault_ends_everything(world: &World) {
    let mut launcher = world.run("forbidden", &[]);
    let children = world.children(&launcher);
    send(&launcher, Signal::SIGTERM);
    let status = launcher.wait().expect("wait");
    assert_eq!(status.code(), Some(128 + 31));
    gone(&children);
}

fn a_user_who_stops_it_reaches_the_vault(world: &World) {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut launcher = world.run("obedient", &[]);
        let children = world.children(&launcher);
        send(&launcher, signal);
        assert_eq!(launcher.wait().expect("wait").code(), Some(0));
        assert_eq!(world.seen("obedient"), "told to quit");
        gone(&children);
    }
}

fn a_vault_that_does_not_stop_is_killed(world: &World) {
    let mut launcher = world.run("stubborn", &[]);
    let children = world.children(&launcher);
    send(&launcher, Signal::SIGTERM);
    assert_eq!(launcher.wait().expect("wait").code(), Some(128 + 9));
    gone(&children);
}

fn nobody_outlives_the_launcher(world: &World) {
    let mut launcher = world.run("stubborn", &[]);
    let children = world.children(&launcher);
    send(&launcher, Signal::SIGKILL);
    launcher.wait().expect("wait");
    gone(&children);
}

fn the_passphrase_reaches_the_vault(world: &World) {
    let mut command = world.command("passphrase", &["--passphrase-fd", "0"]);
    let mut launcher = command.stdin(Stdio::piped()).spawn().expect("start");
    launcher.stdin.take().expect("pipe").write_all(b"correct horse\n").expect("write");
    assert_eq!(launcher.wait().expect("wait").code(), Some(0));
    assert_eq!(world.seen("passphrase"), "correct horse\n");
}

fn a_missing_program_is_told_in_a_sentence(world: &World) {
    let alone = world.folder.join("alone");
    fs::create_dir(&alone).expect("folder");
    fs::copy(env!("CARGO_BIN_EXE_bulkhead"), alone.join("bulkhead")).expect("copy");
    let output = Command::new(alone.join("bulkhead")).arg("--data-dir").arg(world.data()).output().expect("run");
    assert_eq!(output.status.code(), Some(1));
    let says = String::from_utf8(output.stderr).expect("text");
    assert!(says.contains("bulkhead-net is missing") && says.lines().count() == 1, "{says}");
}

/// One build may carry the rules for tests (workspace feature `test-driver`); then there is nothing to judge here.
fn a_shipped_launcher_does_not_know_the_test_driver() {
    let program = fs::read(env!("CARGO_BIN_EXE_bulkhead")).expect("read");
    let name = b"BULKHEAD_TEST_DRIVER";
    let known = program.windows(name.len()).any(|window| window == name);
    assert_eq!(known, bulkhead_rules::CARRIES_TEST_DRIVER);
}

/// A folder with the launcher and the stand-ins beside it.
struct World {
    folder: PathBuf,
}

impl World {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bulkhead-life-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("folder");
        fs::copy(env!("CARGO_BIN_EXE_bulkhead"), folder.join("bulkhead")).expect("copy");
        let own = std::env::current_exe().expect("path");
        for name in ["bulkhead-net", "bulkhead-ui", "bulkhead-vault"] {
            fs::copy(&own, folder.join(name)).expect("copy");
        }
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, profile: &str, more: &[&str]) -> Command {
        let _ = fs::remove_dir_all(self.data().join(profile));
        let mut command = Command::new(self.folder.join("bulkhead"));
        command.arg("--profile").arg(profile).arg("--data-dir").arg(self.data()).args(more);
        // The judge's own desktop is none of the launcher's business.
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        command
    }

    fn run(&self, profile: &str, more: &[&str]) -> Child {
        self.command(profile, more).spawn().expect("start")
    }

    fn seen(&self, profile: &str) -> String {
        fs::read_to_string(self.data().join(profile).join("seen")).expect("what the vault saw")
    }

    /// The three processes, once all have been started.
    fn children(&self, launcher: &Child) -> Vec<u32> {
        let parent = launcher.id().to_string();
        let read = || -> Vec<u32> {
            let processes =
                fs::read_dir("/proc").expect("proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            let mine = |id: &u32| {
                let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
                // Fields: number (name) state parent …
                let mut words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
                stat.contains("(bulkhead-") && words.nth(1) == Some(parent.as_str())
            };
            processes.filter(mine).collect()
        };
        until(|| read().len() == 3);
        read()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn send(launcher: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(launcher.id()).expect("a number")), signal).expect("signal");
}

fn gone(children: &[u32]) {
    assert_eq!(children.len(), 3);
    let dead = |id: &u32| fs::read_to_string(format!("/proc/{id}/stat")).map_or(true, |stat| stat.contains(") Z "));
    until(|| children.iter().all(dead));
}

fn until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

// The stand-ins.

fn take<Out: Message, In: Message>(pair: &Pair, number: i32) -> Line<Out, In> {
    pair.line(inherit(number).expect("a line"))
}

fn life() -> Option<u32> {
    std::env::args().skip_while(|argument| argument != "--life").nth(1)?.parse().ok()
}

/// Greets, crashes when told to reconnect, and greets as a stranger if it finds something on its line.
fn net() -> ! {
    require_sandbox();
    let pair = Pair::new(&NET, Side::Peer);
    let post: Line<post::FromNet, post::ToNet> = take(&pair, fd::NET_POST);
    let _sign: Line<sign::FromNet, sign::ToNet> = take(&pair, fd::NET_SIGN);
    let old = post.wait(nix::poll::PollTimeout::ZERO).expect("wait");
    let _ = post.send(&post::FromNet::Hello { life: life(), version: if old { 99 } else { VERSION } });
    let mut buffer = Buffer::new();
    loop {
        match post.recv(&mut buffer) {
            Ok(post::ToNet::Reconnect) => exit(3),
            Ok(_) => {}
            Err(_) => exit(0),
        }
    }
}

fn ui() -> ! {
    require_sandbox();
    let pair = Pair::new(&UI, Side::Peer);
    let pixels: Line<pixels::FromUi, pixels::ToUi> = take(&pair, fd::UI_PIXELS);
    let _intent: Line<intent::FromUi, intent::ToUi> = take(&pair, fd::UI_INTENT);
    let _ = pixels.send(&pixels::FromUi::Hello { life: life(), version: VERSION });
    let mut buffer = Buffer::new();
    while pixels.recv(&mut buffer).is_ok() {}
    exit(0)
}

/// Says that it is ready if what it was given can be read.
fn sealer() -> ! {
    require_sandbox();
    let line: Line<seal::FromSeal, seal::ToSeal> = take(&Pair::new(&SEALER, Side::Peer), fd::SEAL_LINE);
    if hears_zero(fd::SEAL_TPM) {
        let _ = line.send(&seal::FromSeal::Ready { guarded: true, version: VERSION });
    }
    exit(0)
}

/// The same.
fn keeper() -> ! {
    require_sandbox();
    let line: Line<keyring::FromKeyring, keyring::ToKeyring> = take(&Pair::new(&KEEPER, Side::Peer), fd::KEYRING_LINE);
    if hears_zero(fd::KEYRING_BUS) {
        let _ = line.send(&keyring::FromKeyring::Ready { version: VERSION });
    }
    exit(0)
}

fn hears_zero(number: i32) -> bool {
    let mut byte = [1];
    // SAFETY: one byte, on this stack.
    let read = unsafe { nix::libc::read(number, byte.as_mut_ptr().cast(), 1) };
    (read, byte) == (1, [0])
}

fn vault() -> ! {
    require_sandbox();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned().unwrap_or_default();
    let profile = after("--profile");
    let seen = PathBuf::from(after("--data-dir")).join(&profile).join("seen");
    let [net, ui, launcher] = [&NET, &UI, &LAUNCHER].map(|table| Pair::new(table, Side::Vault));
    let post: Line<post::ToNet, post::FromNet> = take(&net, fd::VAULT_POST);
    let pixels: Line<pixels::ToUi, pixels::FromUi> = take(&ui, fd::VAULT_PIXELS);
    let control: Line<ToLauncher, FromLauncher> = take(&launcher, fd::VAULT_CONTROL);
    let mut buffer = Buffer::new();
    // What the launcher says of updates is not meant for these.
    let mut told = || loop {
        match control.recv(&mut buffer).expect("control") {
            FromLauncher::Notice(_) => {}
            other => return other,
        }
    };
    let mut room = Buffer::new();
    match profile.as_str() {
        "notice" => {
            let FromLauncher::Notice(notice) = control.recv(&mut buffer).expect("control") else { panic!("no notice") };
            control.send(&ToLauncher::Wish(Wish::Check)).expect("send");
            let FromLauncher::Notice(again) = control.recv(&mut buffer).expect("control") else { panic!("no answer") };
            fs::write(&seen, format!("{:?}, {:?}", notice.status, again.status)).expect("write");
            exit(0)
        }
        "look" => {
            fs::write(&seen, arguments.join("\n")).expect("write");
            exit(7)
        }
        "crash" => {
            let post::FromNet::Hello { life: Some(first), version: VERSION } = post.recv(&mut room).expect("net")
            else {
                panic!("no hello")
            };
            post.send(&post::ToNet::Welcome { life: Some(first), version: VERSION }).expect("send");
            // The first is for the one that crashes on it; its successor must not get the others.
            for _ in 0..20 {
                post.send(&post::ToNet::Reconnect).expect("send");
            }
            let FromLauncher::Restarting { peer: Peer::Net, life, delay } = told() else { panic!("not told") };
            let hello = post.recv(&mut room).expect("net");
            let post::FromNet::Hello { life: Some(second), version: VERSION } = hello else { panic!("{hello:?}") };
            assert!(second > first);
            assert_eq!(Some(second), life, "it is not who was announced");
            let more = post.wait(nix::poll::PollTimeout::from(300u16)).expect("wait");
            let old = if more { "something old" } else { "nothing old" };
            fs::write(&seen, format!("hello, restarting after {delay} ms, hello, {old}")).expect("write");
            exit(0)
        }
        "seal" => {
            let line: Line<seal::ToSeal, seal::FromSeal> = take(&Pair::new(&SEALER, Side::Vault), fd::VAULT_SEAL);
            let ready = matches!(line.recv(&mut room), Ok(seal::FromSeal::Ready { .. }));
            assert!(matches!(line.recv(&mut room), Err(bulkhead_ipc::line::Error::Closed)));
            fs::write(&seen, if ready { "ready, then closed" } else { "closed" }).expect("write");
            exit(0)
        }
        "keyring" => {
            let line: Line<keyring::ToKeyring, keyring::FromKeyring> =
                take(&Pair::new(&KEEPER, Side::Vault), fd::VAULT_KEYRING);
            let ready = matches!(line.recv(&mut room), Ok(keyring::FromKeyring::Ready { .. }));
            assert!(matches!(line.recv(&mut room), Err(bulkhead_ipc::line::Error::Closed)));
            fs::write(&seen, if ready { "ready, then closed" } else { "closed" }).expect("write");
            exit(0)
        }
        "culprit" => {
            let mut story = Vec::new();
            assert!(matches!(pixels.recv(&mut room).expect("ui"), pixels::FromUi::Hello { version: VERSION, .. }));
            for _ in 0..3 {
                control.send(&ToLauncher::Restart(Peer::Ui)).expect("send");
                let FromLauncher::Restarting { peer: Peer::Ui, life, delay } = told() else { panic!("not told") };
                let hello = pixels::FromUi::Hello { life, version: VERSION };
                assert_eq!(pixels.recv(&mut room).expect("ui"), hello);
                story.push(format!("{delay} ms, hello"));
            }
            fs::write(&seen, story.join(", ")).expect("write");
            exit(0)
        }
        "forbidden" => {
            told();
            let _ = std::fs::create_dir(Path::new("/tmp/never"));
            exit(0)
        }
        "ready" => {
            assert!(arguments.iter().any(|argument| argument == "--try"));
            control.send(&ToLauncher::Started).expect("send");
            exit(0)
        }
        "trespasser" => {
            let _ = std::fs::create_dir(Path::new("/tmp/never"));
            exit(0)
        }
        "blind" => exit(69),
        "obedient" => {
            assert_eq!(told(), FromLauncher::Quit);
            fs::write(&seen, "told to quit").expect("write");
            exit(0)
        }
        "stubborn" => loop {
            told();
        },
        "passphrase" => {
            assert_eq!(after("--passphrase-fd"), "10");
            // SAFETY: the launcher left this descriptor for this process.
            let mut file = unsafe { <fs::File as std::os::fd::FromRawFd>::from_raw_fd(10) };
            let mut line = [0; 64];
            let length = std::io::Read::read(&mut file, &mut line).expect("read");
            fs::write(&seen, line.get(..length).expect("inside")).expect("write");
            exit(0)
        }
        other => panic!("profile {other}"),
    }
}
