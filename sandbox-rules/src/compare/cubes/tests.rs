use super::{Cube, meet, minus};
use proptest::prelude::*;

/// Cubes over few bits of two arguments, so that overlaps are frequent and every argument list can be tried.
fn cube() -> impl Strategy<Value = Cube> {
    (0u32..8, 0u32..8, 0u32..8, 0u32..8)
        .prop_map(|(m0, v0, m3, v3)| Cube { mask: [m0, 0, 0, m3, 0, 0], value: [v0 & m0, 0, 0, v3 & m3, 0, 0] })
}

fn every_list() -> impl Iterator<Item = [u64; 6]> {
    (0..64u64).map(|n| [n % 8, 7, 7, n / 8, 7, 7])
}

fn any(cubes: &[Cube], list: &[u64; 6]) -> bool {
    cubes.iter().any(|cube| cube.holds(list))
}

proptest! {
    #[test]
    fn a_difference_holds_what_the_first_holds_and_the_second_does_not(
        a in prop::collection::vec(cube(), 0..5), b in prop::collection::vec(cube(), 0..5),
    ) {
        let left = minus(&a, &b).expect("few");
        for list in every_list() {
            prop_assert_eq!(any(&left, &list), any(&a, &list) && !any(&b, &list));
        }
        for cube in &left {
            let sample = cube.sample().map(u64::from);
            prop_assert!(any(&a, &sample) && !any(&b, &sample));
        }
    }

    #[test]
    fn a_meeting_holds_what_both_hold(
        a in prop::collection::vec(cube(), 0..5), b in prop::collection::vec(cube(), 0..5),
    ) {
        let both = meet(&a, &b).expect("few");
        for list in every_list() {
            prop_assert_eq!(any(&both, &list), any(&a, &list) && any(&b, &list));
        }
    }
}

#[test]
fn only_the_low_halves_count() {
    let cube = Cube { mask: [u32::MAX; 6], value: [2; 6] };
    assert!(cube.holds(&[0x1_0000_0002; 6]) && !cube.holds(&[3; 6]));
}

#[test]
fn what_was_written_to_be_hard_is_given_up() {
    // Every pair of fixed bits in each argument, asked of everything: the pieces multiply.
    let taken: Vec<Cube> = (0..6)
        .map(|bit| {
            let (mut mask, mut value) = ([0; 6], [0; 6]);
            mask.iter_mut().enumerate().for_each(|(at, m)| *m = 0x0101_0101_u32.rotate_left(at as u32 + bit));
            value.iter_mut().enumerate().for_each(|(at, v)| *v = 0x0101_0101_u32.rotate_left(at as u32 + bit));
            Cube { mask, value }
        })
        .collect();
    assert!(minus(&[Cube::ALL], &taken).is_err());
}
