//! What the user is told of updates, and what comes of the user's wishes: the launcher's own thread, without the vault.

use crate::kit::{Contents, World, until};
use bulkhead_install::Installation;
use bulkhead_ipc::update::{Notice, Party as Told, Status, Wish};
use bulkhead_trust::Party;
use bulkhead_trust::proof::Proof;
use bulkhead_updater::updates::{Round, Updates};
use std::cell::RefCell;
use std::fs;
use std::path::Path;

/// The launcher's side of updates, as its loop sees them.
struct Rounds(RefCell<Updates>);

impl Rounds {
    fn begin(installation: &Installation, home: &Path) -> Self {
        until("the lock of the one before", || installation.lock().unwrap().is_some());
        let (lock, running) = (installation.lock().unwrap(), installation.selection().unwrap());
        let round = Round::new(installation.clone(), running, None, home.to_path_buf(), lock);
        Self(RefCell::new(Updates::begin(round).unwrap()))
    }

    /// Waits for a notice of this kind.
    fn says(&self, wanted: impl Fn(&Status) -> bool) -> Notice {
        let mut updates = self.0.borrow_mut();
        let found = RefCell::new(None);
        let updates = RefCell::new(&mut *updates);
        until("a notice", || {
            let mut updates = updates.borrow_mut();
            updates.listen();
            if let Some(notice) = updates.untold().filter(|notice| wanted(&notice.status)) {
                *found.borrow_mut() = Some(notice.clone());
                updates.told();
            }
            found.borrow().is_some()
        });
        found.into_inner().unwrap()
    }

    fn wish(&self, wish: Wish) {
        self.0.borrow_mut().wish(wish);
    }
}

#[test]
fn user_is_told_and_wishes_are_carried_out() {
    let mut world = World::new();
    let (installation, home) = (world.installation(), world.at("home"));
    fs::create_dir(&home).unwrap();

    let rounds = Rounds::begin(&installation, &home);
    let notice = rounds.says(|status| *status == Status::UpToDate);
    assert!(notice.checked.is_some());
    assert!(notice.details.as_str().contains("release 1 under the launcher and rules of release 1"));
    assert!(notice.details.as_str().contains("quality: root version 1 ("));

    world.publish(Contents { wider: true, ..Contents::honest(2) });
    rounds.wish(Wish::Check);
    let notice = rounds.says(|status| matches!(status, Status::Ready { .. }));
    let Status::Ready { wider, changes, release, signers, .. } = notice.status else { panic!() };
    assert_eq!((release.number, release.version.as_str()), (2, "0.2.0"));
    assert_eq!((changes.as_str(), signers.len()), ("What release 2 changes.", 3));
    assert!(wider.iter().any(|sentence| sentence.as_str().starts_with("bulkhead-ui: ")));
    assert!(notice.details.as_str().contains("rules of ui: version 2, sha256 "));
    assert!(rounds.0.borrow().is_ready());
    // It runs from the next start on: until then nothing else is installed.
    world.publish(Contents::honest(3));
    rounds.wish(Wish::Check);
    rounds.says(|status| matches!(status, Status::Ready { .. }));
    assert_eq!(world.selected(), (1, 2));

    // As if it had been started anew.
    drop(rounds);
    let rounds = Rounds::begin(&installation, &home);
    let notice = rounds.says(|status| matches!(status, Status::Refused(_)));
    let Status::Refused(sentence) = notice.status else { panic!() };
    assert!(sentence.as_str().contains("older sandbox rules"), "{}", sentence.as_str());

    world.parties.fork(Party::Quality, 2);
    rounds.wish(Wish::Check);
    rounds.says(|status| *status == Status::Forked { party: Told::Quality, proof: None });
    rounds.wish(Wish::ExportProof);
    let notice = rounds.says(|status| matches!(status, Status::Forked { proof: Some(_), .. }));
    let Status::Forked { proof: Some(place), .. } = notice.status else { panic!() };
    let proof: Proof = serde_json::from_slice(&fs::read(place.as_str()).unwrap()).unwrap();
    let state = installation.state().unwrap();
    let first = state.parties.of(Party::Quality).roots.at(1).unwrap();
    assert_eq!(proof.verify(first).as_ref(), Ok(state.condemned().unwrap()));
}
