//! `make bench`: the numbers that the README promises, measured on this machine through the real processes.
//!
//! Medians of many; where the machine's own speed matters, ratios within one run. Printed, never asserted:
//! a busy machine is no defect. The driver build stands in for the window, so "pixels" are those of the
//! finished picture in memory; handing it to the display server is not in the figure.

mod keeping;
mod sandbox;

use bulkhead_tests::driver::Driver;
use bulkhead_tests::folder::{Build, binaries, target};
use bulkhead_tests::person::{PASSPHRASE, Person, Running, descendants, phase_is};
use bulkhead_tests::relay::Relay;
use bulkhead_tests::{Error, desktop::Desktop};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MANY: u64 = 100_000;

/// Measures something and prints it.
type Part = fn() -> Result<(), Error>;

/// What is measured, in this order; names on the command line choose some of them.
const PARTS: [(&str, Part); 13] = [
    ("lines", lines),
    ("store", store_ratios),
    ("starting", starting),
    ("sandbox", sandbox::starts),
    ("chatting", chatting),
    ("filters", chatting_under_more),
    ("waiting", waiting),
    ("many", many),
    ("catching-up", keeping::catching_up),
    ("million", keeping::million),
    ("flat", keeping::flat),
    ("updates", updates),
    ("release", release),
];

fn main() -> std::process::ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = sandbox::role(&arguments) {
        return code;
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let run = PARTS.iter().filter(|(name, _)| wanted(name)).try_for_each(|(_, part)| part());
    match run {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-bench: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// What a line between two processes costs.
fn lines() -> Result<(), Error> {
    example("bench_line", &[], "").map(|text| print!("{text}"))
}

/// libsignal in the vault against libsignal alone: a program of its own, beside the library that it measures.
fn store_ratios() -> Result<(), Error> {
    example("bench_store", &[], "").map(|text| print!("{text}"))
}

/// What looking for updates costs, and a chain of ten thousand releases.
fn updates() -> Result<(), Error> {
    example("bench_update", &[], "").map(|text| print!("{text}"))?;
    example("numbers", &[], "").map(|text| print!("{text}"))
}

/// How fast histories are judged, what a ceremony takes, and how long a package of the built programs is.
fn release() -> Result<(), Error> {
    let programs = binaries(Build::Shipped)?;
    example("bench_release", &[&*programs.to_string_lossy()], "").map(|text| print!("{text}"))
}

/// Runs an example that `make release-binaries` built.
fn example(name: &str, arguments: &[&str], input: &str) -> Result<String, Error> {
    let failed = |step| move |error| Error::System(step, error);
    let mut command = Command::new(target().join("release/examples").join(name));
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed("starting an example: run `make release-binaries` first"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed("writing to an example"))?;
    }
    let output = child.wait_with_output().map_err(failed("waiting for an example"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Odd(format!("{name} failed")))
    }
}

/// Milliseconds that something takes.
fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<f64, Error> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// Prints the median and the 99th percentile.
fn report(what: &str, asked: &str, mut samples: Vec<f64>) {
    samples.sort_by(f64::total_cmp);
    let at =
        |share: f64| samples.get(((samples.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    println!("{what}: p50 {:.1} ms, p99 {:.1} ms, n = {} (asked: {asked})", at(0.5), at(0.99), samples.len());
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

fn pair(alice: &Person, bob: &Person) -> Result<(Running, Running), Error> {
    introduce(alice.open()?, bob.open()?)
}

fn introduce(mut a: Running, mut b: Running) -> Result<(Running, Running), Error> {
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    Ok((a, b))
}

fn two(relay: &Relay) -> Result<(Person, Person), Error> {
    Person::couple(&[relay.url()])
}

/// From the command line to the prompt, and from the passphrase to a usable window.
fn starting() -> Result<(), Error> {
    let relay = Relay::start()?;
    let alice = Person::new("Alice", &[relay.url()])?;
    alice.open()?.quit()?;
    let (mut prompts, mut unlocks) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let start = Instant::now();
        let mut a = alice.start()?;
        a.driver.until("the prompt", |state| phase_is(state, "locked") && state.get("drawn") == Some(&true.into()))?;
        prompts.push(start.elapsed().as_secs_f64() * 1000.0);
        unlocks.push(timed(|| a.driver.unlock(PASSPHRASE))?);
        a.quit()?;
    }
    report("start to unlock prompt drawn", "≤ 500 ms", prompts);
    report("unlock to usable, Argon2id (64 MiB, t = 3) included", "≤ 300 ms without Argon2id", unlocks);
    Ok(())
}

/// A key press, and a message from window to window.
fn chatting() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = two(&relay)?;
    let mut chat = Chat::between(pair(&alice, &bob)?)?;
    (0..100).try_for_each(|_| chat.round())?;
    report("key press to pixels", "p50 ≤ 8 ms", chat.keys);
    report("Enter at Alice to pixels at Bob, loopback relay", "p50 ≤ 25 ms", chat.messages);
    Ok(())
}

/// The same with the sandbox's filters once and twice, turn by turn.
fn chatting_under_more() -> Result<(), Error> {
    let relay = Relay::start()?;
    let ((alice, bob), (carol, dave)) = (two(&relay)?, two(&relay)?);
    let mut once = Chat::between(pair(&alice, &bob)?)?;
    let opened = (carol.open_by(sandbox::twice(&carol)?)?, dave.open_by(sandbox::twice(&dave)?)?);
    let mut twice = Chat::between(introduce(opened.0, opened.1)?)?;
    for _ in 0..200 {
        once.round()?;
        twice.round()?;
    }
    let added = |once, twice| (median(twice) / median(once) - 1.0) * 100.0;
    println!(
        "what the sandbox's filters add: {:+.1} % from key press to pixels, {:+.1} % from Enter to pixels (asked: ≤ 2 %)",
        added(once.keys, twice.keys),
        added(once.messages, twice.messages)
    );
    Ok(())
}

/// Two people who look at their conversation, and what they measured.
struct Chat {
    a: Running,
    b: Running,
    count: usize,
    keys: Vec<f64>,
    messages: Vec<f64>,
}

impl Chat {
    fn between((mut a, mut b): (Running, Running)) -> Result<Self, Error> {
        a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
        b.driver.ask(&json!({"do": "open", "contact": "Alice"}))?;
        a.driver.ask(&json!({"do": "click", "slot": "Compose"}))?;
        Ok(Self { a, b, count: 0, keys: Vec::new(), messages: Vec::new() })
    }

    fn round(&mut self) -> Result<(), Error> {
        for _ in 0..5 {
            self.keys.push(timed(|| self.a.driver.ask(&json!({"do": "key", "key": "x"})))?);
        }
        self.count += 1;
        self.messages.push(timed(|| {
            self.a.driver.ask(&json!({"do": "key", "key": "Enter"}))?;
            self.b.driver.wait("Alice", self.count)
        })?);
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    }
}

/// Five hundred messages wait at the relay.
fn waiting() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = two(&relay)?;
    let (mut a, b) = pair(&alice, &bob)?;
    b.quit()?;
    let mut last = 0;
    for n in 0..500 {
        last = a.driver.send("Bob", &format!("message {n}"))?;
    }
    a.driver.wait_state("Bob", last, "at_relay")?;
    std::thread::sleep(Duration::from_secs(2));
    let mut b = bob.open()?;
    let time = timed(|| b.driver.wait("Alice", 500))?;
    println!("500 messages waiting at the relay, from unlocked to listed: {time:.0} ms (asked: < 1000 ms)");
    Ok(())
}

/// A conversation of a hundred thousand messages: opening, scrolling, memory.
fn many() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = two(&relay)?;
    let (a, b) = pair(&alice, &bob)?;
    a.quit()?;
    b.quit()?;
    let folder = alice.home().join("default");
    example("fill_store", &[&folder.display().to_string(), &MANY.to_string()], PASSPHRASE)?;
    let mut a = alice.open()?;
    a.driver.ask(&json!({"do": "resize", "width": 1280, "height": 800}))?;
    println!(
        "opening a conversation of {MANY} messages, first frame: {:.1} ms (asked: ≤ 50 ms)",
        first_frame(&mut a.driver)?
    );
    let mut frames = Vec::new();
    for n in 0..1500 {
        let lines = if n % 100 < 80 { 3.0 } else { -3.0 };
        let scroll = json!({"do": "scroll", "slot": "MessageList", "lines": lines});
        frames.push(timed(|| a.driver.ask(&scroll))?);
    }
    report("scrolling it, per frame at 1280×800", "p99 ≤ 16 ms", frames);
    a.quit()?;
    memory(&alice)
}

/// From the click on the conversation to its first picture: the answer comes after the click was painted, the
/// list shows with ui's next frame.
fn first_frame(driver: &mut Driver) -> Result<f64, Error> {
    timed(|| {
        driver.ask(&json!({"do": "key", "key": "Alt+Down"}))?;
        loop {
            let slots = driver.simple("slots")?.to_string();
            if slots.contains("MessageList") {
                return driver.ask(&json!({"do": "key", "key": "Shift"})).or_else(|_| driver.simple("state"));
            }
        }
    })
}

/// Proportional set size of the shipped build's processes, idle, in a real window.
fn memory(person: &Person) -> Result<(), Error> {
    let desktop = Desktop::start()?;
    let mut command = person.command(Build::Shipped)?;
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY");
    let (program, window) = desktop.open(&mut command)?;
    desktop.type_into(&window, PASSPHRASE)?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_secs(3));
    desktop.key("alt+Down")?;
    std::thread::sleep(Duration::from_secs(5));
    let mut all = descendants(program.id());
    all.push((program.id(), "bulkhead".into()));
    let mut sum = 0;
    for (process, name) in &all {
        let kilobytes = resident(*process);
        println!("  {name}: {:.1} MB", kilobytes as f64 / 1024.0);
        sum += kilobytes;
    }
    println!(
        "memory (PSS) of all processes, idle, {MANY} messages stored: {:.0} MB (asked: ≤ 70 MB)",
        sum as f64 / 1024.0
    );
    println!("binaries measured: {}", binaries(Build::Shipped)?.display());
    Ok(())
}

fn resident(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse().ok()).unwrap_or_default()
}
