//! Attacks on the lines and the shared frame: a twin in the place of net or ui, under the real launcher and beside
//! the real vault.
//!
//! Here nothing is gained by comparing with "without rules": what refuses is the vault's own check. So each attack
//! has a control: the same kind of message within the rules, which the vault accepts, shortly before.

mod breaches;
mod item;
mod people;
mod scene;
mod signing;
mod terminal;
mod twins;

pub use scene::{Found, copy};
use std::sync::Mutex;

/// Everything, some scenes at a time.
pub fn all() -> Vec<Found> {
    type Part = (&'static str, fn() -> Vec<Found>);
    let parts: [Part; 4] = [
        ("breaches", breaches::play),
        ("people", people::play),
        ("signing", signing::play),
        ("terminal", terminal::play),
    ];
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (name, part) in parts {
            let found = &found;
            scope.spawn(move || {
                let list = part();
                found.lock().expect("no panic").push((name, list));
            });
        }
    });
    let mut found = found.into_inner().expect("no panic");
    found.sort_by_key(|(name, _)| *name);
    found.into_iter().flat_map(|(_, list)| list).collect()
}

/// Plays a twin if this program lies in a place of one, and does not return then.
pub fn play_twin(name: &str) {
    match name {
        "bulkhead-net" => twins::net(),
        "bulkhead-ui" => twins::ui(),
        _ => {}
    }
}
