//! A party's mirrors: which one is asked, and what it costs one to misbehave.

use crate::Trouble;
use crate::address::Address;
use crate::dial::Dialer;
use crate::health::{Health, honest, order};
use crate::http::{Answer, Ask};
use crate::pace::{Patience, Rate};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Mirrors that are asked at once what is current: one that hides something new would have to be all of them.
const ASKED: usize = 3;

/// A party's mirrors.
#[derive(Clone)]
pub struct Mirrors(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    list: Vec<Address>,
    patience: Patience,
    health: Mutex<Vec<Health>>,
    /// Which mirror served last.
    last: Mutex<Option<usize>>,
    /// Bytes that may still be fetched.
    budget: AtomicU64,
    /// Separates these connections from others at a proxy.
    circuit: String,
}

impl Mirrors {
    /// Asks the mirrors of `list`, for `budget` bytes in all. `circuit` names them to a SOCKS proxy.
    pub fn new(dialer: Dialer, list: Vec<Address>, circuit: &str, budget: u64, patience: Patience) -> Self {
        let health = Mutex::new(vec![Health::default(); list.len()]);
        let (last, budget) = (Mutex::new(None), AtomicU64::new(budget));
        Self(Arc::new(Inner { dialer, list, patience, health, last, budget, circuit: circuit.to_owned() }))
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        self.0.list.len()
    }

    /// How long they are waited for.
    pub fn patience(&self) -> Patience {
        self.0.patience
    }

    /// Their numbers, best first.
    pub fn best(&self) -> Vec<usize> {
        order(&self.health())
    }

    /// Which one served last.
    pub fn last(&self) -> Option<usize> {
        *locked(&self.0.last)
    }

    /// Says that what the last one served turned out to be wrong.
    pub fn blame(&self) {
        if let Some(index) = self.last() {
            self.failed(index, true);
        }
    }

    /// Says how one did.
    pub fn failed(&self, index: usize, wrong: bool) {
        if let Some(health) = self.health().get_mut(index) {
            health.failed(wrong);
        }
    }

    /// Says that one served what it should.
    pub fn served(&self, index: usize, rate: Rate) {
        *locked(&self.0.last) = Some(index);
        if let Some(health) = self.health().get_mut(index) {
            health.served(rate);
        }
    }

    /// Takes `bytes` from what may be spent.
    pub fn spend(&self, bytes: usize) -> Result<(), Trouble> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let spent = self.0.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        spent.map(drop).map_err(|_| Trouble::Budget)
    }

    /// Asks one of them.
    pub async fn ask(&self, index: usize, ask: Ask<'_>) -> Result<Answer, Trouble> {
        let mirror = self.0.list.get(index).ok_or(Trouble::Missing)?;
        let io = self.0.dialer.dial(mirror, &format!("{} {index}", self.0.circuit)).await?;
        Answer::to(io, mirror, ask).await
    }

    /// A file of at most `most` bytes, from the best mirror that has it. `None` if each says that there is none.
    ///
    /// Mirrors that are too slow are asked again, for less, once no other is left.
    pub async fn file(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        self.fitting(path, most, |_| true).await
    }

    /// The same, for a file that is known by a property: a mirror that serves another one is wrong.
    pub async fn fitting(
        &self,
        path: &str,
        most: u64,
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut least = self.0.patience.wanted;
        loop {
            let (mut missing, mut trouble) = (false, None);
            for index in self.best() {
                match self.whole(index, path, most, least).await {
                    Ok((bytes, rate)) if fits(&bytes) => {
                        self.served(index, rate);
                        return Ok(Some(bytes));
                    }
                    Ok(_) => {
                        self.failed(index, true);
                        trouble = trouble.or(Some(Trouble::Wrong));
                    }
                    Err(Trouble::Missing) => missing = true,
                    Err(Trouble::Budget) => return Err(Trouble::Budget),
                    Err(other) => {
                        self.failed(index, false);
                        trouble = if trouble == Some(Trouble::Slow) { trouble } else { Some(other) };
                    }
                }
            }
            match (trouble, self.0.patience.slower(least)) {
                (Some(Trouble::Slow), Some(slower)) => least = slower,
                _ if missing => return Ok(None),
                (Some(trouble), _) => return Err(trouble),
                (None, _) => return Ok(None),
            }
        }
    }

    /// The newest of what several mirrors serve as this file: the one with the highest `rank`, which is `None` for
    /// what is wrong. A mirror that shows something old is outdone by any that does not.
    pub async fn newest<R: Ord>(
        &self,
        path: &str,
        most: u64,
        rank: impl Fn(&[u8]) -> Option<R>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        if self.number() < 2 {
            return self.fitting(path, most, |bytes| rank(bytes).is_some()).await;
        }
        let mut asked = JoinSet::new();
        let honest = honest(&self.health());
        for index in honest.into_iter().take(ASKED) {
            let (mirrors, path) = (self.clone(), path.to_owned());
            asked.spawn(async move { (index, mirrors.whole(index, &path, most, mirrors.0.patience.wanted).await) });
        }
        let mut best: Option<(R, Vec<u8>, usize)> = None;
        let mut until = None;
        while let Some(Ok((index, came))) = match until {
            None => asked.join_next().await,
            Some(until) => timeout_at(until, asked.join_next()).await.unwrap_or(None),
        } {
            let (bytes, rate) = match came {
                Ok(came) => came,
                Err(Trouble::Missing) => continue,
                Err(_) => {
                    self.failed(index, false);
                    continue;
                }
            };
            let Some(rank) = rank(&bytes) else {
                self.failed(index, true);
                continue;
            };
            self.served(index, rate);
            if best.as_ref().is_none_or(|(highest, ..)| rank > *highest) {
                best = Some((rank, bytes, index));
            }
            until = until.or_else(|| Some(Instant::now() + self.0.patience.grace));
        }
        let Some((_, bytes, index)) = best else {
            return self.fitting(path, most, |bytes| rank(bytes).is_some()).await;
        };
        *locked(&self.0.last) = Some(index);
        Ok(Some(bytes))
    }

    async fn whole(&self, index: usize, path: &str, most: u64, least: Rate) -> Result<(Vec<u8>, Rate), Trouble> {
        let pace = (self.0.patience.window, least);
        let mut answer = self.ask(index, Ask { path, from: 0, most, pace }).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.next().await? {
            self.spend(piece.len())?;
            bytes.extend(piece);
        }
        Ok((bytes, answer.rate()))
    }

    fn health(&self) -> MutexGuard<'_, Vec<Health>> {
        locked(&self.0.health)
    }
}

/// Nothing that is done under these locks can be left half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
