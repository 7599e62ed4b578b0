use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

const SET: SetId = [7; 16];

fn parts(seed: u64, secret: [u8; 32], needed: u8, of: u8) -> Vec<Part> {
    deal(&Key::new(secret), SET, needed, of, &mut StdRng::seed_from_u64(seed))
}

fn with(part: &Part, at: usize, byte: u8) -> Part {
    let mut bytes = part.piece.bytes().to_vec();
    bytes[at] = byte;
    Part { piece: Secret::new(bytes), ..part.clone() }
}

/// All choices of so many out of the list.
pub fn choices<T: Copy>(list: &[T], count: usize) -> Vec<Vec<T>> {
    let Some((first, rest)) = list.split_first() else { return if count == 0 { vec![vec![]] } else { vec![] } };
    let mut with = if count == 0 { vec![] } else { choices(rest, count - 1) };
    with.iter_mut().for_each(|choice| choice.insert(0, *first));
    with.extend(choices(rest, count));
    with
}

#[test]
fn any_three_of_five_make_the_secret_and_no_two_do() {
    let parts = parts(1, [0x5a; 32], 3, 5);
    let all: Vec<&Part> = parts.iter().collect();
    let threes = choices(&all, 3);
    assert_eq!(threes.len(), 10);
    for three in threes {
        assert!(join(&three).is_some_and(|key| *key.bytes() == [0x5a; 32]));
    }
    for two in choices(&all, 2) {
        assert!(join(&two).is_none());
        // Nor if they pretend that two are enough.
        let less: Vec<Part> = two.iter().map(|part| Part { needed: 2, ..(*part).clone() }).collect();
        assert!(join(&less.iter().collect::<Vec<_>>()).is_none());
    }
}

#[test]
fn parts_that_say_different_things_of_their_set_make_nothing_even_if_their_pieces_fit() {
    let dealt = parts(7, [0x5a; 32], 2, 3);
    assert!(join(&[&dealt[0], &dealt[1]]).is_some());
    let wrong = |change: fn(&mut Part)| {
        let mut part = dealt[1].clone();
        change(&mut part);
        join(&[&dealt[0], &part]).is_none()
    };
    assert!(wrong(|part| part.set = [8; 16]));
    assert!(wrong(|part| part.of = 4));
    assert!(wrong(|part| part.needed = 3));
    assert!(wrong(|part| part.index = 1));
}

#[test]
fn two_of_three_needed_parts_are_consistent_with_every_secret() {
    // Exhaustive for one byte, and bytes are shared each for itself: whatever the first two keepers have, for each
    // value that the secret's byte can have there is exactly one third piece that makes it.
    let dealt = parts(2, [0x33; 32], 3, 5);
    let two: Vec<Share> = dealt[..2].iter().map(|part| part.share().unwrap()).collect();
    for at in [0, 31, 34] {
        let mut seen = [0; 256];
        for byte in 0..=255 {
            let third = with(&dealt[2], at, byte).share().unwrap();
            let whole = Sharks(3).recover(&[two[0].clone(), two[1].clone(), third]).unwrap();
            seen[usize::from(whole[at])] += 1;
        }
        assert_eq!(seen, [1; 256], "byte {at}");
    }
}

/// Multiplies in GF(256) with x⁸+x⁴+x³+x²+1, bit by bit.
fn product(mut a: u8, mut b: u8) -> u8 {
    let mut sum = 0;
    while b > 0 {
        sum ^= a * (b & 1);
        a = (a << 1) ^ (0x1d * (a >> 7));
        b >>= 1;
    }
    sum
}

#[test]
fn pieces_are_the_values_of_the_polynomial_that_the_specification_names() {
    let secret = [0xa7; 32];
    let dealt = parts(4, secret, 3, 10);
    let value = |index: u8, at: usize| dealt[usize::from(index) - 1].piece.bytes()[at];
    let whole = [secret.as_slice(), &check(&secret)].concat();
    for (at, byte) in whole.iter().enumerate() {
        // The values at 1 and 2 give both coefficients.
        let (one, two) = (value(1, at) ^ byte, value(2, at) ^ byte);
        let square = (0..=255).find(|c| product(*c, 4) ^ product(*c ^ one, 2) == two).unwrap();
        let linear = square ^ one;
        for index in 1..=10 {
            let point = byte ^ product(linear, index) ^ product(square, product(index, index));
            assert_eq!(value(index, at), point, "index {index}, byte {at}");
        }
    }
}

#[test]
fn a_keeper_s_piece_is_evenly_spread_whatever_the_secret_is() {
    // The coefficients must be drawn from all values: if zero were left out, a piece would rule out a secret
    // (RUSTSEC-2024-0398 of the crate that ours was made from).
    for secret in [0x00, 0x6b] {
        let mut rng = StdRng::seed_from_u64(u64::from(secret));
        let mut seen = [0_u32; 256];
        let rounds = 2000;
        for _ in 0..rounds {
            let dealt = deal(&Key::new([secret; 32]), SET, 2, 2, &mut rng);
            dealt[0].piece.bytes()[..32].iter().for_each(|byte| seen[usize::from(*byte)] += 1);
        }
        let expected = f64::from(rounds * 32) / 256.0;
        let chi: f64 = seen.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // 255 degrees of freedom: above 400 comes once in 10^8 times, and the seed is fixed.
        assert!(chi < 400.0, "{chi}");
        assert!(seen.iter().all(|count| *count > 0));
    }
}

#[test]
fn numbers_that_do_not_agree_make_no_parts() {
    for (needed, of) in [(1, 3), (0, 3), (4, 3), (2, 1), (2, 11), (11, 11), (2, 0)] {
        assert!(parts(3, [1; 32], needed, of).is_empty(), "{needed} of {of}");
    }
    assert_eq!(parts(3, [1; 32], 2, 2).len(), 2);
    assert_eq!(parts(3, [1; 32], 10, 10).len(), 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_make_the_secret_in_any_order_and_never_with_a_wrong_one(
        seed: u64, secret: [u8; 32], needed in LEAST..=MOST, more in 0..MOST, at in 0..PIECE, by in 1_u8..,
    ) {
        let of = (needed + more).min(MOST);
        let dealt = parts(seed, secret, needed, of);
        prop_assert_eq!(dealt.len(), usize::from(of));
        let mut chosen: Vec<&Part> = dealt.iter().rev().take(usize::from(needed)).collect();
        prop_assert!(join(&chosen).is_some_and(|key| *key.bytes() == secret));
        let wrong = with(chosen[0], at, chosen[0].piece.bytes()[at] ^ by);
        chosen[0] = &wrong;
        prop_assert!(join(&chosen).is_none());
    }

    #[test]
    fn parts_from_strangers_never_panic(
        list in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), 0..3_u8, prop::collection::vec(any::<u8>(), 30..40)), 0..12),
    ) {
        let list: Vec<Part> = list
            .into_iter()
            .map(|(index, needed, of, set, piece)| {
                Part { set: [set; 16], index: index % 12, needed: needed % 12, of: of % 12, piece: Secret::new(piece) }
            })
            .collect();
        let all: Vec<&Part> = list.iter().collect();
        for count in 0..=all.len() {
            let _ = join(&all[..count]);
        }
    }
}
