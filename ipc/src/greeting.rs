//! `Hello` and `Welcome`: how two ends of a line find out that they speak the same language, in the same life.
//!
//! `{"Hello": {"life": u32, "version": u16}}` is the one message whose shape never changes from schema version 2 on,
//! and `Welcome` mirrors it: every later version has to understand it, to refuse a stranger with one clear sentence
//! instead of a decoding error. `life` is the number that the launcher gave this start of the process; `Welcome`
//! repeats it, so that one which was meant for a predecessor on the same line is known as such. Version 1 knew no
//! lives: from it, and only from it, `life` is missing.

use crate::{OutOfBounds, bound};

/// Refuses version 0, a life in version 1, and none in a later one.
pub(crate) fn check(life: Option<u32>, version: u16) -> Result<(), OutOfBounds> {
    bound(version > 0, "version")?;
    bound(life.is_some() == (version > 1), "life")
}
