//! What a relay can do to those who trust it.

use rand::Rng;
use rand::rngs::StdRng;

/// How a relay behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// As it should.
    Honest,
    /// Takes no connection, and ends those there are.
    Vanished,
    /// Loses a third of all messages, either way.
    Losing,
    /// Says and forwards much twice.
    Doubling,
    /// Holds each message for another time: the order is lost.
    Reordering,
    /// Is a second late with everything.
    Slow,
    /// Takes connections, at one stage or another, and then says nothing.
    Stalling,
    /// Ends connections in the middle of a frame.
    Truncating,
    /// Says things that are no frame, no text, no message, or none that was asked for.
    Garbling,
    /// Shows a certificate for another name.
    WrongName,
    /// Shows one that has expired.
    Expired,
    /// Shows one that nobody vouches for.
    Unknown,
    /// Hangs up in the handshake.
    HangingUp,
    /// Shows each event to some of those who ask, by a coin.
    Equivocating,
    /// Shows nobody anything.
    Withholding,
    /// Ignores what was asked for: answers with all it has.
    Unfiltered,
    /// Ignores `since`, `until` and `limit`.
    Timeless,
    /// Says that it took what it throws away.
    Lying,
    /// Refuses everything, for one reason or another.
    Refusing,
    /// Takes, answers, and shows nothing of what it has; and says again what it had been told to delete.
    Haunting,
    /// Changes events a little.
    Forging,
    /// Lost everything it had.
    Wiped,
    /// Never says that it has said all.
    Endless,
    /// Wants to know who everybody is, over and over.
    Asking,
}

impl Mood {
    /// All but honest ones.
    pub const BAD: [Self; 23] = [
        Self::Vanished,
        Self::Losing,
        Self::Doubling,
        Self::Reordering,
        Self::Slow,
        Self::Stalling,
        Self::Truncating,
        Self::Garbling,
        Self::WrongName,
        Self::Expired,
        Self::Unknown,
        Self::HangingUp,
        Self::Equivocating,
        Self::Withholding,
        Self::Unfiltered,
        Self::Timeless,
        Self::Lying,
        Self::Refusing,
        Self::Haunting,
        Self::Forging,
        Self::Wiped,
        Self::Endless,
        Self::Asking,
    ];

    /// Whether open connections end when it begins.
    pub const fn breaks(self) -> bool {
        matches!(self, Self::Vanished | Self::WrongName | Self::Expired | Self::Unknown | Self::HangingUp | Self::Wiped)
    }

    /// Whether those who ask again get something else: connections end when it is over.
    pub const fn poisons(self) -> bool {
        matches!(self, Self::Unfiltered | Self::Timeless | Self::Equivocating | Self::Withholding | Self::Endless)
    }
}

/// What becomes of one message.
#[derive(Debug, Default)]
pub struct Fate {
    /// On towards the other side: what, and after how many milliseconds.
    pub on: Vec<(u64, String)>,
    /// Back to who said it.
    pub back: Vec<String>,
}

impl Fate {
    fn pass(text: &str, after: u64) -> Self {
        Self { on: vec![(after, text.to_owned())], back: Vec::new() }
    }

    fn lost() -> Self {
        Self::default()
    }
}

fn parts(text: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// What a client said to the relay.
pub fn from_client(mood: Mood, text: &str, rng: &mut StdRng) -> Fate {
    let said = parts(text);
    let kind = said.first().and_then(|kind| kind.as_str()).unwrap_or_default();
    let answer = |taken: bool, why: &str| serde_json::json!(["OK", said[1]["id"], taken, why]).to_string();
    let swallowed = |answer: String| Fate { on: Vec::new(), back: vec![answer] };
    match (mood, kind) {
        (Mood::Lying, "EVENT") => swallowed(answer(true, "")),
        (Mood::Refusing, "EVENT") => {
            let why = ["blocked: no", "error: disk full", "rate-limited: slow down", "invalid: so it is", ""];
            swallowed(answer(false, why[rng.random_range(0..why.len())]))
        }
        (Mood::Asking, "EVENT") if rng.random_ratio(1, 2) => swallowed(answer(false, "auth-required: who are you")),
        (Mood::Asking, "AUTH") => swallowed(answer(rng.random_ratio(1, 2), "")),
        (Mood::Haunting, "EVENT") if said[1]["kind"] == 5 => swallowed(answer(true, "")),
        (Mood::Unfiltered, "REQ") => {
            Fate::pass(&serde_json::json!(["REQ", said[1], {"kinds": [1059, 5]}]).to_string(), 0)
        }
        (Mood::Timeless, "REQ") => {
            let mut filter = said[2].clone();
            if let Some(fields) = filter.as_object_mut() {
                fields.retain(|name, _| !matches!(name.as_str(), "since" | "until" | "limit"));
            }
            Fate::pass(&serde_json::json!(["REQ", said[1], filter]).to_string(), 0)
        }
        _ => either(mood, text, rng),
    }
}

/// What the relay said to a client: `client` tells them apart.
pub fn from_relay(mood: Mood, text: &str, client: u64, seen: &mut Vec<String>, rng: &mut StdRng) -> Fate {
    let said = parts(text);
    let kind = said.first().and_then(|kind| kind.as_str()).unwrap_or_default();
    if kind == "EVENT" && seen.len() < 400 {
        seen.push(said[2].to_string());
    }
    match (mood, kind) {
        (Mood::Withholding, "EVENT") | (Mood::Endless, "EOSE") => Fate::lost(),
        (Mood::Equivocating, "EVENT") => {
            let id = said[2]["id"].as_str().unwrap_or_default();
            let coin = id.bytes().map(u64::from).sum::<u64>().wrapping_add(client);
            if coin.is_multiple_of(2) { Fate::pass(text, 0) } else { Fate::lost() }
        }
        (Mood::Forging, "EVENT") => {
            let field = ["\"content\":\"", "\"sig\":\"", "\"id\":\"", "\"pubkey\":\""][rng.random_range(0..4)];
            let Some(at) = text.find(field).map(|at| at + field.len() + rng.random_range(0..40)) else {
                return Fate::pass(text, 0);
            };
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            Fate::pass(&String::from_utf8_lossy(&bytes), 0)
        }
        (Mood::Haunting, "EVENT" | "EOSE" | "OK") => {
            let mut fate = if kind == "EVENT" { Fate::lost() } else { Fate::pass(text, 0) };
            for _ in 0..3 {
                let Some(old) = seen.get(rng.random_range(0..seen.len().max(1))) else { continue };
                let event: serde_json::Value = serde_json::from_str(old).unwrap_or_default();
                // Also for those who did not ask for it.
                let subscription = if kind == "OK" { "b0".into() } else { said[1].clone() };
                fate.on.push((rng.random_range(0..50), serde_json::json!(["EVENT", subscription, event]).to_string()));
            }
            fate
        }
        (Mood::Asking, _) if rng.random_ratio(1, 3) => {
            let challenge = format!("challenge {}", rng.random_range(0..1_000_000));
            let mut fate = Fate::pass(text, 0);
            fate.on.insert(0, (0, serde_json::json!(["AUTH", challenge]).to_string()));
            fate
        }
        (Mood::Garbling, _) if rng.random_ratio(1, 2) => {
            let noise: String = (0..rng.random_range(0..300)).map(|_| rng.random_range('!'..'~')).collect();
            let nonsense = [
                noise,
                "[]".into(),
                "null".into(),
                "[\"EVENT\",\"b0\",{}]".into(),
                "[\"EOSE\",\"p99999999999999999999\"]".into(),
                "[\"OK\",\"zz\",true,\"\"]".into(),
                "[\"OK\",1,\"yes\"]".into(),
                "[\"NOTICE\",\"buy now\"]".into(),
                "[\"CLOSED\",\"b0\",\"error: shutting down\"]".into(),
                "[".repeat(4_000),
                text.replace("\"b0\"", "\"b1\""),
                text.get(..text.len() / 2).unwrap_or_default().into(),
            ];
            let mut fate = Fate::pass(&nonsense[rng.random_range(0..nonsense.len())], 0);
            if rng.random_ratio(1, 2) {
                fate.on.push((0, text.to_owned()));
            }
            fate
        }
        _ => either(mood, text, rng),
    }
}

fn either(mood: Mood, text: &str, rng: &mut StdRng) -> Fate {
    match mood {
        Mood::Losing if rng.random_ratio(1, 3) => Fate::lost(),
        Mood::Doubling => {
            let times = rng.random_range(1..=3);
            Fate { on: (0..times).map(|n| (n * 20, text.to_owned())).collect(), back: Vec::new() }
        }
        Mood::Reordering => Fate::pass(text, rng.random_range(0..400)),
        Mood::Slow => Fate::pass(text, 1_000),
        _ => Fate::pass(text, 0),
    }
}
