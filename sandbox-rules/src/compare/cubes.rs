//! Sets of argument lists, compared exactly.
//!
//! A rule's conditions are `argument & mask == equals`: each fixes some bits of the six arguments' low halves and leaves
//! the others free. That is a cube over 192 bits, a list of alternatives is a union of cubes, and one cube minus another
//! is again a few cubes: one for each bit that the other fixes and the first leaves free. So "is everything in here also
//! in there" is decided by subtracting until nothing is left, without asking what the bits mean.

use crate::Error;
use crate::rules::Condition;

/// Most cubes that a subtraction may make on its way. Our own rules need a few dozen; what needs more was written to
/// be hard, and is reported as undecided.
const MOST: usize = 20_000;

/// All argument lists that agree in the fixed bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cube {
    /// The fixed bits of each argument.
    mask: [u32; 6],
    /// What they are; zero where they are free.
    value: [u32; 6],
}

/// A comparison took more steps than [`MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Cube {
    /// Every argument list.
    pub const ALL: Self = Self { mask: [0; 6], value: [0; 6] };

    /// What conditions leave. `None` for a condition that is none (no such argument, a mask of nothing), for one that
    /// can never hold, and for two that exclude each other.
    pub fn of(when: &[Condition]) -> Result<Option<Self>, Error> {
        let mut cube = Self::ALL;
        for condition in when {
            let fixed = condition.mask.as_ref().map_or(Ok(u32::MAX), crate::rules::Value::get)?;
            let equals = condition.equals.get()?;
            let (Some(mask), Some(value)) =
                (cube.mask.get_mut(usize::from(condition.arg)), cube.value.get_mut(usize::from(condition.arg)))
            else {
                return Ok(None);
            };
            if fixed == 0 || equals & !fixed != 0 || (*value ^ equals) & *mask & fixed != 0 {
                return Ok(None);
            }
            *mask |= fixed;
            *value |= equals;
        }
        Ok(Some(cube))
    }

    /// Whether an argument list is in it. Only the low halves count, as in the filter programs.
    #[cfg(test)]
    pub fn holds(&self, arguments: &[u64; 6]) -> bool {
        let fields = self.mask.iter().zip(&self.value).zip(arguments);
        fields.into_iter().all(|((mask, value), argument)| *argument as u32 & mask == *value)
    }

    /// What is in both.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let mut both = *self;
        let mine = both.mask.iter_mut().zip(&mut both.value);
        for ((mask, value), (wanted, equals)) in mine.zip(other.mask.iter().zip(&other.value)) {
            if (*value ^ equals) & *mask & wanted != 0 {
                return None;
            }
            *mask |= wanted;
            *value |= equals;
        }
        Some(both)
    }

    /// The fixed bits of each argument, and what they are.
    pub fn bits(&self) -> ([u32; 6], [u32; 6]) {
        (self.mask, self.value)
    }

    /// One argument list in it: the free bits are zero.
    pub fn sample(&self) -> [u32; 6] {
        self.value
    }

    /// The arguments of which it fixes something.
    pub fn arguments(&self) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let fields = self.mask.iter().zip(&self.value).enumerate();
        fields.filter(|(_, (mask, _))| **mask != 0).map(|(index, (mask, value))| (index, *mask, *value))
    }

    /// Appends what is in this and not in the other, as cubes that do not overlap.
    fn without(mut self, other: &Self, out: &mut Vec<Self>) {
        if self.meet(other).is_none() {
            return out.push(self);
        }
        for index in 0..6 {
            let field = |list: &[u32; 6]| list.get(index).copied().unwrap_or_default();
            let (mut left, equals) = (field(&other.mask) & !field(&self.mask), field(&other.value));
            while left != 0 {
                let bit = left & left.wrapping_neg();
                left &= !bit;
                // Everything that differs in this bit, and agrees in those before it.
                out.push(self.with(index, bit, !equals & bit));
                self = self.with(index, bit, equals & bit);
            }
        }
    }

    fn with(mut self, index: usize, bit: u32, value: u32) -> Self {
        if let (Some(mask), Some(fixed)) = (self.mask.get_mut(index), self.value.get_mut(index)) {
            *mask |= bit;
            *fixed |= value;
        }
        self
    }
}

/// What is in one of the first and in none of the second.
pub(crate) fn minus(of: &[Cube], taken: &[Cube]) -> Result<Vec<Cube>, TooMuch> {
    let mut left = of.to_vec();
    for cube in taken {
        let mut next = Vec::new();
        for piece in left {
            piece.without(cube, &mut next);
            if next.len() > MOST {
                return Err(TooMuch);
            }
        }
        left = next;
    }
    Ok(left)
}

/// What is in one of the first and in one of the second.
pub(crate) fn meet(first: &[Cube], second: &[Cube]) -> Result<Vec<Cube>, TooMuch> {
    if first.len().saturating_mul(second.len()) > MOST * 10 {
        return Err(TooMuch);
    }
    Ok(first.iter().flat_map(|a| second.iter().filter_map(|b| a.meet(b))).collect())
}

#[cfg(test)]
mod tests;
