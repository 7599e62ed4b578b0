//! A number in a condition, or the kernel's name for it.

use crate::{Error, constants};
use serde::de::{Deserialize, Deserializer, Visitor};
use std::fmt;

/// As the file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u32),
    Name(String),
}

impl Value {
    pub fn get(&self) -> Result<u32, Error> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Name(name) => constants::by_name(name)
                .and_then(|value| u32::try_from(value).ok())
                .ok_or_else(|| Error::UnknownValue(name.clone())),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

// By hand, because a derived reader of alternatives does not say what it expected, and where.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number below 2^32, or the kernel's name for one in quotation marks")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
                let wrong = || E::invalid_value(serde::de::Unexpected::Unsigned(number), &self);
                u32::try_from(number).map(Value::Number).map_err(|_| wrong())
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Value, E> {
                Ok(Value::Name(name.into()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
