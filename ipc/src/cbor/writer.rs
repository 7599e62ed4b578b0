//! From types to deterministic CBOR: what serde asks for, of the few kinds that messages use.
//!
//! Heads are the shortest, lengths are known beforehand. That the fields of a type are in the order of RFC 8949 §4.2.1
//! is the type's part; a reader refuses what is not, and a test writes every message.

use super::refused::Refused;
use serde::ser::{Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeStructVariant, Serializer};

/// Appends to a packet.
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    #[inline]
    fn head(&mut self, major: u8, argument: u64) {
        match u8::try_from(argument) {
            Ok(short @ 0..=23) => self.0.push(major << 5 | short),
            _ => self.long_head(major << 5, argument),
        }
    }

    fn long_head(&mut self, major: u8, argument: u64) {
        let [a, b, c, d, e, f, g, h] = argument.to_be_bytes();
        match argument {
            0..=0xff => self.0.extend_from_slice(&[major | 24, h]),
            0x100..=0xffff => self.0.extend_from_slice(&[major | 25, g, h]),
            0x1_0000..=0xffff_ffff => self.0.extend_from_slice(&[major | 26, e, f, g, h]),
            _ => self.0.extend_from_slice(&[major | 27, a, b, c, d, e, f, g, h]),
        }
    }

    fn string(&mut self, major: u8, bytes: &[u8]) {
        self.head(major, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// A name that the program knows: put where it is called, so that its head and its length are known there.
    #[inline(always)]
    fn name(&mut self, name: &'static str) {
        self.0.reserve(1 + name.len());
        self.head(3, name.len() as u64);
        self.0.extend_from_slice(name.as_bytes());
    }

    #[inline(always)]
    fn choice(&mut self, name: &'static str) {
        self.head(5, 1);
        self.name(name);
    }
}

type Done = Result<(), Refused>;

impl Serializer for &mut Writer<'_> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), Refused>;
    type SerializeTupleStruct = Impossible<(), Refused>;
    type SerializeTupleVariant = Impossible<(), Refused>;
    type SerializeMap = Impossible<(), Refused>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_bool(self, v: bool) -> Done {
        self.head(7, 20 + u64::from(v));
        Ok(())
    }

    fn serialize_i8(self, v: i8) -> Done {
        self.serialize_i64(v.into())
    }

    fn serialize_i16(self, v: i16) -> Done {
        self.serialize_i64(v.into())
    }

    fn serialize_i32(self, v: i32) -> Done {
        self.serialize_i64(v.into())
    }

    fn serialize_i64(self, v: i64) -> Done {
        // A negative number n is written as -1 - n, which is n with all bits turned.
        let (major, argument) = if v < 0 { (1, !v) } else { (0, v) };
        self.head(major, argument.unsigned_abs());
        Ok(())
    }

    fn serialize_u8(self, v: u8) -> Done {
        self.serialize_u64(v.into())
    }

    fn serialize_u16(self, v: u16) -> Done {
        self.serialize_u64(v.into())
    }

    fn serialize_u32(self, v: u32) -> Done {
        self.serialize_u64(v.into())
    }

    fn serialize_u64(self, v: u64) -> Done {
        self.head(0, v);
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Done {
        self.string(3, v.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, v: &[u8]) -> Done {
        self.string(2, v);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.head(7, 22);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Done {
        v.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, v: &T) -> Done {
        v.serialize(self)
    }

    #[inline(always)]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.name(variant);
        Ok(())
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Done {
        self.choice(variant);
        v.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Refused> {
        self.head(4, len.ok_or(Refused)? as u64);
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self, Refused> {
        self.head(5, len as u64);
        Ok(self)
    }

    #[inline(always)]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Refused> {
        self.choice(variant);
        self.head(5, len as u64);
        Ok(self)
    }

    // No message has any of these.

    fn serialize_f32(self, _: f32) -> Done {
        Err(Refused)
    }

    fn serialize_f64(self, _: f64) -> Done {
        Err(Refused)
    }

    fn serialize_char(self, _: char) -> Done {
        Err(Refused)
    }

    fn serialize_unit(self) -> Done {
        Err(Refused)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Err(Refused)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Refused> {
        Err(Refused)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Refused> {
        Err(Refused)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        Err(Refused)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Refused> {
        Err(Refused)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl SerializeSeq for &mut Writer<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Done {
        v.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = Refused;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, v: &T) -> Done {
        self.name(key);
        v.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeStructVariant for &mut Writer<'_> {
    type Ok = ();
    type Error = Refused;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, v: &T) -> Done {
        SerializeStruct::serialize_field(self, key, v)
    }

    fn end(self) -> Done {
        Ok(())
    }
}
