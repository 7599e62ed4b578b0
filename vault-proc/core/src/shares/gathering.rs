//! The parts that contacts gave back: how many there are, and what they make.

use super::{Part, join};
use crate::Key;

/// Most parts of a set that are looked at: who fills places with rubbish gains nothing by more.
const LOOKED: usize = 14;

/// What the parts that were given to us come to.
#[derive(Clone)]
pub struct Gathered {
    /// How many parts of the set there are of which most are there.
    pub have: u8,
    /// How many of them are needed.
    pub needed: u8,
    /// The secret, if enough of them fit together.
    pub secret: Option<Key>,
    /// Whose parts are wrong, as far as that can be told.
    pub wrong: Vec<u32>,
}

/// Looks at what contacts gave. Several sets may be among it: that of which most is there counts.
pub fn gather(given: &[(u32, &Part)]) -> Option<Gathered> {
    let mut sets: Vec<Vec<(u32, &Part)>> = Vec::new();
    for (contact, part) in given {
        let alike = |other: &Part| (other.set, other.needed, other.of) == (part.set, part.needed, part.of);
        match sets.iter_mut().find(|set| set.first().is_some_and(|(_, first)| alike(first))) {
            Some(set) if set.len() < LOOKED => set.push((*contact, part)),
            Some(_) => {}
            None => sets.push(vec![(*contact, part)]),
        }
    }
    let looked = sets.iter().filter_map(|set| look(set));
    // What makes a secret counts before what does not; then what lacks least.
    looked.min_by_key(|set| (set.secret.is_none(), set.needed.saturating_sub(set.have)))
}

fn look(set: &[(u32, &Part)]) -> Option<Gathered> {
    let needed = set.first()?.1.needed;
    let mut places: Vec<u8> = set.iter().map(|(_, part)| part.index).collect();
    places.sort_unstable();
    places.dedup();
    let have = u8::try_from(places.len()).unwrap_or(u8::MAX);
    let none = Gathered { have, needed, secret: None, wrong: Vec::new() };
    if have < needed {
        return Some(none);
    }
    let Some((good, secret)) = fitting(set, &mut Vec::new(), usize::from(needed)) else { return Some(none) };
    // Each of the others is held against those that fit, in the place of one of them.
    let others = good.get(1..).unwrap_or_default();
    let fits = |part: &Part| {
        let mut trial: Vec<&Part> = others.to_vec();
        trial.push(part);
        good.contains(&part) || join(&trial).is_some_and(|key| key == secret)
    };
    let wrong = set.iter().filter(|(_, part)| !fits(part)).map(|(contact, _)| *contact).collect();
    Some(Gathered { have, needed, secret: Some(secret), wrong })
}

/// The first choice of parts that fit together: at most 3,432 are tried.
fn fitting<'a>(left: &[(u32, &'a Part)], chosen: &mut Vec<&'a Part>, needed: usize) -> Option<(Vec<&'a Part>, Key)> {
    if chosen.len() == needed {
        return join(chosen).map(|key| (chosen.clone(), key));
    }
    for (at, (_, part)) in left.iter().enumerate() {
        if chosen.len() + left.len() - at < needed {
            break;
        }
        chosen.push(part);
        let found = fitting(left.get(at + 1..).unwrap_or_default(), chosen, needed);
        chosen.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::shares::deal;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn parts(seed: u64, needed: u8, of: u8) -> Vec<Part> {
        let rng = &mut StdRng::seed_from_u64(seed);
        deal(&Key::new([seed as u8; 32]), [seed as u8; 16], needed, of, rng)
    }

    fn spoilt(part: &Part) -> Part {
        let bytes = part.piece.bytes().iter().map(|byte| byte ^ 1).collect();
        Part { piece: Secret::new(bytes), ..part.clone() }
    }

    #[test]
    fn a_wrong_part_is_named_if_more_than_enough_are_there() {
        let mut list = parts(1, 3, 5);
        list[1] = spoilt(&list[1]);
        let given: Vec<(u32, &Part)> = (10..).zip(&list).collect();
        let few = gather(&given[..3]).unwrap();
        assert!(few.secret.is_none() && few.wrong.is_empty(), "three, and one of them wrong: nobody can say which");
        assert_eq!((few.have, few.needed), (3, 3));
        let more = gather(&given[..4]).unwrap();
        assert!(more.secret.is_some_and(|key| *key.bytes() == [1; 32]));
        assert_eq!(more.wrong, [11]);
    }

    #[test]
    fn too_few_make_nothing_and_a_part_given_twice_counts_once() {
        let list = parts(2, 3, 5);
        assert!(gather(&[]).is_none());
        let twice = [(1, &list[0]), (2, &list[1]), (3, &list[1])];
        let gathered = gather(&twice).unwrap();
        assert_eq!((gathered.have, gathered.needed, gathered.secret.is_none()), (2, 3, true));
        // A contact who keeps somebody else's place occupied with rubbish does not hide the right one.
        let (wrong, right) = (spoilt(&list[1]), &list[1]);
        let given = [(1, &list[0]), (2, &wrong), (3, right), (4, &list[2])];
        let gathered = gather(&given).unwrap();
        assert!(gathered.secret.is_some());
        assert_eq!(gathered.wrong, [2]);
    }

    #[test]
    fn another_set_does_not_stand_in_the_way() {
        let (old, new) = (parts(3, 2, 3), parts(4, 3, 4));
        let given: Vec<(u32, &Part)> = (1..).zip(old.iter().take(1).chain(&new)).collect();
        let gathered = gather(&given).unwrap();
        assert!(gathered.secret.is_some_and(|key| *key.bytes() == [4; 32]));
        assert!(gathered.wrong.is_empty());
    }
}
