//! What a party says about a release: a target of its repository, with our custom data.

use crate::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest package there can be, in bytes.
pub const LONGEST_PACKAGE: u64 = 256 * 1024 * 1024;

/// A release, as its signed description says it: TUF's custom data, and the same again inside the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Counts releases, 1 for the first. Only a higher one is ever installed.
    pub number: u64,
    /// The version that people know it by, as `1.2.0`.
    pub version: String,
    /// What changes, in a few sentences.
    pub changes: String,
    /// The sandbox rules that it brings, by process.
    pub rules: BTreeMap<String, Rules>,
}

/// A rules file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The version in it, which only grows.
    pub version: u64,
    /// The digest of the file.
    pub sha256: Digest,
}

/// A release as one party lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The digest of the whole canonical entry: length, hashes, custom data.
    pub id: Digest,
    /// The package's length in bytes.
    pub length: u64,
    /// The package's digest.
    pub sha256: Digest,
    /// The custom data.
    pub release: Release,
}

/// The target path of a release. A path of its own for each tells "not listed yet" from "described differently".
pub fn path(number: u64) -> String {
    format!("releases/{number}/package")
}
