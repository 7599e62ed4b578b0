//! What a CDDL rule means, as the independent parser read it, and walks over it: instances inside all bounds, and
//! instances just outside each.

use super::item::Item;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::collections::BTreeSet;

/// A type; names are resolved.
#[derive(Clone, Debug)]
pub enum Shape {
    Int(i128, i128),
    Word(String),
    Text(usize, usize),
    Bytes(usize, usize),
    Bool,
    Nil,
    Array(usize, usize, Box<Shape>),
    Map(Vec<(Item, Shape)>),
    Choice(Vec<Shape>),
}

/// An instance, and what is special about it.
pub type Case = (String, Item);

impl Shape {
    /// Reads what `tool.py shapes` prints.
    pub fn read(value: &Value) -> Self {
        match value.as_str() {
            Some("bool") => return Self::Bool,
            Some("nil") => return Self::Nil,
            _ => {}
        }
        let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
        let number = |at: usize| value[at].as_u64().map(i128::from).or(value[at].as_i64().map(i128::from)).unwrap();
        let size = |at: usize| usize::try_from(number(at)).unwrap();
        match kind.as_str() {
            "int" => Self::Int(number(0), number(1)),
            "word" => Self::Word(value.as_str().unwrap().to_owned()),
            "text" => Self::Text(size(0), size(1)),
            "bytes" => Self::Bytes(size(0), size(1)),
            "array" => Self::Array(size(0), size(1), Box::new(Self::read(&value[2]))),
            "choice" => Self::Choice(value.as_array().unwrap().iter().map(Self::read).collect()),
            "map" => Self::Map(value.as_array().unwrap().iter().map(|e| (key(&e[0]), Self::read(&e[1]))).collect()),
            other => panic!("unknown shape {other}"),
        }
    }

    /// Whether the item is an instance.
    pub fn matches(&self, item: &Item) -> bool {
        match (self, item) {
            (Self::Int(low, high), Item::Int(n)) => (low..=high).contains(&n),
            (Self::Word(word), Item::Text(text)) => word == text,
            (Self::Text(low, high), Item::Text(text)) => (*low..=*high).contains(&text.len()),
            (Self::Bytes(low, high), Item::Bytes(bytes)) => (*low..=*high).contains(&bytes.len()),
            (Self::Bool, Item::Bool(_)) | (Self::Nil, Item::Nil) => true,
            (Self::Array(low, high, shape), Item::Array(items)) => {
                (*low..=*high).contains(&items.len()) && items.iter().all(|item| shape.matches(item))
            }
            (Self::Map(members), Item::Map(entries)) => {
                members.len() == entries.len()
                    && members.iter().all(|(key, shape)| entries.iter().any(|(k, v)| k == key && shape.matches(v)))
            }
            (Self::Choice(shapes), item) => shapes.iter().any(|shape| shape.matches(item)),
            _ => false,
        }
    }

    /// A plain instance: largest numbers, shortest texts and lists, first choices.
    pub fn base(&self) -> Item {
        match self {
            Self::Int(_, high) => Item::Int(*high),
            Self::Word(word) => Item::text(word),
            Self::Text(low, _) => Item::Text("a".repeat(*low)),
            Self::Bytes(low, _) => Item::Bytes(vec![7; *low]),
            Self::Bool => Item::Bool(true),
            Self::Nil => Item::Nil,
            Self::Array(low, _, shape) => Item::Array(vec![shape.base(); *low]),
            Self::Map(members) => Item::Map(members.iter().map(|(key, shape)| (key.clone(), shape.base())).collect()),
            Self::Choice(shapes) => shapes[0].base(),
        }
    }

    /// Each choice at least once, and each bound from the inside, one at a time.
    pub fn inside(&self) -> Vec<Case> {
        match self {
            Self::Int(low, high) => {
                let heads = [0, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, -1, -24, -25, -65_536];
                let edges = [*low, *low + 1, *high - 1, *high].into_iter();
                let edges: BTreeSet<i128> = edges.chain(heads).filter(|n| (low..=high).contains(&n)).collect();
                edges.into_iter().map(|n| (format!("= {n}"), Item::Int(n))).collect()
            }
            Self::Text(low, high) => {
                let mut cases: Vec<Case> =
                    [*low, *high].into_iter().map(|n| (format!("of {n} bytes"), Item::Text("x".repeat(n)))).collect();
                if *high > 3 {
                    let text = format!("{}{}", "é".repeat(high / 2), "x".repeat(high % 2));
                    cases.push((format!("of {high} bytes, two in a character"), Item::Text(text)));
                }
                cases
            }
            Self::Bytes(low, high) => BTreeSet::from([*low, *high])
                .into_iter()
                .map(|n| (format!("of {n} bytes"), Item::Bytes(vec![0xa5; n])))
                .collect(),
            Self::Bool => vec![("= false".into(), Item::Bool(false)), ("= true".into(), Item::Bool(true))],
            Self::Word(_) | Self::Nil => vec![(format!("= {}", self.base().diagnostic()), self.base())],
            Self::Array(low, high, shape) => {
                let counts = BTreeSet::from([*low, (*low + 1).min(*high), *high]);
                let mut cases: Vec<Case> = counts
                    .into_iter()
                    .map(|n| (format!("with {n} items"), Item::Array(vec![shape.base(); n])))
                    .collect();
                for (what, item) in shape.inside() {
                    let mut items = vec![shape.base(); low.saturating_sub(1)];
                    items.push(item);
                    cases.push((format!("[] {what}"), Item::Array(items)));
                }
                cases
            }
            Self::Map(members) => self.each_member(members, Self::inside),
            Self::Choice(shapes) => shapes.iter().flat_map(Self::inside).collect(),
        }
    }

    fn each_member(&self, members: &[(Item, Self)], cases: impl Fn(&Self) -> Vec<Case>) -> Vec<Case> {
        let Item::Map(base) = self.base() else { panic!("a map's base is a map") };
        let mut all = Vec::new();
        for (at, (key, shape)) in members.iter().enumerate() {
            for (what, item) in cases(shape) {
                let mut entries = base.clone();
                entries[at].1 = item;
                all.push((format!("{} {what}", key.diagnostic()), Item::Map(entries)));
            }
        }
        all
    }

    /// Each bound, choice, key and type broken from just outside, one at a time.
    pub fn outside(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = [
            Item::Int(0),
            Item::Int(-1),
            Item::text(""),
            Item::text("x"),
            Item::Bytes(vec![]),
            Item::Bytes(vec![7; 32]),
            Item::Array(vec![]),
            Item::Map(vec![]),
            Item::Bool(true),
            Item::Nil,
        ]
        .into_iter()
        .map(|item| (format!("another type: {}", item.diagnostic()), item))
        .collect();
        match self {
            Self::Int(low, high) => {
                let beyond = [low - 1, high + 1].into_iter().filter(|n| *n <= i128::from(u64::MAX));
                cases.extend(beyond.map(|n| (format!("= {n}"), Item::Int(n))));
            }
            Self::Text(low, high) => {
                if let Some(short) = low.checked_sub(1) {
                    cases.push((format!("of {short} bytes"), Item::Text("x".repeat(short))));
                }
                cases.push((format!("of {} bytes", high + 1), Item::Text("x".repeat(high + 1))));
            }
            Self::Bytes(low, high) => {
                cases.push((format!("of {} bytes", low - 1), Item::Bytes(vec![7; low - 1])));
                cases.push((format!("of {} bytes", high + 1), Item::Bytes(vec![7; high + 1])));
            }
            Self::Word(word) => {
                for other in [word.to_lowercase(), format!("{word}s"), word[1..].to_owned()] {
                    cases.push((format!("= {other:?}"), Item::Text(other)));
                }
                cases.push((format!("{word} with a value"), Item::entry(word, Item::Nil)));
                cases.push((format!("{word} as bytes"), Item::Bytes(word.as_bytes().to_vec())));
            }
            Self::Bool | Self::Nil => {}
            Self::Array(low, high, shape) => {
                cases.push((format!("with {} items", high + 1), Item::Array(vec![shape.base(); high + 1])));
                if let Some(few) = low.checked_sub(1) {
                    cases.push((format!("with {few} items"), Item::Array(vec![shape.base(); few])));
                }
                for (what, item) in shape.outside() {
                    let mut items = vec![shape.base(); low.saturating_sub(1)];
                    items.push(item);
                    cases.push((format!("[] {what}"), Item::Array(items)));
                }
            }
            Self::Map(members) => {
                let Item::Map(base) = self.base() else { panic!("a map's base is a map") };
                for (at, (key, _)) in members.iter().enumerate() {
                    let key = key.diagnostic();
                    let mut less = base.clone();
                    less.remove(at);
                    cases.push((format!("{key} is missing"), Item::Map(less)));
                    let mut renamed = base.clone();
                    renamed[at].0 = Item::text("zz");
                    cases.push((format!("{key} has another name"), Item::Map(renamed)));
                }
                for key in [Item::text("zz"), Item::text(""), Item::Int(24), Item::Nil] {
                    let what = format!("unknown key {}", key.diagnostic());
                    cases.push((what, Item::Map([base.clone(), vec![(key, Item::Int(0))]].concat())));
                }
                if let [(Item::Text(word), _)] = members.as_slice() {
                    cases.push((format!("{word} without its value"), Item::text(word)));
                }
                cases.push(("a list of the values".into(), Item::Array(base.into_iter().map(|e| e.1).collect())));
                cases.extend(self.each_member(members, Self::outside));
            }
            Self::Choice(shapes) => cases.extend(shapes.iter().flat_map(Self::outside)),
        }
        cases.retain(|(_, item)| !self.matches(item));
        cases
    }

    /// Random instances inside all bounds; lists of up to eight items, as their counts are tried one by one.
    pub fn strategy(&self) -> BoxedStrategy<Item> {
        match self {
            Self::Int(low, high) => {
                let (low, high) = (*low, *high);
                prop_oneof![Just(low), Just(high), low..=high, low..=high.min(low + 1000)].prop_map(Item::Int).boxed()
            }
            Self::Word(_) | Self::Nil => Just(self.base()).boxed(),
            Self::Text(low, high) => {
                let (low, high) = (*low, *high);
                let few = high.min(low + 40);
                (prop_oneof![4 => low..=few, 1 => low..=high], any::<Index>())
                    .prop_map(|(length, pick)| {
                        // As many characters of several bytes as fit, so that bytes and characters differ.
                        let wide = ["a", "é", "€", "🔑"][pick.index(4)];
                        let text = wide.repeat(length / wide.len());
                        let rest = length - text.len();
                        Item::Text(text + &"x".repeat(rest))
                    })
                    .boxed()
            }
            Self::Bytes(low, high) => prop::collection::vec(any::<u8>(), *low..=*high).prop_map(Item::Bytes).boxed(),
            Self::Bool => any::<bool>().prop_map(Item::Bool).boxed(),
            Self::Array(low, high, shape) => {
                prop::collection::vec(shape.strategy(), *low..=(*high).min(low + 8)).prop_map(Item::Array).boxed()
            }
            Self::Map(members) => {
                let values: Vec<_> = members.iter().map(|(_, shape)| shape.strategy()).collect();
                let keys: Vec<_> = members.iter().map(|(key, _)| key.clone()).collect();
                values.prop_map(move |values| Item::Map(keys.iter().cloned().zip(values).collect())).boxed()
            }
            Self::Choice(shapes) => prop::strategy::Union::new(shapes.iter().map(Self::strategy)).boxed(),
        }
    }

    /// Every choice and every key that the schema names.
    pub fn points(&self, path: &str, all: &mut BTreeSet<String>) {
        match self {
            Self::Word(word) => {
                all.insert(format!("{path} {word}"));
            }
            Self::Array(_, _, shape) => shape.points(&format!("{path}[]"), all),
            Self::Map(members) => {
                for (key, shape) in members {
                    let path = format!("{path}/{}", key.diagnostic());
                    all.insert(path.clone());
                    shape.points(&path, all);
                }
            }
            Self::Choice(shapes) => {
                for (at, shape) in shapes.iter().enumerate() {
                    all.insert(format!("{path} choice {at}"));
                    shape.points(path, all);
                }
            }
            _ => {}
        }
    }

    /// Those that an instance uses.
    pub fn used(&self, item: &Item, path: &str, seen: &mut BTreeSet<String>) {
        match (self, item) {
            (Self::Word(word), _) => {
                seen.insert(format!("{path} {word}"));
            }
            (Self::Array(_, _, shape), Item::Array(items)) => {
                items.iter().for_each(|item| shape.used(item, &format!("{path}[]"), seen));
            }
            (Self::Map(members), Item::Map(entries)) => {
                for (key, shape) in members {
                    if let Some((_, value)) = entries.iter().find(|(k, _)| k == key) {
                        let path = format!("{path}/{}", key.diagnostic());
                        seen.insert(path.clone());
                        shape.used(value, &path, seen);
                    }
                }
            }
            (Self::Choice(shapes), item) => {
                if let Some(at) = shapes.iter().position(|shape| shape.matches(item)) {
                    seen.insert(format!("{path} choice {at}"));
                    shapes[at].used(item, path, seen);
                }
            }
            _ => {}
        }
    }

    /// Whether a text or byte string of free content can occur anywhere in it.
    pub fn can_hold_words(&self) -> bool {
        match self {
            Self::Text(..) | Self::Bytes(..) => true,
            Self::Array(_, _, shape) => shape.can_hold_words(),
            Self::Map(members) => members.iter().any(|(_, shape)| shape.can_hold_words()),
            Self::Choice(shapes) => shapes.iter().any(Self::can_hold_words),
            Self::Int(..) | Self::Word(_) | Self::Bool | Self::Nil => false,
        }
    }
}

fn key(value: &Value) -> Item {
    value.as_str().map_or_else(|| Item::Int(value.as_u64().unwrap().into()), Item::text)
}
