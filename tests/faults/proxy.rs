//! In front of a real relay: reads what is said, frame by frame, and does with it as the mood is.

use crate::certificates::Certificates;
use crate::moods::{self, Fate, Mood};
use bulkhead_tests::relay::Relay;
use futures_util::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder};

/// What all connections of a proxy share.
struct Shared {
    certificates: Certificates,
    mood: watch::Sender<Mood>,
    /// The relay behind; another one after it was wiped.
    relay: Mutex<Option<Relay>>,
    rng: Mutex<StdRng>,
    /// Events that passed, to be said again.
    seen: Mutex<Vec<String>>,
    connections: AtomicU64,
    messages: AtomicU64,
}

impl Shared {
    fn mood(&self) -> Mood {
        *self.mood.borrow()
    }
}

/// A proxy with its relay.
pub struct Proxy {
    /// `wss://localhost:…`
    pub url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts both.
    pub fn start(runtime: &tokio::runtime::Runtime, certificates: Certificates, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            certificates,
            mood: watch::Sender::new(Mood::Honest),
            relay: Mutex::new(Relay::start().ok()),
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            seen: Mutex::default(),
            connections: AtomicU64::new(0),
            messages: AtomicU64::new(0),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("wss://localhost:{}", listener.local_addr().expect("an address").port());
        let served = shared.clone();
        runtime.spawn(async move {
            loop {
                let Ok((tcp, _)) = listener.accept().await else { continue };
                let shared = served.clone();
                tokio::spawn(async move { connection(tcp, &shared).await });
            }
        });
        Self { url, shared }
    }

    /// Changes its mood.
    pub fn turn(&self, mood: Mood) {
        if mood == Mood::Wiped {
            let fresh = Relay::start().expect("a relay");
            *self.shared.relay.lock().expect("no panic") = Some(fresh);
        }
        self.shared.mood.send_replace(mood);
    }

    /// Messages that it took part in so far.
    pub fn messages(&self) -> u64 {
        self.shared.messages.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Here, as it has a runtime, and none may be dropped by a task of another.
        drop(self.shared.relay.lock().map(|mut relay| relay.take()));
    }
}

/// Serves a client until one side or the mood ends it; `None` for all of these.
async fn connection(mut tcp: TcpStream, shared: &Shared) -> Option<()> {
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    let (mut moods, mood) = (shared.mood.subscribe(), shared.mood());
    let draw = |most: u32| shared.rng.lock().expect("no panic").random_range(0..most);
    // Where a stalling relay stops: after the connection, the handshake, the upgrade, or somewhere later.
    let stage = if mood == Mood::Stalling { draw(4) } else { 4 };
    match mood {
        Mood::Vanished => return None,
        Mood::HangingUp => {
            tokio::io::AsyncReadExt::read_u8(&mut tcp).await.ok()?;
            tcp.write_all(&[22, 3, 3, 0, 100, 2, 0]).await.ok()?;
            return None;
        }
        Mood::Stalling if stage == 0 => return idle(&mut moods).await,
        _ => {}
    }
    tcp.set_nodelay(true).ok()?;
    let tls = shared.certificates.shown(mood).accept(tcp).await.ok()?;
    if stage == 1 {
        return idle(&mut moods).await;
    }
    let (_, mut client) = ServerBuilder::new().accept(tls).await.ok()?;
    if stage == 2 {
        return idle(&mut moods).await;
    }
    let url = shared.relay.lock().expect("no panic").as_ref()?.url().to_owned();
    let (mut relay, _) = ClientBuilder::new().uri(&url).ok()?.connect().await.ok()?;
    // By when it is due, then by when it came.
    let mut held: BTreeMap<(Instant, u64), (bool, String)> = BTreeMap::new();
    let mut count = 0;
    loop {
        let mood = shared.mood();
        if mood.breaks() && mood != Mood::Wiped {
            return None;
        }
        if mood == Mood::Stalling {
            moods.changed().await.ok()?;
            continue;
        }
        let next = held.keys().next().map_or_else(|| Instant::now() + Duration::from_secs(60), |(due, _)| *due);
        let (fate, up) = tokio::select! {
            changed = moods.changed() => {
                changed.ok()?;
                // The relay behind is another one, or what was said under the old mood does not hold any more.
                if mood.poisons() || shared.mood().breaks() || shared.mood().poisons() {
                    return None;
                }
                continue;
            }
            () = sleep_until(next) => (Fate::default(), true),
            said = client.next() => {
                let said = said?.ok()?;
                let Some(text) = said.as_text() else { continue };
                let mut rng = shared.rng.lock().expect("no panic");
                let fate = moods::from_client(mood, text, &mut rng);
                (fate, true)
            }
            said = relay.next() => {
                let said = said?.ok()?;
                let Some(text) = said.as_text() else { continue };
                let (mut seen, mut rng) = (shared.seen.lock().expect("no panic"), shared.rng.lock().expect("no panic"));
                let fate = moods::from_relay(mood, text, number, &mut seen, &mut rng);
                (fate, false)
            }
        };
        shared.messages.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        for (after, text) in fate.on {
            count += 1;
            held.insert((now + Duration::from_millis(after), count), (up, text));
        }
        for text in fate.back {
            client.send(Message::text(text)).await.ok()?;
        }
        while let Some(entry) = held.first_entry().filter(|entry| entry.key().0 <= now) {
            let (up, text) = entry.remove();
            if up {
                relay.send(Message::text(text)).await.ok()?;
                continue;
            }
            match mood {
                // The head of a frame that promises more than comes.
                Mood::Truncating if draw(3) == 0 => {
                    let bytes = text.as_bytes();
                    let promised = u16::try_from(bytes.len().max(200)).unwrap_or(u16::MAX);
                    let head = [&[0x81, 126], &promised.to_be_bytes()[..], &bytes[..bytes.len() / 2]].concat();
                    client.get_mut().write_all(&head).await.ok()?;
                    client.get_mut().flush().await.ok()?;
                    return None;
                }
                Mood::Garbling if draw(12) == 0 => {
                    let noise: Vec<u8> = (0..64).map(|_| u8::try_from(draw(256)).unwrap_or(0)).collect();
                    client.get_mut().write_all(&noise).await.ok()?;
                    client.get_mut().flush().await.ok()?;
                }
                Mood::Garbling if draw(8) == 0 => client.send(Message::binary(text.into_bytes())).await.ok()?,
                _ => client.send(Message::text(text)).await.ok()?,
            }
        }
    }
}

/// Says nothing until the mood changes.
async fn idle(moods: &mut watch::Receiver<Mood>) -> Option<()> {
    moods.changed().await.ok()?;
    sleep(Duration::from_millis(1)).await;
    None
}
