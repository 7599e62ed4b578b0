//! Two people talk while the disk of one of them fails below SQLite: at each call in turn, in each way.
//!
//! Whatever the user was shown as queued arrives, once and in order; whatever was not stored is said to be so, in one
//! sentence; and when the disk works again, so does the conversation.

use super::disk::{Disk, FAULTS, Fault};
use super::world::{World, config, key, words};
use crate::profile::tests::Folder;
use crate::store::SqlStore;
use bulkhead_ipc::intent::Notice;
use bulkhead_vault_core::{Action, Changed, Error, Input, MessageState, Vault};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

const ALICE: usize = 0;
const BOB: usize = 1;

struct Talk {
    world: World,
    disk: Arc<Disk>,
    /// Shown as queued, by sender.
    queued: [Vec<String>; 2],
    /// Refused with a sentence.
    refused: Vec<String>,
    fault: Fault,
}

/// Two contacts whose stores lie in these folders.
pub fn paired() -> [Folder; 2] {
    let mut world = World::pair(900);
    world.settle();
    [ALICE, BOB].map(|who| {
        world.people[who].vault = None;
        std::mem::replace(&mut world.people[who].folder, super::world::folder())
    })
}

fn copy(from: &Folder) -> Folder {
    let to = super::world::folder();
    std::fs::copy(from.0.join("store.db"), to.0.join("store.db")).unwrap();
    to
}

impl Talk {
    /// Alice's disk is the one that fails.
    fn new(folders: &[Folder; 2], fault: Fault) -> Self {
        let mut world = World::new(0, &[]);
        let folders = [copy(&folders[ALICE]), copy(&folders[BOB])];
        let disk = Disk::under(&folders[ALICE].0);
        for folder in folders {
            world.people.push(super::world::Person {
                vault: None,
                folder,
                changes: Vec::new(),
                watches: Default::default(),
                relays: Vec::new(),
                queue: Default::default(),
                seen: Default::default(),
                signed: Vec::new(),
                sinces: Default::default(),
                skew: 0,
            });
        }
        let mut talk = Self { world, disk, queued: [Vec::new(), Vec::new()], refused: Vec::new(), fault };
        [ALICE, BOB].into_iter().for_each(|who| talk.open(who).unwrap());
        talk
    }

    fn open(&mut self, who: usize) -> Result<(), Error> {
        let person = &mut self.world.people[who];
        person.vault = None;
        let store = SqlStore::open(&person.folder.0, &key(&person.folder))?;
        person.vault = Some(Vault::open(store, &config(), self.world.now)?);
        self.world.connect(who);
        Ok(())
    }

    fn says(&mut self, who: usize, text: &str) {
        if self.world.people[who].vault.is_none() {
            return;
        }
        let newest = self.world.vault(who).newest(1);
        self.world.people[who].changes.clear();
        self.world.act(who, Action::Send { contact: 1, text: words(text) });
        let told = sentences(&self.world.people[who].changes);
        if told.is_empty() {
            assert_eq!(self.world.vault(who).newest(1), newest + 1, "neither queued nor refused: {text}");
            self.queued[who].push(text.into());
        } else {
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!(who, ALICE);
            self.refused.push(text.into());
        }
    }

    /// One round of everybody whose program runs.
    fn round(&mut self) {
        for who in [ALICE, BOB] {
            if self.world.people[who].vault.is_some() {
                self.world.net(who);
                self.world.deliver(who);
                self.world.net(who);
                self.world.input(who, Input::Tick);
            }
        }
        self.world.pass(1000);
    }

    /// Alice's program ends and starts again. While the disk fails it says so, and that nothing is damaged.
    fn restart(&mut self) {
        if let Err(error) = self.open(ALICE) {
            assert_eq!(error, Error::NotWritable, "a failing disk is no damage: {:?}", self.fault);
            self.world.people[ALICE].vault = None;
        }
    }

    fn script(&mut self) {
        self.says(ALICE, "a1");
        self.round();
        self.says(BOB, "b1");
        self.says(BOB, "b2");
        self.round();
        self.says(ALICE, "a2");
        self.restart();
        self.says(ALICE, "a3");
        self.round();
        self.says(BOB, "b3");
        self.world.people[ALICE].changes.clear();
        self.round();
        assert!(sentences(&self.world.people[ALICE].changes).len() <= 1, "said once, not again and again");
    }

    /// The disk works again; after a power cut, with whatever of the unsynced writes got there.
    fn recover(&mut self, rng: &mut StdRng) {
        if self.fault == Fault::Power {
            self.world.people[ALICE].vault = None;
            self.disk.power_back(|_| rng.random_bool(0.5));
        }
        self.disk.mend();
        if self.world.people[ALICE].vault.is_none() {
            self.open(ALICE).unwrap_or_else(|error| panic!("{error:?} after {:?}", self.fault));
        }
        self.says(ALICE, "a last");
        self.says(BOB, "b last");
        for _ in 0..14 {
            self.world.pass(6000);
            self.round();
        }
    }

    fn judge(&self, what: &str) {
        for who in [ALICE, BOB] {
            let vault = self.world.vault(who);
            let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
            assert!(messages.iter().map(|m| m.seq).eq(1..=vault.newest(1)), "{what}: places");
            // A sync that failed may have reached the disk all the same; that is seen after a restart only.
            let of = |mine| messages.iter().filter(move |m| m.mine == mine).map(|m| m.text.as_str().to_owned());
            let known = |text: &String| !self.refused.contains(text);
            let mine: Vec<_> = of(true).filter(known).collect();
            assert_eq!(mine, self.queued[who], "{what}: own messages of {who}");
            let theirs: Vec<_> = of(false).filter(known).collect();
            assert_eq!(theirs, self.queued[1 - who], "{what}: received by {who}");
            let mut all: Vec<_> = messages.iter().map(|m| (m.mine, m.text.as_str())).collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|two| two[0] != two[1]), "{what}: twice");
            let stuck = messages.iter().find(|m| m.mine && m.state != MessageState::Delivered);
            assert!(stuck.is_none(), "{what}: {} is {:?}", stuck.unwrap().text.as_str(), stuck.unwrap().state);
            assert_eq!(self.world.noticed(who, Notice::Undecryptable), 0, "{what}");
        }
    }
}

/// What a user is told of the store.
fn sentences(changes: &[Changed]) -> Vec<Notice> {
    let told = |change: &Changed| match change {
        Changed::Notice(notice) => Some(*notice),
        _ => None,
    };
    changes.iter().filter_map(told).collect()
}

#[test]
fn conversation_survives_a_disk_that_fails_at_any_call_in_any_way() {
    let folders = paired();
    let mut whole = Talk::new(&folders, Fault::Once);
    let before = whole.disk.calls();
    whole.script();
    let calls = whole.disk.calls() - before;
    whole.recover(&mut StdRng::seed_from_u64(0));
    whole.judge("without a fault");
    assert!(whole.refused.is_empty() && calls > 100, "{calls}");

    let rng = &mut StdRng::seed_from_u64(901);
    let every: u64 = std::env::var("BULKHEAD_EVERY").map_or(7, |every| every.parse().unwrap());
    let (mut runs, mut refused, mut closed) = (0, 0, 0);
    for (number, fault) in FAULTS.into_iter().enumerate() {
        for call in (number as u64..calls).step_by(usize::try_from(every).unwrap()) {
            let mut talk = Talk::new(&folders, fault);
            talk.disk.fail(call, fault);
            talk.script();
            closed += u32::from(talk.world.people[ALICE].vault.is_none());
            talk.recover(rng);
            talk.judge(&format!("{fault:?} at call {call} of {calls}"));
            refused += talk.refused.len();
            runs += 1;
        }
    }
    println!("{runs} runs over {calls} calls; {refused} messages refused, {closed} programs that could not open");
    assert!(refused > 0 && closed > 0, "no fault was ever noticed");
}
