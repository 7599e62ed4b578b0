//! Which mirror to ask first: the one that failed least, then the fastest.

use crate::pace::Rate;

/// Failures that are remembered at most, so that a mirror that was mended is soon asked again.
const MOST: u32 = 8;

/// What is known about one mirror.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    failures: u32,
    lies: u32,
    rate: Option<Rate>,
}

impl Health {
    /// It served what it should, at this rate. One success makes up for one failure, so that a mirror that is good
    /// and bad by turns stays behind one that is always good.
    pub fn served(&mut self, rate: Rate) {
        self.failures = self.failures.saturating_sub(1);
        self.rate = Some(self.rate.map_or(rate, |old| old / 2 + rate / 2));
    }

    /// It did not. A wrong answer weighs more than none: chance does not make those.
    pub fn failed(&mut self, wrong: bool) {
        self.failures = self.failures.saturating_add(if wrong { 4 } else { 2 }).min(MOST);
        self.lies = self.lies.saturating_add(u32::from(wrong));
    }
}

/// Those that served something wrong least often, best first. What they say is current counts; one that makes up
/// something newer than all others would otherwise always be believed first.
pub fn honest(mirrors: &[Health]) -> Vec<usize> {
    let least = mirrors.iter().map(|health| health.lies).min();
    order(mirrors).into_iter().filter(|index| mirrors.get(*index).map(|health| health.lies) == least).collect()
}

/// The order in which to ask, best first; equal ones keep their order.
pub fn order(mirrors: &[Health]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..mirrors.len()).collect();
    let rank = |index: &usize| {
        mirrors.get(*index).map(|health| (health.failures, std::cmp::Reverse(health.rate.unwrap_or(Rate::MAX))))
    };
    order.sort_by_key(rank);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_weigh_more_than_speed() {
        let mut mirrors = [Health::default(); 4];
        mirrors[0].served(1_000);
        mirrors[1].served(9_000_000);
        mirrors[1].failed(false);
        mirrors[2].served(5_000);
        // The fourth is unknown: it gets its chance first.
        assert_eq!(order(&mirrors), [3, 2, 0, 1]);
    }

    #[test]
    fn mirror_that_alternates_stays_behind() {
        let mut mirrors = [Health::default(); 2];
        for _ in 0..20 {
            mirrors[0].failed(false);
            mirrors[0].served(9_000_000);
            mirrors[1].served(1_000);
            assert_eq!(order(&mirrors), [1, 0]);
        }
        // Mended, it is back after a while.
        (0..8).for_each(|_| mirrors[0].served(9_000_000));
        assert_eq!(order(&mirrors), [0, 1]);
    }

    #[test]
    fn wrong_answers_weigh_most() {
        let mut mirrors = [Health::default(); 2];
        mirrors[0].failed(true);
        mirrors[1].failed(false);
        assert_eq!(order(&mirrors), [1, 0]);
        assert_eq!(honest(&mirrors), [1]);
        // What it served since does not make it honest.
        (0..9).for_each(|_| mirrors[0].served(9));
        assert_eq!((order(&mirrors), honest(&mirrors)), (vec![0, 1], vec![1]));
        mirrors[1].failed(true);
        assert_eq!(honest(&mirrors), [0, 1]);
        assert!(honest(&[]).is_empty());
    }
}
