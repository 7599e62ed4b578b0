use super::{Arguments, Errand, Error, Request, again, parse};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

fn read(arguments: &[&str]) -> Result<Request, Error> {
    let environment = |name: &str| (name == "HOME").then(|| OsString::from("/home/ada"));
    parse(arguments.iter().map(OsString::from), &environment)
}

fn run(arguments: &[&str]) -> Arguments {
    match read(arguments) {
        Ok(Request::Run(arguments)) => arguments,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_asked_means_the_defaults() {
    let expected = Arguments {
        profile: "default".into(),
        data_dir: "/home/ada/.local/share/bulkhead".into(),
        relays: vec![],
        socks: None,
        passphrase: None,
        tpm: None,
        errand: None,
        trial: None,
    };
    assert_eq!(run(&[]), expected);
    assert_eq!(expected.folder(), PathBuf::from("/home/ada/.local/share/bulkhead/default"));
}

#[test]
fn everything_asked_is_taken() {
    let arguments = run(&[
        "--profile",
        "alice",
        "--data-dir=/srv/b",
        "--relay",
        "wss://a.example",
        "--relay",
        "ws://127.0.0.1:7000/x",
        "--socks",
        "localhost:9050",
        "--passphrase-fd",
        "9",
        "--tpm",
        "/dev/tpmrm1",
    ]);
    assert_eq!(arguments.folder(), PathBuf::from("/srv/b/alice"));
    assert_eq!(arguments.relays, ["wss://a.example", "ws://127.0.0.1:7000/x"]);
    assert_eq!(arguments.socks, Some(([127, 0, 0, 1], 9050).into()));
    assert_eq!(arguments.passphrase, Some(9));
    assert_eq!(arguments.tpm, Some("/dev/tpmrm1".into()));
}

#[test]
fn one_errand_is_taken_and_two_are_refused() {
    assert_eq!(run(&["--backup"]).errand, Some(Errand::Backup));
    assert_eq!(run(&["--move"]).errand, Some(Errand::Move));
    assert_eq!(run(&["--restore", "/a/b"]).errand, Some(Errand::Restore("/a/b".into())));
    assert!(matches!(run(&["--restore=b"]).errand, Some(Errand::Restore(path)) if path.is_absolute()));
    assert!(matches!(read(&["--move", "--restore", "/a"]), Err(Error::Errands)));
    assert!(matches!(read(&["--restore"]), Err(Error::Syntax(_))));
}

#[test]
fn a_relative_folder_becomes_absolute() {
    assert!(run(&["--data-dir", "here"]).data_dir.is_absolute());
}

#[test]
fn the_environment_says_where_profiles_are_unless_relative_or_silent() {
    let with = |name: &'static str, value: &'static str| {
        parse(std::iter::empty(), &move |asked: &str| (asked == name).then(|| value.into()))
    };
    assert!(
        matches!(with("XDG_DATA_HOME", "/data"), Ok(Request::Run(a)) if a.data_dir.as_os_str() == "/data/bulkhead")
    );
    assert!(matches!(with("XDG_DATA_HOME", "data"), Err(Error::NoFolder)));
    assert!(matches!(with("SHELL", "/bin/sh"), Err(Error::NoFolder)));
}

#[test]
fn relays_that_are_encrypted_or_stay_here_are_taken() {
    for url in [
        "wss://relay.example",
        "wss://relay.example:8443/nostr?x=1",
        "wss://192.0.2.1",
        "wss://[2001:db8::1]:8443",
        "ws://127.9.9.9:7000",
        "ws://[::1]:7000",
        "ws://localhost:7000",
        "ws://abcdef.onion",
        "ws://ABCDEF.ONION:80/",
    ] {
        assert_eq!(run(&["--relay", url]).relays, [url]);
    }
}

#[test]
fn relays_in_plain_text_elsewhere_are_refused() {
    for url in [
        "ws://relay.example",
        "ws://192.0.2.1",
        "ws://[2001:db8::1]",
        "ws://localhost.example",
        "ws://onion",
        "ws://127.0.0.1.example",
    ] {
        assert!(matches!(read(&["--relay", url]), Err(Error::Plain(_))), "{url}");
    }
}

#[test]
fn what_is_no_relay_is_refused() {
    let long = format!("wss://{}.example", "a".repeat(256));
    for url in [
        "",
        "relay.example",
        "https://relay.example",
        "WSS://relay.example",
        "wss://",
        "wss:///x",
        "wss://user@relay.example",
        "wss://relay.example#x",
        "wss://relay..example",
        "wss://relay.example:0",
        "wss://relay.example:99999",
        "wss://relay.example:+1",
        "wss://relay.example:",
        "wss://[::1",
        "wss://[::1]x",
        "wss://re lay",
        "wss://relay.example\\@evil",
        "wss://bücher.example",
        long.as_str(),
    ] {
        assert!(matches!(read(&["--relay", url]), Err(Error::Relay(_))), "{url}");
    }
}

#[test]
fn a_profile_is_one_folder() {
    for name in ["", ".", "..", "../x", "a/b", "-x", "a b", &"a".repeat(65)] {
        let option = format!("--profile={name}");
        assert!(matches!(read(&[&option]), Err(Error::Profile(_))), "{name}");
    }
}

#[test]
fn a_proxy_is_an_address_and_a_port() {
    for text in ["tor:9050", "127.0.0.1", "127.0.0.1:0", "localhost", "localhost:x", ":9050"] {
        assert!(matches!(read(&["--socks", text]), Err(Error::Proxy(_))), "{text}");
    }
    assert!(
        matches!(read(&["--socks", "[::1]:9050"]), Ok(Request::Run(a)) if a.socks == Some("[::1]:9050".parse().unwrap()))
    );
}

#[test]
fn what_is_not_an_option_is_refused_in_one_sentence() {
    for arguments in
        [&["--sandbox=off"][..], &["x"], &["-x"], &["--relay"], &["--passphrase-fd", "-1"], &["--passphrase-fd", "x"]]
    {
        let says = read(arguments).expect_err("refused").to_string();
        assert!(!says.contains('\n') && !says.ends_with('.'), "{says}");
    }
}

#[test]
fn help_and_version_are_answered() {
    assert_eq!(read(&["--help"]).unwrap(), Request::Help);
    assert_eq!(read(&["--version"]).unwrap(), Request::Version);
}

#[test]
fn second_start_does_not_repeat_what_the_first_one_did() {
    let kept = |line: &str| again(line.split(' ').map(OsString::from)).join(OsStr::new(" "));
    assert_eq!(kept("--profile a --backup --relay wss://x"), "--profile a --relay wss://x");
    assert_eq!(kept("--restore f --profile a --move"), "--profile a");
    assert_eq!(kept("--restore=f --passphrase-fd 0 --profile a"), "--profile a");
    assert_eq!(kept("--passphrase-fd --backup"), "");
}

#[test]
fn trial_needs_a_folder_of_its_own() {
    let nowhere = |line: &str| parse(line.split(' ').map(OsString::from), &|_| Some("/home/a".into()));
    assert!(matches!(nowhere("--try /p"), Err(Error::Trial)));
    let Ok(Request::Run(arguments)) = nowhere("--try /p --data-dir /d") else { panic!() };
    assert_eq!((arguments.trial, arguments.data_dir), (Some("/p".into()), "/d".into()));
}
