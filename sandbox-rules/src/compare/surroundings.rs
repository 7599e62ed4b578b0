//! Everything that is laid on once, from outside: ports, what may not cross, limits, variables.

use super::words::{bytes, limit, port, scope, situations};
use super::{Difference, Kind, Situation};
use crate::rules::{Limit, Mode, Port, Rules, Scope};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn differences(old: &Rules, new: &Rules) -> Vec<Difference> {
    let mut found = tcp(old, new);
    found.extend(scopes(old, new));
    found.extend(limits(old, new));
    found.extend(environment(old, new));
    found
}

/// The widest of a mode's ports: any port is more than the proxy's, which is more than none.
pub(crate) fn widest(rules: &Rules, mode: Mode) -> Option<Port> {
    let ports: Vec<Port> =
        rules.start.tcp.iter().filter(|r| r.only.is_none_or(|m| m == mode)).map(|r| r.connect).collect();
    if ports.contains(&Port::Any) { Some(Port::Any) } else { ports.first().copied() }
}

fn tcp(old: &Rules, new: &Rules) -> Vec<Difference> {
    let rank = |port: Option<Port>| match port {
        None => 0,
        Some(Port::Proxy) => 1,
        Some(Port::Any) => 2,
    };
    let change = |mode| {
        let (was, is) = (widest(old, mode), widest(new, mode));
        let kind = if rank(is) > rank(was) { Kind::Wider } else { Kind::Narrower };
        let both = [false, true].map(|steady| Situation { steady, mode });
        let place = situations(both.into_iter());
        (was != is).then(|| Difference {
            kind,
            text: format!("TCP{place}: it could connect to {}, and now to {}.", port(was), port(is)),
        })
    };
    Mode::ALL.into_iter().filter_map(change).collect()
}

fn scopes(old: &Rules, new: &Rules) -> Vec<Difference> {
    let of = |rules: &Rules| -> BTreeSet<Scope> { rules.start.scopes.iter().map(|r| r.scope).collect() };
    let (was, is) = (of(old), of(new));
    let gone = was.difference(&is).map(|s| (Kind::Wider, "can now reach outside", s));
    let come = is.difference(&was).map(|s| (Kind::Narrower, "no longer reach outside", s));
    gone.chain(come)
        .map(|(kind, what, which)| Difference { kind, text: format!("{} {what} the sandbox.", scope(*which)) })
        .collect()
}

fn limits(old: &Rules, new: &Rules) -> Vec<Difference> {
    let of =
        |rules: &Rules| -> BTreeMap<Limit, u64> { rules.start.limits.iter().map(|r| (r.limit, r.value)).collect() };
    let (was, is) = (of(old), of(new));
    let both: BTreeSet<Limit> = was.keys().chain(is.keys()).copied().collect();
    let change = |which: Limit| {
        let (was, is) = (was.get(&which).copied(), is.get(&which).copied());
        // No limit is more than any: then the launcher's own holds, whatever that is.
        let height = |value: Option<u64>| value.map_or((1, 0), |value| (0, value));
        let kind = if height(is) > height(was) { Kind::Wider } else { Kind::Narrower };
        let say = |value: Option<u64>| value.map_or("no limit of its own".into(), |value| bytes(which, value));
        (was != is)
            .then(|| Difference { kind, text: format!("{} was {} and is now {}.", limit(which), say(was), say(is)) })
    };
    both.into_iter().filter_map(change).collect()
}

fn environment(old: &Rules, new: &Rules) -> Vec<Difference> {
    let of = |rules: &Rules| -> BTreeSet<String> { rules.start.environment.iter().map(|r| r.name.clone()).collect() };
    let (was, is) = (of(old), of(new));
    let come = is.difference(&was).map(|name| (Kind::Wider, "is now passed on", name));
    let gone = was.difference(&is).map(|name| (Kind::Narrower, "is no longer passed on", name));
    come.chain(gone)
        .map(|(kind, what, name)| Difference { kind, text: format!("the variable {name} {what}.") })
        .collect()
}
