//! The vault's side of the lines, relays that follow a script, and real ones.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

pub use bulkhead_ipc::VERSION;
pub use bulkhead_ipc::bytes::{Bytes, Bytes32};
pub use bulkhead_ipc::line::{Buffer, Line};
pub use bulkhead_ipc::post::{Delivery, Event, FromNet, Relay, RelayState, ToNet, Trouble, Verdict, Watch};
pub use bulkhead_ipc::sign;
use bulkhead_ipc::{automata::NET, automaton::Side, line::Pair};
pub use bulkhead_net::Config;
use futures_util::{SinkExt, StreamExt};
use nix::poll::PollTimeout;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
pub use nostr_relay_builder::prelude as nostr;
use std::future::Future;
use std::os::fd::{AsRawFd, OwnedFd};
pub use std::time::{Duration, Instant};
pub use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Message, WebSocketStream};

/// The life of every net that a test starts.
pub const LIFE: u32 = 7;

pub const ENOUGH: Duration = Duration::from_secs(20);

/// Runs a future on a thread of its own, for the rest of the test.
pub fn thread<F: Future + 'static>(make: impl FnOnce() -> F + Send + 'static) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(make());
    });
}

/// Sends what a vault would not: the monitor of this end is passed over.
pub fn slip<M: bulkhead_ipc::Message>(line: &impl AsRawFd, message: &M) {
    let packet = bulkhead_ipc::cbor::encode(message).unwrap();
    nix::sys::socket::send(line.as_raw_fd(), &packet, nix::sys::socket::MsgFlags::empty()).unwrap();
}

/// The vault's side of a running net.
pub struct Net {
    pub post: Line<ToNet, FromNet>,
    pub sign: Line<sign::ToNet, sign::FromNet>,
    buffer: Buffer,
    /// Relays named last.
    count: std::cell::Cell<u16>,
}

pub fn config(tick: u64) -> Config {
    Config { tick: Duration::from_millis(tick), ..Config::new(LIFE, None) }
}

impl Net {
    /// Starts net and answers its Hellos.
    pub fn start(config: Config) -> Self {
        Self::silent(config).welcomed()
    }

    /// Answers the Hellos.
    pub fn welcomed(mut self) -> Self {
        let net = &mut self;
        assert_eq!(net.next(ENOUGH), Some(FromNet::Hello { life: Some(LIFE), version: VERSION }));
        assert_eq!(
            net.sign.recv(&mut net.buffer).unwrap(),
            sign::FromNet::Hello { life: Some(LIFE), version: VERSION }
        );
        net.send(ToNet::Welcome { life: Some(LIFE), version: VERSION });
        net.sign.send(&sign::ToNet::Welcome { life: Some(LIFE), version: VERSION }).unwrap();
        self
    }

    /// Starts net and says nothing.
    pub fn silent(config: Config) -> Self {
        let (net, [net_post, net_sign]) = Self::lines();
        thread(|| async {
            let end = bulkhead_net::run(net_post, net_sign, config).await;
            // A test that is over has dropped its ends.
            eprintln!("net ended: {}", end.unwrap_err());
        });
        net
    }

    /// The vault's ends, and net's.
    pub fn lines() -> (Self, [OwnedFd; 2]) {
        let pair = || socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let ((post, net_post), (sign, net_sign)) = (pair(), pair());
        let pair = Pair::new(&NET, Side::Vault);
        (
            Self { post: pair.line(post), sign: pair.line(sign), buffer: Buffer::new(), count: 0.into() },
            [net_post, net_sign],
        )
    }

    pub fn send(&self, message: ToNet) {
        self.post.send(&message).unwrap();
    }

    pub fn relays(&self, urls: &[&str]) {
        let relays = urls.iter().enumerate().map(|(n, url)| Relay { id: n as u16 + 1, url: (*url).into() });
        self.count.set(urls.len() as u16);
        self.send(ToNet::Relays(relays.collect()));
    }

    pub fn watch(&self, mailbox: Bytes32, since: u64) {
        self.send(ToNet::Watch(Watch { since, relays: (1..=self.count.get()).collect(), mailbox }));
    }

    pub fn publish(&self, job: u64, event: Event) {
        self.publish_as(job, event, Bytes([0xcc; 32]));
    }

    pub fn publish_as(&self, job: u64, event: Event, circuit: Bytes32) {
        self.send(ToNet::Publish { job, event: Box::new(event), relays: vec![1], circuit });
    }

    /// The next message, if one comes in time.
    pub fn next(&mut self, time: Duration) -> Option<FromNet> {
        let over = Instant::now() + time;
        loop {
            if let Some(message) = self.post.try_recv(&mut self.buffer).expect("net ended its line") {
                return Some(message);
            }
            let left = over.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.post.wait(PollTimeout::try_from(left).unwrap()).unwrap();
        }
    }

    /// Messages until one fits; returns all, that one last.
    pub fn until(&mut self, fits: impl Fn(&FromNet) -> bool) -> Vec<FromNet> {
        let (mut seen, start) = (Vec::new(), Instant::now());
        while start.elapsed() < ENOUGH {
            if let Some(message) = self.next(Duration::from_millis(100)) {
                let found = fits(&message);
                seen.push(message);
                if found {
                    return seen;
                }
            }
        }
        panic!("waited in vain; saw {seen:?}");
    }

    pub fn until_state(&mut self, relay: u16, state: RelayState) -> Vec<FromNet> {
        self.until(|m| *m == FromNet::Relay { id: relay, state })
    }

    pub fn until_offline(&mut self, relay: u16, trouble: Trouble) -> Vec<FromNet> {
        self.until_state(relay, RelayState::Offline(trouble))
    }

    pub fn until_stored(&mut self, relay: u16, mailbox: Bytes32) -> Vec<FromNet> {
        self.until(|m| *m == FromNet::Stored { relay, mailbox })
    }

    pub fn verdict(&mut self, of: u64) -> Verdict {
        match self.until(|m| matches!(m, FromNet::Ack { job, .. } if *job == of)).pop() {
            Some(FromNet::Ack { verdict, .. }) => verdict,
            _ => unreachable!(),
        }
    }

    /// Answers the questions on the sign line that are there, with these keys; returns how many.
    pub fn sign_with(&mut self, keys: &[nostr::Keys], url: &str) -> usize {
        let mut count = 0;
        while let Some(message) = self.sign.try_recv(&mut self.buffer).unwrap() {
            let sign::FromNet::Ask { relay, mailbox, challenge } = message else { panic!("second hello") };
            count += 1;
            let answer = match keys.iter().find(|k| key(k) == mailbox) {
                Some(keys) => {
                    let url = nostr::RelayUrl::parse(url).unwrap();
                    let event = nostr::EventBuilder::auth(challenge, url).sign_with_keys(keys).unwrap();
                    sign::ToNet::Signed { event: Box::new(convert(&event)), relay, mailbox }
                }
                None => sign::ToNet::Denied { relay, mailbox },
            };
            // A real vault signs for mailboxes that are watched only; how net deals with an answer is the same.
            if self.sign.send(&answer).is_err() {
                slip(&self.sign, &answer);
            }
        }
        count
    }
}

pub fn events(messages: &[FromNet]) -> Vec<Event> {
    let lists = messages.iter().filter_map(|m| match m {
        FromNet::Events(list) => Some(list.iter().map(|d| d.event.clone())),
        _ => None,
    });
    lists.flatten().collect()
}

pub fn key(keys: &nostr::Keys) -> Bytes32 {
    Bytes(*keys.public_key().as_bytes())
}

pub fn convert(event: &nostr::Event) -> Event {
    Event {
        id: Bytes(*event.id.as_bytes()),
        sig: Bytes(event.sig.serialize()),
        kind: event.kind.as_u16(),
        tags: event.tags.iter().map(|t| t.as_slice().to_vec()).collect(),
        pubkey: Bytes(*event.pubkey.as_bytes()),
        content: event.content.clone(),
        created_at: event.created_at.as_secs(),
    }
}

/// A signed envelope, and the one-time keys it was signed with.
pub fn envelope(to: Bytes32, content: &str, created_at: u64) -> (Event, nostr::Keys) {
    let keys = nostr::Keys::generate();
    let tag = nostr::Tag::public_key(nostr::PublicKey::from_slice(&to.0).unwrap());
    let builder = nostr::EventBuilder::new(nostr::Kind::GiftWrap, content).tag(tag);
    let event = builder.custom_created_at(nostr::Timestamp::from_secs(created_at)).sign_with_keys(&keys).unwrap();
    (convert(&event), keys)
}

/// An envelope that no one has signed: scripted relays do not check.
pub fn unsigned(to: Bytes32, id: u8, created_at: u64) -> Event {
    let tags = vec![vec!["p".into(), to.to_hex()]];
    let (sig, pubkey) = (Bytes([0; 64]), Bytes([0; 32]));
    Event { id: Bytes([id; 32]), sig, kind: 1059, tags, pubkey, content: "x".into(), created_at }
}

/// The text of an event for a subscription.
pub fn delivery(subscription: &str, event: &Event) -> String {
    bulkhead_net::wire::event(event.clone()).replacen("[\"EVENT\",", &format!("[\"EVENT\",\"{subscription}\","), 1)
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A real relay in memory. Ends with the sender that comes with it.
pub fn local_relay(port: u16, builder: nostr::RelayBuilder) -> (String, tokio::sync::oneshot::Sender<()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    thread(move || async move {
        let limit = nostr::RateLimit { max_reqs: 20, notes_per_minute: 1_000_000 };
        let relay = nostr::LocalRelay::new(builder.port(port).rate_limit(limit));
        relay.run().await.unwrap();
        ready.send(()).unwrap();
        let _ = stopped.await;
        relay.shutdown();
        tokio::time::sleep(Duration::from_millis(200)).await;
    });
    is_ready.recv().unwrap();
    (format!("ws://127.0.0.1:{port}"), stop)
}

/// One connection at a relay that follows a script.
pub struct Peer(pub WebSocketStream<TcpStream>);

impl Peer {
    /// The next message, parsed; `None` at the end.
    pub async fn recv(&mut self) -> Option<serde_json::Value> {
        loop {
            let message = self.0.next().await?.ok()?;
            if message.is_close() {
                return None;
            }
            if let Some(text) = message.as_text() {
                return Some(serde_json::from_str(text).unwrap());
            }
        }
    }

    /// Sends a text; whether the other side is still there.
    pub async fn send(&mut self, text: impl Into<String>) -> bool {
        self.0.send(Message::text(text.into())).await.is_ok()
    }

    /// Answers the next request with these events and an end; returns it.
    pub async fn serve(&mut self, events: &[Event]) -> Option<serde_json::Value> {
        let request = self.recv().await?;
        if request[0] == "REQ" {
            let subscription = request[1].as_str().unwrap();
            for event in events {
                self.send(delivery(subscription, event)).await;
            }
            self.send(format!(r#"["EOSE","{subscription}"]"#)).await;
        }
        Some(request)
    }

    /// Reads until the end, answering nothing but pings.
    pub async fn idle(&mut self) {
        while self.recv().await.is_some() {}
    }
}

/// A relay that runs `script` for each connection; the script gets the connection's number from 0.
pub fn scripted<F: Future + Send + 'static>(script: impl Fn(usize, Peer) -> F + Send + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    thread(move || async move {
        let listener = TcpListener::from_std(listener).unwrap();
        for number in 0.. {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok((_, socket)) = tokio_websockets::ServerBuilder::new().accept(tcp).await else { continue };
            let session = script(number, Peer(socket));
            tokio::spawn(async { drop(session.await) });
        }
    });
    url
}
