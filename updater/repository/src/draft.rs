//! A file that is not signed yet: its bytes to sign, and its signatures as they come.

use crate::Pair;
use crate::repository::Entry;
use bulkhead_trust::{Digest, Key, Pin, Role, RoleKeys, Roles, Time, path};
use serde_json::{Map, Value, json};
use sigstore_tuf::canonical_json::to_canonical_bytes;

/// What a file says, and who has signed it so far.
#[derive(Clone, Debug)]
pub struct Draft {
    signed: Value,
    bytes: Vec<u8>,
    signatures: Vec<(String, [u8; 64])>,
}

impl Draft {
    /// Any content, for judges that make wrong files. `None` if it has no canonical form (a number is not whole).
    pub fn of(signed: Value) -> Option<Self> {
        let bytes = to_canonical_bytes(&signed).ok()?;
        Some(Self { signed, bytes, signatures: Vec::new() })
    }

    /// A root.
    pub fn root(version: u64, predecessor: Option<Digest>, expires: Time, roles: &Roles) -> Option<Self> {
        let mut keys = Map::new();
        for key in roles.all() {
            keys.insert(key_id(&key)?, key_value(&key));
        }
        let role = |role: &RoleKeys| {
            let ids: Option<Vec<String>> = role.keys.iter().map(key_id).collect();
            Some(json!({"keyids": ids?, "threshold": role.threshold}))
        };
        let mut named = Map::new();
        for each in Role::ALL {
            named.insert(each.to_string(), role(roles.of(each))?);
        }
        let own = json!({"consistent_snapshot": true, "keys": keys, "roles": named});
        Self::of(signed("root", version, expires, predecessor, own, json!({}))?)
    }

    /// A timestamp: what is current, when that was said, and what else there is to say.
    pub fn timestamp(
        (version, predecessor): (u64, Option<Digest>),
        (signed_at, expires): (Time, Time),
        snapshot: Pin,
        (statement, report): (&str, &str),
    ) -> Option<Self> {
        let ours = json!({"signed": time(signed_at)?, "statement": statement, "report": report});
        Self::of(signed("timestamp", version, expires, predecessor, meta("snapshot.json", snapshot), ours)?)
    }

    /// A snapshot.
    pub fn snapshot(version: u64, expires: Time, targets: Pin) -> Option<Self> {
        Self::of(signed("snapshot", version, expires, None, meta("targets.json", targets), json!({}))?)
    }

    /// A targets file that lists `releases`.
    pub fn targets(version: u64, predecessor: Option<Digest>, expires: Time, releases: &[Entry]) -> Option<Self> {
        let mut targets = Map::new();
        for Entry { release, length, sha256 } in releases {
            let custom = serde_json::to_value(release).ok()?;
            let entry = json!({"length": length, "hashes": {"sha256": sha256}, "custom": custom});
            targets.insert(path(release.number), entry);
        }
        Self::of(signed("targets", version, expires, predecessor, json!({ "targets": targets }), json!({}))?)
    }

    /// The bytes to sign: the canonical form of what the file says.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a successor names as its predecessor.
    pub fn id(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Takes a signature that was made elsewhere over [`Draft::bytes`]. Ids of keys are the ones usual in TUF.
    #[must_use]
    pub fn with(mut self, key: &Key, signature: [u8; 64]) -> Self {
        self.signatures.extend(key_id(key).map(|id| (id, signature)));
        self
    }

    /// Signs with each of `pairs`.
    #[must_use]
    pub fn signed_by<'a>(self, pairs: impl IntoIterator<Item = &'a Pair>) -> Self {
        pairs.into_iter().fold(self, |draft, pair| {
            let signature = pair.sign(&draft.bytes);
            draft.with(&pair.key(), signature)
        })
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let signatures: Vec<Value> =
            self.signatures.iter().map(|(id, signature)| json!({"keyid": id, "sig": hex(signature)})).collect();
        json!({"signatures": signatures, "signed": self.signed}).to_string().into_bytes()
    }
}

/// What every role's file has, and then its own members and our additions.
fn signed(
    role: &str,
    version: u64,
    expires: Time,
    predecessor: Option<Digest>,
    own: Value,
    mut ours: Value,
) -> Option<Value> {
    let mut all = json!({"_type": role, "spec_version": "1.0.33", "version": version, "expires": time(expires)?});
    if let Some(predecessor) = predecessor {
        ours.as_object_mut()?.insert("predecessor".to_owned(), json!(predecessor));
    }
    let members = all.as_object_mut()?;
    members.extend(own.as_object()?.clone());
    if !ours.as_object()?.is_empty() {
        members.insert("x-bulkhead".to_owned(), ours);
    }
    Some(all)
}

fn meta(name: &str, pin: Pin) -> Value {
    json!({"meta": {name: {"version": pin.version, "length": pin.length, "hashes": {"sha256": pin.sha256}}}})
}

fn time(seconds: Time) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

fn key_value(key: &Key) -> Value {
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": key}})
}

/// The id that is usual in TUF: SHA-256 of the canonical form of the key.
fn key_id(key: &Key) -> Option<String> {
    Some(Digest::of(&to_canonical_bytes(&key_value(key)).ok()?).to_string())
}
