//! Which release runs, and under whose launcher and rules: one small file, so that one rename changes all of it.

use crate::{Error, Installation, disk};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A release, and the one whose launcher starts it under its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Under {
    /// Whose launcher and rules: the release that was current before `current`.
    pub enforcer: u64,
    /// Whose processes.
    pub current: u64,
}

/// The content of `<root>/selection` (JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// What runs.
    pub now: Under,
    /// What ran well before it, and under which rules it did: a way back must not be a way around them.
    pub before: Option<Under>,
}

impl Selection {
    /// A first installation enforces its own rules.
    pub const fn first(number: u64) -> Self {
        Self { now: Under { enforcer: number, current: number }, before: None }
    }

    /// What is selected once `number` takes the place of the current release, which becomes its enforcer.
    #[must_use]
    pub const fn with(self, number: u64) -> Self {
        Self { now: Under { enforcer: self.now.current, current: number }, before: Some(self.now) }
    }

    /// The way back, if there is one: the last good release under the rules that held for it then.
    #[must_use]
    pub const fn back(self) -> Option<Self> {
        match self.before {
            Some(now) => Some(Self { now, before: None }),
            None => None,
        }
    }

    /// Whether a release is needed.
    pub fn keeps(&self, number: u64) -> bool {
        let of = |under: &Under| under.enforcer == number || under.current == number;
        of(&self.now) || self.before.as_ref().is_some_and(of)
    }
}

impl Installation {
    /// What is selected.
    pub fn selection(&self) -> Result<Selection, Error> {
        self.json("selection", 4096)
    }

    /// Selects: the moment of change. Then the link that the desktop starts follows; if a crash comes between,
    /// [`Installation::recover`] moves it.
    pub(crate) fn select(&self, selection: &Selection) -> Result<(), Error> {
        let path = self.path("selection");
        let bytes = serde_json::to_vec(selection).map_err(|_| Error::Damaged(path.clone()))?;
        disk::replace(&path, &bytes)?;
        self.point(selection)
    }

    /// Points the link at the enforcer's launcher.
    pub(crate) fn point(&self, selection: &Selection) -> Result<(), Error> {
        let target = format!("releases/{}/bin/bulkhead", selection.now.enforcer);
        disk::link(Path::new(&target), &self.path("bulkhead"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_follow_one_release_behind() {
        let first = Selection::first(1);
        let second = first.with(2);
        let third = second.with(3);
        assert_eq!(second.now, Under { enforcer: 1, current: 2 });
        assert_eq!(third.now, Under { enforcer: 2, current: 3 });
        assert_eq!([1, 2, 3, 4].map(|number| third.keeps(number)), [true, true, true, false]);
    }

    #[test]
    fn way_back_leads_to_the_rules_of_then() {
        let third = Selection::first(1).with(2).with(3);
        assert_eq!(third.back().map(|back| back.now), Some(Under { enforcer: 1, current: 2 }));
        assert_eq!(third.back().and_then(Selection::back), None);
        assert_eq!(Selection::first(1).back(), None);
    }
}
