use super::{Act, Event, Restarts};
use bulkhead_ipc::control::{FromLauncher, Peer};
use std::time::Duration;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn restarting(peer: Peer, life: u32, delay: u32) -> Act {
    Act::Tell(FromLauncher::Restarting { peer, life: Some(life), delay })
}

/// net and ui run, as lives 1 and 2.
fn running() -> Restarts {
    let mut restarts = Restarts::new(ms(0));
    assert_eq!((restarts.life(), restarts.life()), (1, 2));
    restarts
}

#[test]
fn the_first_crash_is_followed_at_once() {
    let mut restarts = running();
    assert_eq!(
        restarts.handle(Event::Ended(Peer::Net), ms(5)),
        [restarting(Peer::Net, 3, 0), Act::Start(Peer::Net, 3)]
    );
    assert_eq!(restarts.next(), None);
}

#[test]
fn crashes_in_a_row_are_followed_later_and_later_up_to_ten_seconds() {
    let mut restarts = running();
    let mut now = ms(0);
    let mut delays = Vec::new();
    for _ in 0..9 {
        let acts = restarts.handle(Event::Ended(Peer::Ui), now);
        let Some(Act::Tell(FromLauncher::Restarting { peer: Peer::Ui, life: Some(life), delay })) = acts.first() else {
            panic!("{acts:?}")
        };
        let life = *life;
        delays.push(*delay);
        if let Some(next) = restarts.next() {
            assert_eq!(restarts.handle(Event::Tick, next - ms(1)), []);
            assert_eq!(restarts.handle(Event::Tick, next), [Act::Start(Peer::Ui, life)]);
            now = next;
        }
    }
    assert_eq!(delays, [0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
}

#[test]
fn a_minute_of_life_clears_the_record() {
    let mut restarts = running();
    restarts.handle(Event::Ended(Peer::Net), ms(0));
    assert_eq!(restarts.handle(Event::Ended(Peer::Net), ms(59_999)), [restarting(Peer::Net, 4, 250)]);
    restarts.handle(Event::Tick, ms(60_249));
    assert_eq!(
        restarts.handle(Event::Ended(Peer::Net), ms(120_249)),
        [restarting(Peer::Net, 5, 0), Act::Start(Peer::Net, 5)]
    );
}

#[test]
fn the_peers_have_records_of_their_own() {
    let mut restarts = running();
    restarts.handle(Event::Ended(Peer::Net), ms(0));
    assert_eq!(restarts.handle(Event::Ended(Peer::Ui), ms(1)), [restarting(Peer::Ui, 4, 0), Act::Start(Peer::Ui, 4)]);
}

#[test]
fn a_peer_that_the_vault_calls_a_culprit_is_killed_once() {
    let mut restarts = running();
    restarts.handle(Event::Ended(Peer::Net), ms(0));
    assert_eq!(restarts.handle(Event::Restart(Peer::Net), ms(1)), [Act::Kill(Peer::Net)]);
    assert_eq!(restarts.handle(Event::Ended(Peer::Net), ms(2)), [restarting(Peer::Net, 4, 250)]);
    assert_eq!(restarts.handle(Event::Restart(Peer::Net), ms(3)), []);
}

#[test]
fn when_the_vault_ends_all_ends() {
    for code in [0, 7, 137] {
        assert_eq!(running().handle(Event::VaultEnded(code), ms(9)), [Act::Finish(code)]);
    }
}

#[test]
fn a_user_who_stops_it_is_obeyed_within_three_seconds() {
    let mut restarts = running();
    assert_eq!(restarts.handle(Event::Stop, ms(100)), [Act::Tell(FromLauncher::Quit)]);
    assert_eq!(restarts.handle(Event::Ended(Peer::Ui), ms(200)), [], "nothing is started any more");
    assert_eq!(restarts.next(), Some(ms(3100)));
    assert_eq!(restarts.handle(Event::Tick, ms(3099)), []);
    assert_eq!(restarts.handle(Event::Tick, ms(3100)), [Act::KillVault]);
}

#[test]
fn a_user_who_stops_it_twice_is_obeyed_at_once() {
    let mut restarts = running();
    restarts.handle(Event::Stop, ms(100));
    assert_eq!(restarts.handle(Event::Stop, ms(101)), [Act::KillVault]);
}

#[test]
fn a_vault_that_falls_silent_is_given_time_to_end() {
    let mut restarts = running();
    assert_eq!(restarts.handle(Event::VaultSilent, ms(0)), []);
    assert_eq!(restarts.handle(Event::VaultSilent, ms(2000)), []);
    assert_eq!(restarts.handle(Event::Tick, ms(3000)), [Act::KillVault]);
}
