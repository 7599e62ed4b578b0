//! The vault as a state machine without I/O: inputs, time and randomness in, effects out.
//!
//! Keys, sessions, contacts and messages are decided here, and nothing here can open a socket, a file or a
//! thread, or read a clock: [`Vault::handle`] takes what happened and returns what has to be done. Storage is a
//! trait ([`Store`]); effects are handed out only once what they stand for is durable.

mod aead;
mod ahead;
pub mod content;
pub mod envelope;
mod error;
pub mod event;
mod inbox;
pub mod invite;
mod meeting;
mod moving;
mod net;
mod order;
mod outbox;
mod pairing;
pub mod relay;
mod removal;
pub mod renewal;
mod renewing;
mod search;
pub mod session;
pub mod shares;
mod state;
pub mod store;
mod time;
mod turn;
mod vanish;
mod vault;
mod view;

pub use bulkhead_secrets::{Key, Passphrase, Plaintext, Secret};
pub use error::Error;
pub use inbox::Dropped;
pub use store::Store;
pub use time::Time;
pub use vault::Vault;
pub use view::{
    Action, Changed, Config, ContactView, Effect, Hit, Input, MessageState, MessageView, Preview, RelayView,
    SafetyNumber,
};

/// Longest message in bytes of UTF-8.
pub const MAX_TEXT: usize = 30_000;
/// Longest name in bytes of UTF-8; longer ones are cut.
pub const MAX_NAME: usize = 128;
/// Own relays of a new profile for which none was named: long-standing public relays of three operators, in
/// different networks. Each is replaceable; none is trusted with more than ciphertext.
pub const DEFAULT_RELAYS: [&str; 3] = ["wss://nos.lol", "wss://relay.damus.io", "wss://relay.primal.net"];
