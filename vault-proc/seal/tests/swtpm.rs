//! Against a real TPM 2.0 in software (swtpm, which is libtpms behind a socket).

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_ipc::seal::{COUNTERS, Half, Object, Why};
use bulkhead_seal::tpm::Tpm;
use bulkhead_seal::wire::{Device, Error};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A TPM with its state in a folder; ends when dropped.
struct Machine {
    folder: PathBuf,
    child: Child,
}

impl Machine {
    /// Switched on; `name` tells it from other tests' machines.
    fn on(name: &str) -> (Self, Tpm<File>) {
        let folder = std::env::temp_dir().join(format!("bulkhead-swtpm-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        start(folder)
    }

    /// Switched off and on again; with `cleared`, as who sells it would.
    fn again(mut self, cleared: bool) -> (Self, Tpm<File>) {
        let folder = std::mem::take(&mut self.folder);
        drop(self);
        if cleared {
            std::fs::remove_file(folder.join("tpm2-00.permall")).unwrap();
        }
        start(folder)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.folder.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn start(folder: PathBuf) -> (Machine, Tpm<File>) {
    let socket = folder.join("socket");
    let _ = std::fs::remove_file(&socket);
    let state = format!("dir={}", folder.display());
    let server = format!("type=unixio,path={}", socket.display());
    let mut command = Command::new("swtpm");
    command.args(["socket", "--tpm2", "--tpmstate", &state, "--server", &server]);
    command.args(["--flags", "not-need-init,startup-clear"]).stdout(Stdio::null());
    let child = command.spawn().unwrap_or_else(|error| panic!("swtpm, which `make test` installs: {error}"));
    let machine = Machine { folder, child };
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => return (machine, Tpm(File::from(OwnedFd::from(stream)))),
            Err(error) if Instant::now() > until => panic!("swtpm does not listen: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn half(byte: u8) -> Half {
    Half::new(std::array::from_fn(|at| byte.wrapping_add(u8::try_from(at).unwrap())))
}

fn unseal(tpm: &mut Tpm<impl Device>, pin: &Half, object: &Object) -> Result<Half, Why> {
    tpm.unseal(pin, object)
}

#[test]
fn a_share_comes_out_with_the_pin_and_only_where_it_went_in() {
    let (machine, mut tpm) = Machine::on("share");
    assert_eq!(tpm.look(), Some(false), "its maker set no password");
    let (pin, share) = (half(1), half(100));
    let object = tpm.seal(&pin, &share).unwrap();
    assert!(object.bytes().len() < 512, "{object:?}");
    // More often than there is room for objects and sessions: nothing is left behind.
    for _ in 0..10 {
        assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share.clone()));
    }
    drop(tpm);
    let (machine, mut tpm) = machine.again(false);
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share.clone()), "after the machine was switched off");

    let (_other, mut elsewhere) = Machine::on("elsewhere");
    assert_eq!(unseal(&mut elsewhere, &pin, &object), Err(Why::Unknown), "another machine");

    drop(tpm);
    let (_machine, mut tpm) = machine.again(true);
    assert_eq!(unseal(&mut tpm, &pin, &object), Err(Why::Unknown), "a TPM that was cleared");
    let object = tpm.seal(&pin, &share).unwrap();
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share));
}

#[test]
fn wrong_pins_are_counted_and_then_even_the_right_one_waits() {
    let (_machine, mut tpm) = Machine::on("wrong");
    let (pin, share) = (half(1), half(100));
    let object = tpm.seal(&pin, &share).unwrap();
    let Err(Why::Wrong { left: first }) = unseal(&mut tpm, &half(2), &object) else { panic!("a wrong PIN opens") };
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share.clone()), "one slip costs nothing");
    let mut left = first;
    while left > 0 {
        let Err(Why::Wrong { left: now }) = unseal(&mut tpm, &half(2), &object) else { panic!("a wrong PIN opens") };
        assert!(now < left, "{now} of {left}");
        left = now;
    }
    let Err(Why::Resting { seconds }) = unseal(&mut tpm, &pin, &object) else { panic!("it never rests") };
    assert!(seconds > 0);
    // A resting TPM still seals.
    tpm.seal(&pin, &share).unwrap();
}

#[test]
fn a_secret_may_end_with_zeros() {
    let (_machine, mut tpm) = Machine::on("zeros");
    for zeros in [1, 5, 32] {
        let mut bytes = *half(7).bytes();
        bytes[32 - zeros..].fill(0);
        let (pin, share) = (Half::new(bytes), half(100));
        let object = tpm.seal(&pin, &share).unwrap();
        assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share), "{zeros}");
    }
}

#[test]
fn an_object_that_was_changed_opens_nothing() {
    let (_machine, mut tpm) = Machine::on("changed");
    let (pin, share) = (half(1), half(100));
    let object = tpm.seal(&pin, &share).unwrap();
    for at in (0..object.bytes().len()).step_by(3) {
        let mut bytes = object.bytes().to_vec();
        bytes[at] ^= 1;
        let changed = Object::new(bytes).unwrap();
        assert!(unseal(&mut tpm, &pin, &changed).is_err(), "byte {at}");
    }
    for length in [1, 33, 34, 35, 100, object.bytes().len() - 1] {
        let cut = Object::new(object.bytes()[..length].to_vec()).unwrap();
        assert_eq!(unseal(&mut tpm, &pin, &cut), Err(Why::Unknown), "{length} bytes");
    }
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share), "and none of it counted as a wrong PIN");
}

/// Somebody between processor and TPM, who listens and changes a bit of the nth answer.
struct Between {
    tpm: File,
    heard: Vec<u8>,
    change: Option<(usize, usize)>,
    answers: usize,
}

impl Device for Between {
    fn exchange(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.heard.extend_from_slice(command);
        let mut answer = self.tpm.exchange(command)?;
        self.heard.extend_from_slice(&answer);
        if let Some((which, at)) = self.change
            && which == self.answers
            && let Some(byte) = answer.get_mut(at)
        {
            *byte ^= 1;
        }
        self.answers += 1;
        Ok(answer)
    }
}

#[test]
fn who_listens_between_processor_and_tpm_hears_neither_share_nor_pin_and_who_changes_is_found_out() {
    let (_machine, tpm) = Machine::on("between");
    let mut tpm = Tpm(Between { tpm: tpm.0, heard: Vec::new(), change: None, answers: 0 });
    let (pin, share) = (half(1), half(100));
    let object = tpm.seal(&pin, &share).unwrap();
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share.clone()));
    let heard = |secret: &Half| tpm.0.heard.windows(8).any(|bytes| secret.bytes().windows(8).any(|it| it == bytes));
    assert!(!heard(&pin) && !heard(&share));
    assert!(tpm.0.heard.windows(8).any(|bytes| object.bytes().windows(8).any(|it| it == bytes)), "it did listen");

    // The answers of an unsealing: storage key, object, session, share, forgotten twice. Each byte of the share's
    // answer is covered: what was encrypted, what authenticates it, and what both say of their length.
    // The first two are its tag, which says only that there is an authorisation, and is not looked at.
    for at in 2..10 + 4 + 34 + 69 {
        (tpm.0.answers, tpm.0.change) = (0, Some((3, at)));
        assert!(unseal(&mut tpm, &pin, &object).is_err(), "byte {at}");
    }
    (tpm.0.answers, tpm.0.change) = (0, Some((3, 10 + 4 + 34 + 69)));
    assert_eq!(unseal(&mut tpm, &pin, &object), Ok(share), "there is no byte more");
}

/// TPM2_HierarchyChangeAuth for the lockout hierarchy: what `tpm2_changeauth -c lockout` does.
fn guard(tpm: &mut Tpm<File>) {
    let authority = [&0x4000_0009_u32.to_be_bytes()[..], &[0, 0, 0, 0, 0]].concat();
    let body = [&0x4000_000a_u32.to_be_bytes()[..], &9_u32.to_be_bytes(), &authority, &[0, 4], b"word"].concat();
    let length = u32::try_from(10 + body.len()).unwrap();
    let command = [&[0x80, 2][..], &length.to_be_bytes(), &0x129_u32.to_be_bytes(), &body].concat();
    let answer = tpm.0.exchange(&command).unwrap();
    assert_eq!(answer[6..10], [0; 4], "{answer:02x?}");
}

#[test]
fn a_tpm_says_whether_a_password_guards_its_count_of_wrong_pins() {
    let (_machine, mut tpm) = Machine::on("guarded");
    assert_eq!(tpm.look(), Some(false));
    guard(&mut tpm);
    assert_eq!(tpm.look(), Some(true));
}

#[test]
fn a_counter_only_rises_and_only_for_who_knows_its_secret() {
    let (machine, mut tpm) = Machine::on("counter");
    let secret = half(7);
    let (counter, first) = tpm.new_counter(&secret).unwrap();
    for further in 1..12 {
        assert_eq!(tpm.count(counter, &secret), Ok(first + further));
    }
    assert_eq!(tpm.count(counter, &half(8)), Err(Why::Unknown), "another secret");
    // Not by the machine's owner either, whose password is empty.
    let body = [&[0, 0, 1, 0x34, 0x40, 0, 0, 1][..], &counter.to_be_bytes(), &[0, 0, 0, 9, 0x40, 0, 0, 9], &[0; 5]];
    let body = body.concat();
    let length = u32::try_from(6 + body.len()).unwrap();
    let answer = tpm.0.exchange(&[&[0x80, 2][..], &length.to_be_bytes(), &body].concat()).unwrap();
    assert_eq!(answer[6..10], [0, 0, 1, 0x49], "TPM_RC_NV_AUTHORIZATION");
    assert_eq!(tpm.count(counter, &secret), Ok(first + 12));
    let (other, _) = tpm.new_counter(&half(8)).unwrap();
    assert_ne!(other, counter);
    drop(tpm);
    let (machine, mut tpm) = machine.again(false);
    assert_eq!(tpm.count(counter, &secret), Ok(first + 13), "after the machine was switched off");
    // Not even PINs that were wrong until the TPM rests keep it from counting.
    let object = tpm.seal(&half(1), &half(100)).unwrap();
    assert!((0..100).any(|_| matches!(unseal(&mut tpm, &half(2), &object), Err(Why::Resting { .. }))));
    assert_eq!(tpm.count(counter, &secret), Ok(first + 14));

    assert_eq!(tpm.drop_counter(counter), Ok(()));
    assert_eq!(tpm.drop_counter(counter), Err(Why::Unknown));
    assert_eq!(tpm.count(counter, &secret), Err(Why::Unknown));
    // A new one begins above every value that there was.
    for _ in 0..5 {
        let (counter, value) = tpm.new_counter(&secret).unwrap();
        assert!(value >= first + 14, "{value}");
        assert_eq!(tpm.drop_counter(counter), Ok(()));
    }
    drop(tpm);
    let (_machine, mut tpm) = machine.again(true);
    assert_eq!(tpm.count(counter, &secret), Err(Why::Unknown), "a TPM that was cleared");
    assert!(tpm.new_counter(&secret).is_ok());
}

#[test]
fn what_is_no_counter_of_this_program_stays() {
    let (_machine, mut tpm) = Machine::on("foreign");
    // Eight bytes of somebody else's, under the first number, without a secret.
    let number = COUNTERS.start().to_be_bytes();
    let public = [&number[..], &[0, 0x0b, 0, 4, 0, 4, 0, 0, 0, 8]].concat();
    let parameters = [&[0, 0, 0, 14][..], &public].concat();
    let authority = [&[0, 0, 0, 9, 0x40, 0, 0, 9][..], &[0; 5]].concat();
    let body = [&[0, 0, 1, 0x2a, 0x40, 0, 0, 1][..], &authority, &parameters].concat();
    let length = u32::try_from(6 + body.len()).unwrap();
    let answer = tpm.0.exchange(&[&[0x80, 2][..], &length.to_be_bytes(), &body].concat()).unwrap();
    assert_eq!(answer[6..10], [0; 4], "it is there");
    assert_eq!(tpm.drop_counter(*COUNTERS.start()), Err(Why::Unknown));
    assert_eq!(tpm.count(*COUNTERS.start(), &half(1)), Err(Why::Unknown));
    let read = [&[0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x69][..], &number].concat();
    assert_eq!(tpm.0.exchange(&read).unwrap()[6..10], [0; 4], "it is there still");
}

/// Says one thing after the other.
struct Says(Vec<Vec<u8>>);

impl Device for Says {
    fn exchange(&mut self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        if self.0.is_empty() { Err(Error::Device) } else { Ok(Zeroizing::new(self.0.remove(0))) }
    }
}

fn header(length: u32, code: u32) -> Vec<u8> {
    [&[0x80, 1][..], &length.to_be_bytes(), &code.to_be_bytes()].concat()
}

#[test]
fn what_is_no_tpm_is_not_taken_for_one() {
    let told = |number: u32, value: u32| {
        let body = [&[0, 0, 0, 0, 6, 0, 0, 0, 1][..], &number.to_be_bytes(), &value.to_be_bytes()].concat();
        [header(27, 0), body].concat()
    };
    let looked = |answers: &[Vec<u8>]| Tpm(Says(answers.to_vec())).look();
    for answer in [vec![], header(10, 0), header(9, 0), header(u32::MAX, 0), header(10, 0x101), vec![0xff; 4096]] {
        assert_eq!(looked(std::slice::from_ref(&answer)), None, "{answer:?}");
        assert_eq!(looked(&[told(0x100, 0x322e_3000), answer.clone()]), None, "{answer:?}");
    }
    assert_eq!(looked(&[told(0x100, 0x312e_3200), told(0x200, 4)]), None, "of family 1.2");
    assert_eq!(looked(&[told(0x200, 0x322e_3000), told(0x200, 4)]), None, "another property");
    assert_eq!(looked(&[told(0x100, 0x322e_3000), told(0x200, 4)]), Some(true));
    assert_eq!(looked(&[told(0x100, 0x322e_3000), told(0x200, 0xfb)]), Some(false));
}

#[test]
fn an_answer_that_is_cut_or_too_long_is_no_answer() {
    let path = std::env::temp_dir().join(format!("bulkhead-no-tpm-{}", std::process::id()));
    for (answer, expected) in [
        (header(10, 0), Ok(10)),
        ([header(12, 0), vec![1, 2]].concat(), Ok(12)),
        (vec![], Err(Error::Device)),
        (header(12, 0), Err(Error::Device)),
        (header(9, 0), Err(Error::Malformed)),
        (header(4097, 0), Err(Error::Malformed)),
        ([header(10, 0), vec![0]].concat(), Err(Error::Malformed)),
    ] {
        // What was written is passed over; what follows is read.
        std::fs::write(&path, [b"asked".as_slice(), &answer].concat()).unwrap();
        let mut device = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        assert_eq!(device.exchange(b"asked").map(|answer| answer.len()), expected, "{answer:?}");
    }
    std::fs::remove_file(&path).unwrap();
}
