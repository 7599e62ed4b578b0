//! Two people write to each other while their processes are killed, one after the other: at a kernel call with which
//! a commit, a packet between processes or one to a relay begins, at a relay's acknowledgement, or at any moment.
//!
//! The shipped program has no points to stop at, so calls are stopped from outside (`strace --inject`), which takes root
//! as the processes are not dumpable. Anybody else's run has acknowledgements and random moments.

use crate::gate::Gate;
use bulkhead_tests::Error;
use bulkhead_tests::person::{Person, Running, signal};
use bulkhead_tests::relay::Relay;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the run of `make test` takes.
const SHORT: Duration = Duration::from_secs(45);
/// How long a call or an acknowledgement is waited for before the process is killed without it.
const PATIENCE: Duration = Duration::from_millis(2500);
/// Kills between two comparisons.
const ROUND: u32 = 40;

/// Which kernel calls begin what, by process.
const CALLS: [(&str, &[(&str, &str)]); 3] = [
    (
        "bulkhead-vault",
        &[
            ("writing a commit", "pwrite64"),
            ("making a commit durable", "fdatasync,fsync"),
            ("saying a packet", "sendmsg"),
            ("hearing a packet", "recvmsg"),
        ],
    ),
    (
        "bulkhead-net",
        &[
            ("saying a packet", "sendmsg"),
            ("hearing a packet", "recvmsg"),
            ("writing to a relay", "sendto,write,writev"),
            ("reading from a relay", "recvfrom,read,readv"),
        ],
    ),
    ("bulkhead-ui", &[("saying a packet", "sendmsg"), ("hearing a packet", "recvmsg")]),
];

/// Own messages with their states, and those of the other one.
type Seen = (Vec<(String, String)>, Vec<String>);

/// Numbers that nobody needs to be unable to guess.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let index = self.below(list.len() as u64);
        &list[usize::try_from(index).unwrap()]
    }
}

/// One person, and what they were shown.
struct Side {
    person: Person,
    running: Option<Running>,
    peer: &'static str,
    /// Whose sending was answered.
    queued: Vec<String>,
    /// Sent, but the answer never came.
    perhaps: BTreeSet<String>,
    number: u32,
}

impl Side {
    fn new(person: Person, peer: &'static str) -> Result<Self, Error> {
        let running = Some(person.open()?);
        Ok(Self { person, running, peer, queued: Vec::new(), perhaps: BTreeSet::new(), number: 0 })
    }

    /// Starts the program again if it has ended.
    fn open(&mut self) -> Result<&mut Running, Error> {
        if self.running.is_none() {
            self.running = Some(self.person.open()?);
        }
        self.running.as_mut().ok_or_else(|| Error::Odd("not running".into()))
    }

    /// The program has ended, or is ending, with its vault.
    fn ended(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.wait();
        }
    }

    fn says(&mut self) {
        let Some(running) = &mut self.running else { return };
        self.number += 1;
        let text = format!("{} to {}", self.number, self.peer);
        match running.driver.send(self.peer, &text) {
            Ok(_) => self.queued.push(text),
            Err(Error::Refused(why)) => panic!("{text} was refused: {why}"),
            Err(_) => {
                self.perhaps.insert(text);
                self.ended();
            }
        }
    }

    /// Own texts with their states, and received ones.
    fn messages(&mut self) -> Result<Seen, Error> {
        let peer = self.peer;
        let list = self.open()?.driver.messages(peer)?;
        let word = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let (own, theirs): (Vec<_>, Vec<_>) = list.iter().partition(|message| message["mine"] == true);
        let own = own.into_iter().map(|message| (word(message, "text"), word(message, "state"))).collect();
        Ok((own, theirs.into_iter().map(|message| word(message, "text")).collect()))
    }
}

/// Whether a process is there and not only waiting to be buried.
fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
}

struct Kills {
    sides: [Side; 2],
    gate: Gate,
    dice: Dice,
    root: bool,
    counts: BTreeMap<String, u32>,
    total: u32,
}

impl Kills {
    /// Kills one process of one person while both write.
    fn strike(&mut self, who: usize, binary: &str) -> Result<(), Error> {
        let running = self.sides[who].open()?;
        let victim = if binary == "bulkhead" { running.launcher() } else { running.process(binary)? };
        let calls = CALLS.iter().find(|(name, _)| *name == binary).map(|(_, calls)| *calls).unwrap_or_default();
        let mut tracer = None;
        let mut how = match self.dice.below(10) {
            0..6 if self.root && !calls.is_empty() => {
                let (what, call) = self.dice.one_of(calls);
                let inject = format!("inject={call}:signal=SIGKILL:when={}", 1 + self.dice.below(12));
                let mut command = Command::new("strace");
                command.args(["-qq", "-f", "-p", &victim.to_string(), "-e", &format!("trace={call}"), "-e", &inject]);
                tracer = command.args(["-o", "/dev/null"]).stderr(Stdio::null()).spawn().ok();
                format!("before {what}")
            }
            6..8 => {
                let after = self.dice.below(2) == 1;
                self.gate.kill_at(1 + self.dice.below(4), after, victim);
                format!("{} a relay's acknowledgement", if after { "after" } else { "before" })
            }
            _ => {
                let pause = Duration::from_millis(self.dice.below(400));
                std::thread::spawn(move || {
                    std::thread::sleep(pause);
                    signal(victim, Signal::SIGKILL)
                });
                "at a random moment".to_owned()
            }
        };
        let began = Instant::now();
        while lives(victim) && began.elapsed() < PATIENCE {
            let pause = self.dice.below(30);
            self.sides[usize::from(self.dice.below(3) == 0) ^ who].says();
            std::thread::sleep(Duration::from_millis(pause));
        }
        self.gate.forget();
        if lives(victim) {
            how = "at a random moment".to_owned();
            let _ = signal(victim, Signal::SIGKILL);
        }
        if let Some(mut tracer) = tracer {
            // It lets go when it is asked to, or when all is dead; where threads died while it was about to stop them, it
            // waits for ever, and they with it.
            let _ = signal(tracer.id(), Signal::SIGTERM);
            let began = Instant::now();
            while matches!(tracer.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = tracer.kill();
            let _ = tracer.wait();
        }
        self.total += 1;
        *self.counts.entry(format!("{binary} {how}")).or_default() += 1;
        if matches!(binary, "bulkhead" | "bulkhead-vault") {
            self.sides[1 - who].says();
            self.sides[who].ended();
        }
        Ok(())
    }

    /// Everything arrives, once and in order, and nothing that was shown as queued is missing.
    fn judge(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let (a, b) = (self.sides[0].messages()?, self.sides[1].messages()?);
            let texts = |own: &[(String, String)]| own.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
            let waiting = a.0.iter().chain(&b.0).filter(|(_, state)| state != "delivered").count();
            if waiting == 0 && texts(&a.0).len() == b.1.len() && texts(&b.0).len() == a.1.len() {
                assert_eq!(texts(&a.0), b.1, "what Alice sent is what Bob has");
                assert_eq!(texts(&b.0), a.1, "what Bob sent is what Alice has");
                for (side, own) in self.sides.iter().zip([&a.0, &b.0]) {
                    let own = texts(own);
                    let shown: Vec<_> = own.iter().filter(|text| !side.perhaps.contains(*text)).cloned().collect();
                    assert_eq!(shown, side.queued, "what was shown as queued is there");
                    let once: BTreeSet<_> = own.iter().collect();
                    assert_eq!(once.len(), own.len(), "nothing is there twice");
                }
                return Ok(());
            }
            if Instant::now() > deadline {
                let stuck: Vec<_> = a.0.iter().chain(&b.0).filter(|(_, state)| state != "delivered").take(9).collect();
                return Err(Error::Odd(format!(
                    "after {} kills {} and {} texts were sent, {} and {} received; waiting: {stuck:?}",
                    self.total,
                    a.0.len(),
                    b.0.len(),
                    b.1.len(),
                    a.1.len()
                )));
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

#[test]
fn nothing_queued_is_lost_or_doubled_when_any_process_is_killed_at_any_point() -> Result<(), Error> {
    let wanted: Option<u32> = std::env::var("BULKHEAD_KILLS").ok().and_then(|kills| kills.parse().ok());
    let relay = Relay::start()?;
    let gate = Gate::start(relay.url())?;
    let (alice, bob) = Person::couple(&[gate.url()])?;
    let mut sides = [Side::new(alice, "Bob")?, Side::new(bob, "Alice")?];
    let link = sides[0].open()?.driver.invite()?;
    sides[1].open()?.driver.accept(&link)?;
    sides[0].open()?.driver.wait_contact("Bob")?;
    let root = nix::unistd::geteuid().is_root();
    let mut kills = Kills { sides, gate, dice: Dice(0x9e37_79b9_7f4a_7c15), root, counts: BTreeMap::new(), total: 0 };
    let began = Instant::now();
    let mut judged = 0;
    // net and ui are started again at once the first time and later and later after that, so each life of the program
    // sees two of each, before it ends with its vault or its launcher.
    while wanted.map_or(began.elapsed() < SHORT, |wanted| kills.total < wanted) {
        for who in [0, 1] {
            for binary in ["bulkhead-net", "bulkhead-ui", "bulkhead-net", "bulkhead-ui"] {
                // What was to be the end of net may have been the vault's: then this is another life.
                kills.strike(who, binary)?;
            }
            let last = *kills.dice.one_of(&["bulkhead-vault", "bulkhead-vault", "bulkhead"]);
            kills.strike(who, last)?;
            kills.sides[who].open()?;
        }
        if kills.total - judged >= ROUND {
            judged = kills.total;
            kills.judge()?;
        }
    }
    kills.judge()?;
    let sent: Vec<_> = kills.sides.iter().map(|side| side.queued.len()).collect();
    println!("{} kills in {:.0?}; messages shown as queued: {sent:?}", kills.total, began.elapsed());
    kills.counts.iter().for_each(|(what, count)| println!("{count:5} {what}"));
    Ok(())
}
