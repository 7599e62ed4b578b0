//! The seven lines, as the event loop sees them: what arrived, and queues for what leaves.
//!
//! One thread per line waits for packets. It may be at most a few packets ahead of the event loop, so that a
//! peer that floods fills its own socket and waits, instead of filling the vault's memory. Nothing here ever
//! makes the event loop wait: what a peer does not read stays in a bounded queue, and a peer that does not
//! read for long is restarted.

use bulkhead_ipc::automata::{KEEPER, LAUNCHER, NET, SEALER, UI};
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::line::{self, Buffer, Line, Pair};
use bulkhead_ipc::{Message, control, descriptors, intent, keyring, pixels, post, seal, sign};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};

/// Packets that a reader may be ahead of the event loop.
const AHEAD: usize = 8;

/// Which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// [`post`].
    Post,
    /// [`sign`].
    Sign,
    /// [`pixels`].
    Pixels,
    /// [`intent`].
    Intent,
    /// [`control`].
    Control,
    /// [`seal`].
    Seal,
    /// [`keyring`].
    Keyring,
}

impl Edge {
    /// The process at the other end, if it is one that can be restarted.
    pub const fn peer(self) -> Option<control::Peer> {
        match self {
            Self::Post | Self::Sign => Some(control::Peer::Net),
            Self::Pixels | Self::Intent => Some(control::Peer::Ui),
            Self::Control | Self::Seal | Self::Keyring => None,
        }
    }
}

/// Something for the event loop.
pub enum Arrival {
    /// From net.
    Post(post::FromNet),
    /// From net.
    Sign(sign::FromNet),
    /// From ui.
    Pixels(pixels::FromUi),
    /// From ui.
    Intent(intent::FromUi),
    /// From the launcher.
    Control(control::FromLauncher),
    /// From seal.
    Seal(seal::FromSeal),
    /// From keyring.
    Keyring(keyring::FromKeyring),
    /// A line carried what it must not, or ended.
    Fault(Edge, line::Error),
    /// The passphrase worker is done.
    Derived(crate::worker::Derived),
    /// What could be read of a damaged store was saved, or could not be.
    Rescued(crate::rescue::Rescued),
    /// A test asks for something.
    #[cfg(feature = "test-driver")]
    Asked(crate::driver::Asked),
}

/// How threads reach the event loop.
#[derive(Clone)]
pub struct Inbox {
    sender: Sender<Arrival>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Inbox {
    /// `wake` makes the event loop look into the channel.
    pub fn new(sender: Sender<Arrival>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { sender, wake }
    }

    /// Hands something over; `false` once the event loop is gone.
    pub fn put(&self, arrival: Arrival) -> bool {
        let sent = self.sender.send(arrival).is_ok();
        (self.wake)();
        sent
    }
}

/// The event loop's side of the back-pressure: one token per packet that a reader handed over.
pub struct Credit(Receiver<()>);

impl Credit {
    /// The event loop has dealt with one packet.
    pub fn done(&self) {
        let _ = self.0.try_recv();
    }
}

/// The credits of all lines.
pub struct Credits {
    /// Of [`control`].
    pub control: Credit,
    /// Of [`post`].
    pub post: Credit,
    /// Of [`sign`].
    pub sign: Credit,
    /// Of [`pixels`].
    pub pixels: Credit,
    /// Of [`intent`].
    pub intent: Credit,
    /// Of [`seal`].
    pub seal: Credit,
    /// Of [`keyring`].
    pub keyring: Credit,
}

impl Credits {
    /// Gives back what an arrival took.
    pub fn done(&self, arrival: &Arrival) {
        match arrival {
            Arrival::Post(_) | Arrival::Fault(Edge::Post, _) => self.post.done(),
            Arrival::Sign(_) | Arrival::Fault(Edge::Sign, _) => self.sign.done(),
            Arrival::Pixels(_) | Arrival::Fault(Edge::Pixels, _) => self.pixels.done(),
            Arrival::Intent(_) | Arrival::Fault(Edge::Intent, _) => self.intent.done(),
            Arrival::Control(_) | Arrival::Fault(Edge::Control, _) => self.control.done(),
            Arrival::Seal(_) | Arrival::Fault(Edge::Seal, _) => self.seal.done(),
            Arrival::Keyring(_) | Arrival::Fault(Edge::Keyring, _) => self.keyring.done(),
            _ => {}
        }
    }
}

/// All lines of the vault, taken over from the launcher.
pub struct Lines {
    /// To net.
    pub post: Line<post::ToNet, post::FromNet>,
    /// To net.
    pub sign: Line<sign::ToNet, sign::FromNet>,
    /// To ui.
    pub pixels: Line<pixels::ToUi, pixels::FromUi>,
    /// To ui.
    pub intent: Line<intent::ToUi, intent::FromUi>,
    /// To the launcher.
    pub control: Line<control::ToLauncher, control::FromLauncher>,
    /// To seal; its other end is closed where there is no TPM.
    pub seal: Line<seal::ToSeal, seal::FromSeal>,
    /// To keyring; its other end is closed where there is no session bus, or no keyring.
    pub keyring: Line<keyring::ToKeyring, keyring::FromKeyring>,
}

impl Lines {
    /// Takes over the descriptors. Once, at the start of `main`.
    pub fn inherit() -> Result<Self, line::Error> {
        fn take<O: Message, I: Message>(pair: &Pair, number: RawFd) -> Result<Line<O, I>, line::Error> {
            line::inherit(number).map(|socket| pair.line(socket))
        }
        let [net, ui, launcher, sealer, keeper] =
            [&NET, &UI, &LAUNCHER, &SEALER, &KEEPER].map(|table| Pair::new(table, Side::Vault));
        Ok(Self {
            post: take(&net, descriptors::VAULT_POST)?,
            sign: take(&net, descriptors::VAULT_SIGN)?,
            pixels: take(&ui, descriptors::VAULT_PIXELS)?,
            intent: take(&ui, descriptors::VAULT_INTENT)?,
            control: take(&launcher, descriptors::VAULT_CONTROL)?,
            seal: take(&sealer, descriptors::VAULT_SEAL)?,
            keyring: take(&keeper, descriptors::VAULT_KEYRING)?,
        })
    }

    /// Starts one reader per line.
    pub fn read(&self, inbox: &Inbox) -> Result<Credits, line::Error> {
        Ok(Credits {
            control: spawn(&self.control, Edge::Control, inbox, Arrival::Control)?,
            post: spawn(&self.post, Edge::Post, inbox, Arrival::Post)?,
            sign: spawn(&self.sign, Edge::Sign, inbox, Arrival::Sign)?,
            pixels: spawn(&self.pixels, Edge::Pixels, inbox, Arrival::Pixels)?,
            intent: spawn(&self.intent, Edge::Intent, inbox, Arrival::Intent)?,
            seal: spawn(&self.seal, Edge::Seal, inbox, Arrival::Seal)?,
            keyring: spawn(&self.keyring, Edge::Keyring, inbox, Arrival::Keyring)?,
        })
    }
}

fn spawn<O, I>(line: &Line<O, I>, edge: Edge, inbox: &Inbox, wrap: fn(I) -> Arrival) -> Result<Credit, line::Error>
where
    O: Message + Send + 'static,
    I: Message + Send + 'static,
{
    let line = line.try_clone()?;
    let inbox = inbox.clone();
    let (token, credit) = sync_channel(AHEAD);
    std::thread::spawn(move || read(&line, edge, &inbox, &token, wrap));
    Ok(Credit(credit))
}

/// Reads until the line or the event loop ends. An illegal packet does not end the reading: the launcher
/// starts a successor on the same line, whose Hello comes after.
fn read<O: Message, I: Message>(
    line: &Line<O, I>,
    edge: Edge,
    inbox: &Inbox,
    token: &SyncSender<()>,
    wrap: fn(I) -> Arrival,
) {
    let mut buffer = Buffer::new();
    loop {
        let (arrival, last) = match line.recv(&mut buffer) {
            Ok(message) => (wrap(message), false),
            Err(error) if error.is_breach() => (Arrival::Fault(edge, error), false),
            Err(error) => (Arrival::Fault(edge, error), true),
        };
        if token.send(()).is_err() || !inbox.put(arrival) || last {
            return;
        }
    }
}

/// The peer does not read its line.
#[derive(Debug)]
pub struct Stuck;

/// What leaves on one line.
pub struct Outgoing<O, I> {
    line: Line<O, I>,
    queue: VecDeque<(O, Option<OwnedFd>)>,
    most: usize,
    instead: fn(&O) -> Option<O>,
}

impl<O: Message, I: Message> Outgoing<O, I> {
    /// At most `most` messages wait.
    pub fn new(line: Line<O, I>, most: usize) -> Self {
        Self { line, queue: VecDeque::new(), most, instead: |_| None }
    }

    /// What to say in place of a message that the monitor refuses; nothing otherwise.
    pub fn or(self, instead: fn(&O) -> Option<O>) -> Self {
        Self { instead, ..self }
    }

    /// Sends, after what waits already.
    pub fn push(&mut self, message: O, descriptor: Option<OwnedFd>) -> Result<(), Stuck> {
        self.queue.push_back((message, descriptor));
        self.flush()
    }

    /// The message that was queued last, if it has not left yet.
    pub fn last_mut(&mut self) -> Option<&mut O> {
        self.queue.back_mut().map(|(message, _)| message)
    }

    /// The pair of processes that the line belongs to.
    pub fn pair(&self) -> &Pair {
        self.line.pair()
    }

    /// Forgets what waits: it was meant for a predecessor.
    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Whether something waits.
    pub fn waits(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Sends what the peer takes now.
    pub fn flush(&mut self) -> Result<(), Stuck> {
        while let Some((message, descriptor)) = self.queue.front() {
            let sent = match descriptor {
                Some(descriptor) => self.line.try_send_with(message, descriptor.as_fd()),
                None => self.line.try_send(message),
            };
            match sent {
                Err(line::Error::Full) if self.queue.len() > self.most => return Err(Stuck),
                Err(line::Error::Full) => return Ok(()),
                // A message that breaks its own bounds never becomes legal, and one that the monitor refuses was meant
                // for a process that is no more, or nearly always; a closed line is reported by its reader.
                Ok(()) | Err(_) => {
                    let refused = matches!(sent, Err(line::Error::Refused(_)));
                    let instead = if refused { (self.instead)(message) } else { None };
                    let _ = self.queue.pop_front();
                    if let Some(instead) = instead {
                        self.queue.push_front((instead, None));
                    }
                }
            }
        }
        Ok(())
    }
}
