//! From deterministic CBOR to types, in one walk: whatever [`super::writer`] would write otherwise is refused.
//!
//! Heads have to be the shortest, lengths known, texts UTF-8. The keys of a map have to be the fields of its type, all of
//! them and in their order; a variant without a value has to be a bare name, and one with a value must not be. So
//! nothing is left for serde to forgive.

use super::refused::Refused;
use serde::de::value::U64Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// The only field that may be left out; then, and only then, it is nothing. See [`crate::greeting`].
const MAY_BE_LEFT_OUT: &str = "life";

/// `null`.
const NULL: u8 = 0xf6;

/// What has not been read yet.
pub struct Reader<'de>(pub &'de [u8]);

impl<'de> Reader<'de> {
    /// Major type and argument of the next item.
    fn head(&mut self) -> Result<(u8, u64), Refused> {
        let [first] = self.chunk()?;
        let (major, info) = (first >> 5, first & 31);
        let (argument, least) = match info {
            0..=23 => return Ok((major, info.into())),
            24 => (u8::from_be_bytes(self.chunk()?).into(), 24),
            25 => (u16::from_be_bytes(self.chunk()?).into(), 1 << 8),
            26 => (u32::from_be_bytes(self.chunk()?).into(), 1 << 16),
            27 => (u64::from_be_bytes(self.chunk()?), 1 << 32),
            _ => return Err(Refused),
        };
        if argument < least { Err(Refused) } else { Ok((major, argument)) }
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or(Refused)?;
        self.0 = rest;
        Ok(*chunk)
    }

    /// The argument of the next item, which has to be of this major type.
    #[inline]
    fn expect(&mut self, major: u8) -> Result<u64, Refused> {
        // Most heads are one byte.
        if let Some((first, rest)) = self.0.split_first()
            && let short @ 0..=23 = first ^ major << 5
        {
            self.0 = rest;
            return Ok(short.into());
        }
        self.long(major)
    }

    fn long(&mut self, major: u8) -> Result<u64, Refused> {
        match self.head()? {
            (found, argument) if found == major => Ok(argument),
            _ => Err(Refused),
        }
    }

    #[inline]
    fn string(&mut self, major: u8) -> Result<&'de [u8], Refused> {
        let length = usize::try_from(self.expect(major)?).map_err(|_| Refused)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(Refused)?;
        self.0 = rest;
        Ok(string)
    }

    fn text(&mut self) -> Result<&'de str, Refused> {
        core::str::from_utf8(self.string(3)?).map_err(|_| Refused)
    }

    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Refused> {
        match self.head()? {
            (0, argument) => visitor.visit_u64(argument),
            (1, argument) => visitor.visit_i64(!i64::try_from(argument).map_err(|_| Refused)?),
            _ => Err(Refused),
        }
    }

    /// The fields of a struct, read as far as the visitor wants them, which has to be to the end.
    fn fields<V: Visitor<'de>>(&mut self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Refused> {
        let left = self.expect(5)?;
        let mut map = Fields { reader: self, fields: fields.iter(), number: 0, left };
        let value = visitor.visit_map(&mut map)?;
        let complete = map.left == 0 && map.fields.all(|field| *field == MAY_BE_LEFT_OUT);
        if complete { Ok(value) } else { Err(Refused) }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Refused;

    /// There are no messages of a kind that only the packet knows.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let [byte] = self.chunk()?;
        match byte {
            0xf4 => visitor.visit_bool(false),
            0xf5 => visitor.visit_bool(true),
            _ => Err(Refused),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.integer(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_bytes(self.string(2)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.0.split_first() {
            Some((&NULL, rest)) => {
                self.0 = rest;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let left = usize::try_from(self.expect(4)?).map_err(|_| Refused)?;
        // Each item takes a byte at least: a count beyond the rest of the input is a lie.
        if left > self.0.len() {
            return Err(Refused);
        }
        let mut items = Items { reader: self, left };
        let value = visitor.visit_seq(&mut items)?;
        if items.left == 0 { Ok(value) } else { Err(Refused) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fields(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let bare = match self.0.first().ok_or(Refused)? >> 5 {
            3 => true,
            _ if self.expect(5)? == 1 => false,
            _ => return Err(Refused),
        };
        visitor.visit_enum(Choice { reader: self, bare })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        // A name is compared with those of the type: what is none of them need not be a text first.
        visitor.visit_borrowed_bytes(self.string(3)?)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char string byte_buf unit unit_struct tuple tuple_struct map ignored_any
    }
}

/// The items of an array.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The entries of a map, and the fields that are still to come.
struct Fields<'a, 'de> {
    reader: &'a mut Reader<'de>,
    fields: core::slice::Iter<'static, &'static str>,
    /// How many fields have come or were left out.
    number: u64,
    left: u64,
}

impl<'de> MapAccess<'de> for &mut Fields<'_, 'de> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let key = self.reader.string(3)?;
        for field in self.fields.by_ref() {
            let number: U64Deserializer<Refused> = self.number.into_deserializer();
            self.number += 1;
            if field.as_bytes() == key {
                let aloud = *field == MAY_BE_LEFT_OUT && self.reader.0.first() == Some(&NULL);
                return if aloud { Err(Refused) } else { seed.deserialize(number).map(Some) };
            }
            if *field != MAY_BE_LEFT_OUT {
                break;
            }
        }
        Err(Refused)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(&mut *self.reader)
    }
}

/// A choice of an enum: a bare name, or a map from a name to a value.
struct Choice<'a, 'de> {
    reader: &'a mut Reader<'de>,
    bare: bool,
}

impl<'de> EnumAccess<'de> for Choice<'_, 'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        Ok((seed.deserialize(&mut *self.reader)?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_, 'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        if self.bare { Ok(()) } else { Err(Refused) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        if self.bare { Err(Refused) } else { seed.deserialize(self.reader) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], v: V) -> Result<V::Value, Refused> {
        if self.bare { Err(Refused) } else { self.reader.fields(fields, v) }
    }
}
