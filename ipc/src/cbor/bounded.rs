//! Lists and texts that are refused before there is memory for them, when they are longer than their type allows.
//!
//! For `#[serde(deserialize_with = "…")]`: a packet's size alone would let a sender make the reader build thousands of
//! values that [`crate::Message::check`] then throws away.

use core::fmt;
use core::marker::PhantomData;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// Bytes that a list may take before its first item was read: a whole batch of events.
const AT_ONCE: usize = 14 * 1024;

/// At most `MOST` items.
pub(crate) fn list<'de, D, T, const MOST: usize>(d: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    d.deserialize_seq(List { most: MOST, item: PhantomData })
}

/// At most `MOST` items, or nothing.
pub(crate) fn optional_list<'de, D, T, const MOST: usize>(d: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Maybe<T, const MOST: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Maybe<T, MOST> {
        type Value = Option<Vec<T>>;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            write!(f, "at most {MOST} items, or nothing")
        }
        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
            list::<D, T, MOST>(d).map(Some)
        }
    }
    d.deserialize_option(Maybe::<T, MOST>(PhantomData))
}

/// At most `MOST` bytes of UTF-8.
pub(crate) fn text<'de, D: Deserializer<'de>, const MOST: usize>(d: D) -> Result<String, D::Error> {
    Text { most: MOST }.deserialize(d)
}

/// The tags of an event: at most `LISTS` lists of at most `ITEMS` texts of at most `MOST` bytes.
pub(crate) fn tags<'de, D, const LISTS: usize, const ITEMS: usize, const MOST: usize>(
    d: D,
) -> Result<Vec<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    d.deserialize_seq(List { most: LISTS, item: List { most: ITEMS, item: Text { most: MOST } } })
}

/// A list of what `item` reads.
#[derive(Clone, Copy)]
struct List<S> {
    most: usize,
    item: S,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<S> {
    type Value = Vec<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<S> {
    type Value = Vec<S::Value>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "at most {} items", self.most)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let count = list.size_hint().unwrap_or(usize::MAX);
        if count > self.most {
            return Err(de::Error::invalid_length(count, &self));
        }
        // Whatever the list says: beyond this there is memory only for what has been read.
        let mut items = Vec::with_capacity(count.min(AT_ONCE / size_of::<S::Value>().max(1)));
        while let Some(item) = list.next_element_seed(self.item)? {
            items.push(item);
        }
        Ok(items)
    }
}

/// A text.
#[derive(Clone, Copy)]
struct Text {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<String, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "at most {} bytes of text", self.most)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if text.len() > self.most {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(text.to_owned())
    }
}
