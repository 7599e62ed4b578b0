//! Copies of the branch in other hands: whoever shows one history to some and another to others is found out where
//! somebody compares.

use crate::policy::Policy;
use crate::refusal::Refusal;
use git2::{Direction, Oid, Remote};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long all mirrors together have to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The commit that all mirrors show, or who does not. `ours` is only for the words: it is compared by the caller.
pub fn agree(policy: &Policy, ours: Oid) -> Result<Oid, Vec<Refusal>> {
    let (sender, answers) = channel();
    for mirror in &policy.mirrors {
        let (mirror, branch, sender) = (mirror.clone(), policy.reference(), sender.clone());
        // A thread each, which ends with the program if its mirror never answers.
        std::thread::spawn(move || {
            let head = head(&mirror, &branch);
            sender.send((mirror, head))
        });
    }
    drop(sender);
    let until = Instant::now() + PATIENCE;
    let (mut shown, mut refusals) = (Vec::new(), Vec::new());
    while shown.len() + refusals.len() < policy.mirrors.len() {
        match answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((mirror, Ok(Some(head)))) => shown.push((mirror, head)),
            Ok((mirror, Ok(None))) => refusals.push(Refusal::Mirror { mirror, why: "it has no such branch".into() }),
            Ok((mirror, Err(error))) => refusals.push(Refusal::Mirror { mirror, why: error.message().to_owned() }),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    for mirror in &policy.mirrors {
        let told = |refusal: &Refusal| matches!(refusal, Refusal::Mirror { mirror: other, .. } if other == mirror);
        if !shown.iter().any(|(other, _)| other == mirror) && !refusals.iter().any(told) {
            refusals.push(Refusal::Mirror { mirror: mirror.clone(), why: "no answer within a minute".into() });
        }
    }
    let expected = shown.iter().map(|(_, head)| *head).find(|head| *head == ours);
    let expected = expected.or_else(|| shown.first().map(|(_, head)| *head)).unwrap_or(ours);
    for (mirror, head) in shown.into_iter().filter(|(_, head)| *head != expected) {
        refusals.push(Refusal::Disagreement { mirror, found: head.to_string(), expected: expected.to_string() });
    }
    if refusals.is_empty() { Ok(expected) } else { Err(refusals) }
}

/// The commit at a branch elsewhere: a path, or an address that libgit2 can read.
fn head(mirror: &str, branch: &str) -> Result<Option<Oid>, git2::Error> {
    let mut remote = Remote::create_detached(mirror)?;
    let connection = remote.connect_auth(Direction::Fetch, None, None)?;
    Ok(connection.list()?.iter().find(|head| head.name() == branch).map(git2::RemoteHead::oid))
}
