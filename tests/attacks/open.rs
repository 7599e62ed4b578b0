//! The attacks that are known to succeed, each with the reason and what would end it.
//!
//! They are printed as ESCAPED like any other. The test fails on one that is not here, and on one that is here and is
//! denied after all: then its line goes.

use crate::attack::Places;

/// Name, from where, and why it is still so.
pub const OPEN: &[(&str, Places, &str)] = &[];

/// The same on the lines: name, from whom, why.
pub const LINES: &[(&str, &str, &str)] = &[];
