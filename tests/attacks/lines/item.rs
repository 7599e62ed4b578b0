//! Packets as an attacker writes them: CBOR without the bounds that the real encoder keeps.

use bulkhead_ipc::pixels::{Rect, Slot, SlotKey, SlotKind};

fn head(kind: u8, value: u64) -> Vec<u8> {
    let kind = kind << 5;
    match value {
        0..=23 => vec![kind | value as u8],
        24..=0xff => vec![kind | 24, value as u8],
        0x100..=0xffff => [vec![kind | 25], (value as u16).to_be_bytes().to_vec()].concat(),
        0x1_0000..=0xffff_ffff => [vec![kind | 26], (value as u32).to_be_bytes().to_vec()].concat(),
        _ => [vec![kind | 27], value.to_be_bytes().to_vec()].concat(),
    }
}

pub fn number(value: i64) -> Vec<u8> {
    u64::try_from(value).map_or_else(|_| head(1, value.unsigned_abs() - 1), |value| head(0, value))
}

pub fn text(words: &str) -> Vec<u8> {
    [head(3, words.len() as u64), words.as_bytes().to_vec()].concat()
}

pub fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

/// A rectangle: left, top, width, height.
pub fn rectangle(x: i64, y: i64, w: i64, h: i64) -> Vec<u8> {
    entries(&[("h", number(h)), ("w", number(w)), ("x", number(x)), ("y", number(y))])
}

pub fn slot(kind: &str, handle: i64, clip: Vec<u8>, whole: Vec<u8>) -> Vec<u8> {
    let key = entries(&[("kind", text(kind)), ("handle", number(handle))]);
    entries(&[("key", key), ("clip", clip), ("rect", whole), ("background", number(0xff_ffff))])
}

/// A map; its entries in the order given, which has to be the canonical one.
pub fn entries(list: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let inner: Vec<u8> = list.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [head(5, list.len() as u64), inner].concat()
}

/// `None`: the same slots as before.
pub fn frame(slots: Option<&[Vec<u8>]>, buffer: i64, damage: &[Vec<u8>], serial: u32) -> Vec<u8> {
    let slots = slots.map_or_else(|| vec![0xf6], list);
    let inner = entries(&[
        ("slots", slots),
        ("buffer", number(buffer)),
        ("cursor", text("Arrow")),
        ("damage", list(damage)),
        ("serial", number(i64::from(serial))),
    ]);
    entries(&[("Frame", inner)])
}

/// A lawful slot.
pub fn lawful(kind: SlotKind, handle: u32, rect: Rect) -> Slot {
    Slot { key: SlotKey { kind, handle }, clip: rect, rect, background: 0xff_ffff }
}
