//! What a rule must be, beyond its form: each refusal names the list, the rule and what to do.

use super::{CallRule, Condition, EnvironmentRule, FileRule, Refusal, Rules};
use crate::compare::cubes::Cube;
use crate::{Error, Process, calls};

/// Shortest reason that can be one.
const SHORTEST_WHY: usize = 12;

/// The places that a path may begin with, and whose rules may speak of them; [`crate::Places`] fills them in.
const PLACES: &[(&str, &[Process])] = &[
    ("data", &[Process::Vault]),
    ("driver", &[Process::Vault]),
    ("exe", &Process::WITH_RULES),
    ("home", &[Process::Vault]),
    ("staging", &[Process::Update]),
    ("xauthority", &[Process::Vault]),
];

impl Rules {
    pub(super) fn check(&self) -> Result<(), Error> {
        let Self { start, steady, .. } = self;
        if self.version == 0 {
            return Err(Error::NoVersion);
        }
        self.check_namespaces().map_err(|error| error.at("namespaces"))?;
        self.foresight.iter().try_for_each(|why| check_why("foresight", why))?;
        for (name, calls) in [("start.calls", &start.calls), ("steady.calls", &steady.calls)] {
            each(name, calls, CallRule::check)?;
            no_doubles(calls.iter().map(|r| (&r.call, &r.when, r.only)), |r| r.0).map_err(|error| error.at(name))?;
            let always = |call: &str| calls.iter().any(|r| r.call == call && r.when.is_empty() && r.only.is_none());
            if let Some(useless) = calls.iter().find(|r| !(r.when.is_empty() && r.only.is_none()) && always(&r.call)) {
                return Err(Error::Duplicate(useless.call.clone()).at(name));
            }
        }
        for (name, refused) in [("start.refused", &start.refused), ("steady.refused", &steady.refused)] {
            each(name, refused, Refusal::check)?;
            no_doubles(refused.iter().map(|r| (&r.call, &r.when, r.only)), |r| r.0).map_err(|error| error.at(name))?;
        }
        for (name, files) in [("start.files", Some(&start.files)), ("steady.files", steady.files.as_ref())] {
            let Some(files) = files else { continue };
            each(name, files, |rule| rule.check(self.process))?;
            no_doubles(files.iter().map(|r| (&r.path, r.only)), |r| r.0).map_err(|error| error.at(name))?;
        }
        // The process itself does not know the places that the launcher filled in.
        if let Some(rule) = steady.files.iter().flatten().find(|r| r.path.starts_with('{')) {
            return Err(Error::BadPath(rule.path.clone()).at("steady.files"));
        }
        self.check_surroundings()
    }

    fn check_namespaces(&self) -> Result<(), Error> {
        check_why("namespaces", &self.namespaces.why)?;
        self.namespaces.enter.first().map_or(Ok(()), |name| Err(Error::Namespace(name.clone())))
    }

    fn check_surroundings(&self) -> Result<(), Error> {
        let start = &self.start;
        each("start.tcp", &start.tcp, |r| check_why("tcp", &r.why))?;
        each("start.scopes", &start.scopes, |r| check_why("scopes", &r.why))?;
        each("start.limits", &start.limits, |r| check_why("limits", &r.why))?;
        each("start.environment", &start.environment, EnvironmentRule::check)?;
        no_doubles(start.tcp.iter().map(|r| (format!("{:?}", r.connect), r.only)), |r| &r.0)
            .map_err(|error| error.at("start.tcp"))?;
        no_doubles(start.scopes.iter().map(|r| format!("{:?}", r.scope)), |r| r)
            .map_err(|error| error.at("start.scopes"))?;
        no_doubles(start.limits.iter().map(|r| format!("{:?}", r.limit)), |r| r)
            .map_err(|error| error.at("start.limits"))?;
        no_doubles(start.environment.iter().map(|r| &r.name), |r| r).map_err(|error| error.at("start.environment"))
    }
}

impl CallRule {
    fn check(&self) -> Result<(), Error> {
        self.foresight.iter().try_for_each(|why| check_why(&self.call, why))?;
        check_call(&self.call, &self.when, &self.why)
    }
}

impl Refusal {
    fn check(&self) -> Result<(), Error> {
        check_call(&self.call, &self.when, &self.why)
    }
}

impl FileRule {
    fn check(&self, process: Process) -> Result<(), Error> {
        check_why(&self.path, &self.why)?;
        let known = |place: &str| PLACES.iter().any(|(name, whose)| *name == place && whose.contains(&process));
        let beneath = match self.path.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((place, rest)) => known(place) && (rest.is_empty() || plain(rest)),
            None => plain(&self.path),
        };
        if beneath { Ok(()) } else { Err(Error::BadPath(self.path.clone())) }
    }
}

/// One spelling per path: what is compared is the text.
fn plain(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| !rest.split('/').any(|part| ["", ".", ".."].contains(&part)))
}

impl EnvironmentRule {
    fn check(&self) -> Result<(), Error> {
        check_why(&self.name, &self.why)?;
        // What steers the dynamic loader steers the program.
        let plain = self.name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if plain && !self.name.is_empty() && !self.name.starts_with("LD_") {
            Ok(())
        } else {
            Err(Error::BadVariable(self.name.clone()))
        }
    }
}

fn check_call(call: &str, when: &[Condition], why: &str) -> Result<(), Error> {
    check_why(call, why)?;
    calls::by_name(call).ok_or_else(|| Error::UnknownCall(call.into()))?;
    // Beyond the sixth argument, a mask of nothing, a value outside its mask, or two conditions that exclude each other.
    Cube::of(when)?.map(drop).ok_or_else(|| Error::BadCondition(call.into()))
}

fn check_why(what: &str, why: &str) -> Result<(), Error> {
    if why.trim().len() < SHORTEST_WHY { Err(Error::NoReason(what.into())) } else { Ok(()) }
}

/// Checks the rules of one list, and says which of them was refused.
fn each<T>(list: &str, rules: &[T], check: impl Fn(&T) -> Result<(), Error>) -> Result<(), Error> {
    for (index, rule) in rules.iter().enumerate() {
        check(rule).map_err(|error| error.at(&format!("{list}, rule {}", index + 1)))?;
    }
    Ok(())
}

fn no_doubles<T: PartialEq>(items: impl Iterator<Item = T>, name: impl Fn(&T) -> &str) -> Result<(), Error> {
    let mut seen = Vec::new();
    for item in items {
        if seen.contains(&item) {
            return Err(Error::Duplicate(name(&item).into()));
        }
        seen.push(item);
    }
    Ok(())
}
