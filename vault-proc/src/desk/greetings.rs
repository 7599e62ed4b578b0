//! Which process has to say Hello on which line, and until when.
//!
//! A process that was started and does not speak, or whose first words look like what a condemned predecessor left
//! behind, is started again.

use super::Desk;
use crate::lines::{Arrival, Edge};
use bulkhead_ipc::control::{Peer, ToLauncher};
use bulkhead_ipc::{intent, pixels, post, sign};
use std::time::{Duration, Instant};

/// How long a started process may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Hello that is due.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Due {
    until: Instant,
    /// Who has to say it; anybody if it is not known.
    life: Option<u32>,
}

/// One of the lines to net and ui.
#[derive(Debug)]
struct Line {
    edge: Edge,
    due: Option<Due>,
    /// Who said Hello last.
    heard: Option<u32>,
}

/// All lines to net and ui.
#[derive(Debug)]
pub struct Greetings([Line; 4]);

impl Greetings {
    /// Both processes were started just now.
    pub fn new(now: Instant) -> Self {
        let due = Some(Due { until: now + PATIENCE, life: None });
        Self([Edge::Post, Edge::Sign, Edge::Pixels, Edge::Intent].map(|edge| Line { edge, due, heard: None }))
    }

    /// The process is started at this time, by this number if the launcher has said it. What it has said already, on
    /// a line that was quicker than the launcher's, is not waited for.
    pub fn expect(&mut self, peer: Peer, life: Option<u32>, start: Instant) {
        for line in self.0.iter_mut().filter(|line| line.edge.peer() == Some(peer)) {
            let there = life.is_some() && line.heard == life;
            line.due = (!there).then_some(Due { until: start + PATIENCE, life });
        }
    }

    /// Takes note of a Hello.
    pub fn hear(&mut self, arrival: &Arrival) {
        let (edge, life) = match *arrival {
            Arrival::Post(post::FromNet::Hello { life, .. }) => (Edge::Post, life),
            Arrival::Sign(sign::FromNet::Hello { life, .. }) => (Edge::Sign, life),
            Arrival::Pixels(pixels::FromUi::Hello { life, .. }) => (Edge::Pixels, life),
            Arrival::Intent(intent::FromUi::Hello { life, .. }) => (Edge::Intent, life),
            _ => return,
        };
        for line in self.0.iter_mut().filter(|line| line.edge == edge) {
            line.heard = life;
            // A process of schema version 1 has no number.
            let is_due = |due: &Due| due.life.is_none() || life.is_none() || due.life == life;
            if line.due.as_ref().is_some_and(is_due) {
                line.due = None;
            }
        }
    }

    /// A process whose Hello is overdue.
    pub fn late(&self, now: Instant) -> Option<Peer> {
        let late = |line: &&Line| line.due.is_some_and(|due| due.until <= now);
        self.0.iter().find(late).and_then(|line| line.edge.peer())
    }

    /// When the next one will be overdue.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().filter_map(|line| Some(line.due?.until)).min()
    }
}

impl Desk {
    /// Tells the launcher, once, that this release starts: net and ui have greeted, and ui has drawn. The presenter calls
    /// it once it is under the steady rules.
    pub fn judge_start(&mut self) {
        if !self.started && self.greetings.next().is_none() && self.ui.is_drawn() {
            self.started = self.control.try_send(&ToLauncher::Started).is_ok();
            if self.trial {
                self.session.quit();
                self.finish();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Greetings, PATIENCE};
    use crate::lines::Arrival;
    use bulkhead_ipc::control::Peer;
    use bulkhead_ipc::{VERSION, intent, pixels, post, sign};
    use std::time::{Duration, Instant};

    fn net(greetings: &mut Greetings, life: Option<u32>) {
        greetings.hear(&Arrival::Post(post::FromNet::Hello { life, version: VERSION }));
        greetings.hear(&Arrival::Sign(sign::FromNet::Hello { life, version: VERSION }));
    }

    fn both(now: Instant) -> Greetings {
        let mut greetings = Greetings::new(now);
        net(&mut greetings, Some(2));
        greetings.hear(&Arrival::Pixels(pixels::FromUi::Hello { life: Some(1), version: VERSION }));
        greetings.hear(&Arrival::Intent(intent::FromUi::Hello { life: Some(1), version: VERSION }));
        greetings
    }

    #[test]
    fn who_says_hello_on_all_lines_is_not_late() {
        let now = Instant::now();
        assert_eq!(both(now).next(), None);
        let mut greetings = Greetings::new(now);
        greetings.hear(&Arrival::Pixels(pixels::FromUi::Hello { life: Some(1), version: VERSION }));
        net(&mut greetings, Some(2));
        assert_eq!(greetings.next(), Some(now + PATIENCE));
        assert_eq!(greetings.late(now + PATIENCE - Duration::from_millis(1)), None);
        assert_eq!(greetings.late(now + PATIENCE), Some(Peer::Ui), "it has not spoken on its other line");
    }

    #[test]
    fn what_a_predecessor_said_does_not_count() {
        let now = Instant::now();
        let mut greetings = both(now);
        greetings.expect(Peer::Net, Some(3), now);
        net(&mut greetings, Some(2));
        assert_eq!(greetings.late(now + PATIENCE), Some(Peer::Net));
        net(&mut greetings, Some(3));
        assert_eq!(greetings.next(), None);
    }

    #[test]
    fn a_hello_that_overtakes_the_launcher_counts() {
        let now = Instant::now();
        let mut greetings = both(now);
        net(&mut greetings, Some(3));
        greetings.expect(Peer::Net, Some(3), now);
        assert_eq!(greetings.next(), None);
        greetings.expect(Peer::Net, Some(4), now);
        assert_eq!(greetings.late(now + PATIENCE), Some(Peer::Net));
    }

    #[test]
    fn a_process_without_a_number_has_spoken() {
        let now = Instant::now();
        let mut greetings = both(now);
        greetings.expect(Peer::Net, Some(3), now);
        net(&mut greetings, None);
        assert_eq!(greetings.next(), None);
    }
}
