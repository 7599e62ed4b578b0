//! The decision on a first installation: the one on updates, by a device that has seen nothing but the three first roots.

use crate::report::{Roots, said};
use crate::{AGAIN, Error, Verified};
use bulkhead_staging::Staged;
use bulkhead_trust::read::{listed, root};
use bulkhead_trust::{
    Candidate, Chain, Decision, Digest, Listing, PackageView, Party, PartyState, PartyView, PerParty, Refusal, Role,
    State, Time, decide, enough, read,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the parties say, read and found to be signed.
pub struct Read {
    state: State,
    views: PerParty<PartyView>,
    /// What each party has listed, ever.
    history: PerParty<BTreeMap<u64, Digest>>,
    roots: Roots,
}

/// Reads what the parties say. `insist` is the fingerprint that the three first roots must have together.
pub fn parties(staged: &PerParty<Staged>, insist: Option<Digest>, now: Time) -> Result<Read, Error> {
    let roots = Roots::of(staged);
    if let Some(wanted) = insist.filter(|wanted| *wanted != roots.all) {
        return Err(Error::OtherRoots { found: roots.all, wanted });
    }
    let first = PerParty::try_make(|party| begin(party, &staged.of(party).trusted))?;
    let view = |party| read(party, first.of(party), &staged.of(party).files(), now);
    let views = PerParty::try_make(view).map_err(refused)?;
    let history = PerParty::try_make(|party| history(party, staged.of(party), views.of(party)))?;
    let state = State {
        parties: first,
        revoked: BTreeSet::new(),
        forks: BTreeSet::new(),
        installed: 0,
        failed: BTreeSet::new(),
        rules: BTreeMap::new(),
    };
    Ok(Read { state, views, history, roots })
}

impl Read {
    /// The newest release that all three list.
    pub fn release(&self, now: Time) -> Result<Listing, Error> {
        Ok(*self.decided(None, now)?.0)
    }

    /// Decides once more, now with what is in the package. The answers are what was verified, and what an installation knows then.
    pub fn package(self, package: PackageView, file: Digest, now: Time) -> Result<(Verified, State), Error> {
        let (listing, mut state) = self.decided(Some(package), now)?;
        for party in Party::ALL {
            let known = &mut state.parties.of_mut(party).releases;
            // What was listed once is never described anew, also what is not listed any more.
            for (number, id) in self.history.of(party) {
                known.entry(*number).or_insert(*id);
            }
        }
        let said = PerParty::make(|party| said(state.parties.of(party), self.views.of(party), now));
        let state = state.with_installed(&listing.release);
        Ok((Verified { file, listing: *listing, roots: self.roots, parties: said }, state))
    }

    fn decided(&self, package: Option<PackageView>, now: Time) -> Result<(Box<Listing>, State), Error> {
        match decide(&self.state, &Candidate { parties: self.views.clone(), package }, now) {
            Decision::Download { release, next } | Decision::Install { release, next } => Ok((release, *next)),
            Decision::Refused(refusal) => Err(refused(refusal)),
            Decision::Forked { fork, .. } => Err(refused(Refusal::Forked(fork))),
            Decision::UpToDate { .. } => Err(Error::Nothing),
            Decision::Waiting { number, missing, .. } => {
                let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
                Err(Error::Waiting { number, missing })
            }
        }
    }
}

/// What is known of a party whose first root this is. Nothing vouches for it but what it is compared with; it must be as strong as any
/// root after it has to be.
fn begin(party: Party, file: &[u8]) -> Result<PartyState, Error> {
    let wrong = |what| Error::Root { party, what };
    let view = root(file, &BTreeSet::new()).map_err(wrong)?;
    if view.link.version != 1 {
        return Err(wrong("it is not the first one"));
    }
    if !enough(&view.seal.signers, &view.roles.root, &BTreeSet::new()) {
        return Err(wrong("it is not signed by the keys that it names"));
    }
    if view.roles.weak().is_some() {
        return Err(wrong(
            "it names fewer than four offline keys, or asks for fewer than two signatures, or has fewer than two keys to spare, or more than sixteen",
        ));
    }
    if view.roles.exposed().is_some() {
        return Err(wrong("a key that is kept online could sign releases"));
    }
    Ok(PartyState::first(Chain::new(view.link.id), view.roles, Chain::default()))
}

/// Every release that the party has ever listed. That its lists follow each other is the decision's question.
fn history(party: Party, staged: &Staged, view: &PartyView) -> Result<BTreeMap<u64, Digest>, Error> {
    let mut all = BTreeMap::new();
    let mut note = |number: u64, id: Digest| {
        let first = *all.entry(number).or_insert(id);
        if first == id { Ok(()) } else { Err(Error::Twice { party, number }) }
    };
    for bytes in &staged.links {
        let unreadable = |reason| refused(Refusal::Unreadable { party, role: Role::Targets, reason });
        for (number, id) in listed(bytes).map_err(unreadable)? {
            note(number, id)?;
        }
    }
    for (number, listing) in &view.targets.releases {
        note(*number, listing.id)?;
    }
    Ok(all)
}

/// A refusal, with the file that it is about and what would make it pass.
fn refused(refusal: Refusal) -> Error {
    let of = |party: Party, role: Role| match role {
        Role::Root => format!("{}/*.root.json", party.name()),
        other => format!("{}/{other}.json", party.name()),
    };
    let file = match &refusal {
        Refusal::Unreadable { party, role, .. }
        | Refusal::Signatures { party, role, .. }
        | Refusal::RevokedKey { party, role }
        | Refusal::WeakRoot { party, role }
        | Refusal::UnknownPredecessor { party, role }
        | Refusal::Gap { party, role }
        | Refusal::Rollback { party, role, .. }
        | Refusal::Expired { party, role, .. }
        | Refusal::Mixed { party, role } => of(*party, *role),
        Refusal::FromTheFuture { party, .. } | Refusal::TimeRunsBack { party } => of(*party, Role::Timestamp),
        Refusal::RevokedKeyReturns { party, .. } | Refusal::OnlineKey { party, .. } => of(*party, Role::Root),
        Refusal::Tuf { party, .. } => format!("{}/*.json", party.name()),
        Refusal::Forked(fork) => format!("{}/*.json", fork.party.name()),
        Refusal::SharedKey { first, second, .. } => format!("{}, {}", of(*first, Role::Root), of(*second, Role::Root)),
        Refusal::Disagree { first, second, .. } => {
            format!("{}, {}", of(*first, Role::Targets), of(*second, Role::Targets))
        }
        _ => "package".to_owned(),
    };
    let advice = match refusal {
        Refusal::Expired { .. } => "Check this computer's date; the file is made anew every day: download today's",
        Refusal::FromTheFuture { .. } => "If the date is right, download the file again",
        _ => AGAIN,
    };
    Error::Refused { file, refusal: Box::new(refusal), advice }
}
