//! Who we say we are on one connection (NIP-42).
//!
//! A connection authenticates as one mailbox only, since many relays remember one key per connection, and
//! so that no relay is *told* which mailboxes belong together. The vault signs; this decides when to ask it.

use bulkhead_ipc::{bytes::Bytes32, post::Event};

/// Questions to the vault per connection: a relay that challenges without end gets no further answer.
const MAX_ROUNDS: u8 = 5;

/// The state of one connection.
#[derive(Debug, Default)]
pub struct Auth {
    asked: Option<String>,
    sent: Option<Bytes32>,
    rounds: u8,
}

impl Auth {
    /// The relay challenges; only its newest challenge counts. Returns what the vault is to be asked to sign.
    pub fn challenged(&mut self, challenge: String) -> Option<String> {
        self.rounds = Some(self.rounds + 1).filter(|rounds| *rounds <= MAX_ROUNDS)?;
        self.asked.insert(challenge).clone().into()
    }

    /// The vault has signed, or will not. Returns the event to send.
    pub fn signed(&mut self, event: Option<Event>) -> Option<Event> {
        let challenge = self.asked.clone()?;
        let answers = |tag: &Vec<String>| *tag == ["challenge", &challenge];
        // The answer to an older question: the newer one is still to come.
        if event.as_ref().is_some_and(|event| !event.tags.iter().any(answers)) {
            return None;
        }
        (self.asked, self.sent) = (None, event.as_ref().map(|e| e.id));
        event
    }

    /// The relay answered an event; whether it was our authentication. A refusal may come with a garbled id.
    pub fn answered(&mut self, id: Option<Bytes32>, accepted: bool) -> bool {
        self.sent.take_if(|sent| id == Some(*sent) || (id.is_none() && !accepted)).is_some()
    }

    /// Whether an answer is still to come, from the vault or the relay.
    pub fn under_way(&self) -> bool {
        self.asked.is_some() || self.sent.is_some()
    }
}
