//! Where the messages of a list stand, measuring only those that can be seen.
//!
//! The list is anchored at one message: its number and where its top edge is. From there neighbours are laid
//! out until the view is full, so that the cost does not depend on how many messages there are, and nothing
//! that is read jumps when messages above or below change.

/// One message's number and where its top edge is, in logical pixels below the view's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// The number.
    pub seq: u64,
    /// Its top edge.
    pub y: f32,
}

/// What can be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// From top to bottom, without gaps.
    pub visible: Vec<Anchor>,
    /// Whether the newest message's lower edge can be seen.
    pub at_end: bool,
}

/// Lays out messages `oldest..=newest` in a view of this height. `at` is where to stand, or `None` for the
/// newest at the lower edge. `measure` tells a message's height, with its distance to the one above.
pub fn place(
    oldest: u64,
    newest: u64,
    view: f32,
    at: Option<Anchor>,
    mut measure: impl FnMut(u64) -> f32,
) -> Placement {
    let nothing = Placement { visible: Vec::new(), at_end: true };
    if newest < oldest || newest == 0 || view <= 0.0 {
        return nothing;
    }
    let mut measure = |seq| measure(seq).max(1.0);
    let mut top = match at {
        Some(at) if (oldest..=newest).contains(&at.seq) => at,
        Some(at) if at.seq < oldest => Anchor { seq: oldest, y: 0.0 },
        _ => Anchor { seq: newest, y: view - measure(newest) },
    };
    // An anchor far outside (the wheel turned fast) is walked towards the view, not jumped.
    while top.y > 0.0 && top.seq > oldest {
        top.seq -= 1;
        top.y -= measure(top.seq);
    }
    if top.seq == oldest && top.y > 0.0 {
        top.y = 0.0;
    }
    let mut height = measure(top.seq);
    while top.y + height <= 0.0 && top.seq < newest {
        top.y += height;
        top.seq += 1;
        height = measure(top.seq);
    }
    let (mut visible, bottom) = fill(top, newest, view, &mut measure);
    let last = visible.last().map_or(0, |last| last.seq);
    let mut at_end = last == newest && bottom <= view + 0.5;
    if at_end && bottom < view {
        // Nothing below the newest: pull it down to the lower edge, as far as there is something above.
        top.y += view - bottom;
        while top.y > 0.0 && top.seq > oldest {
            top.seq -= 1;
            top.y -= measure(top.seq);
        }
        if top.seq == oldest && top.y > 0.0 {
            // All fits: a short conversation stands at the lower edge, next to where one writes.
            at_end = true;
        }
        (visible, _) = fill(top, newest, view, &mut measure);
    }
    Placement { visible, at_end }
}

fn fill(top: Anchor, newest: u64, view: f32, measure: &mut impl FnMut(u64) -> f32) -> (Vec<Anchor>, f32) {
    let (mut visible, mut y) = (Vec::new(), top.y);
    let mut seq = top.seq;
    while seq <= newest && y < view {
        visible.push(Anchor { seq, y });
        y += measure(seq);
        seq += 1;
    }
    (visible, y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn height(seed: u64) -> impl Fn(u64) -> f32 + Copy {
        move |seq| 20.0 + ((seq.wrapping_mul(seed | 1)) % 300) as f32
    }

    proptest! {
        #[test]
        fn the_view_is_filled_without_gaps(oldest in 1u64..50, count in 0u64..3000, view in 50.0f32..2000.0, seed: u64,
            at in proptest::option::of((0u64..3100, -5000.0f32..5000.0))) {
            let newest = oldest + count;
            let measure = height(seed);
            let at = at.map(|(seq, y)| Anchor { seq, y });
            let placed = place(oldest, newest, view, at, measure);
            let first = *placed.visible.first().unwrap();
            let last = *placed.visible.last().unwrap();
            for pair in placed.visible.windows(2) {
                prop_assert_eq!(pair[0].seq + 1, pair[1].seq);
                prop_assert!((pair[0].y + measure(pair[0].seq) - pair[1].y).abs() < 0.1);
            }
            let total: f32 = (oldest..=newest).take(200).map(measure).sum();
            let bottom = last.y + measure(last.seq);
            if total >= view {
                prop_assert!(first.y <= 0.1 && bottom >= view - 0.1, "{} {}", first.y, bottom);
            } else {
                prop_assert!(first.seq == oldest && last.seq == newest && placed.at_end);
                prop_assert!((bottom - view).abs() < 0.1);
            }
            prop_assert_eq!(placed.at_end, last.seq == newest && bottom <= view + 0.6);
            // Standing where one stands changes nothing.
            let again = place(oldest, newest, view, Some(first), measure);
            prop_assert_eq!(again.visible.len(), placed.visible.len());
            prop_assert_eq!(again.visible[0].seq, first.seq);
            prop_assert!((again.visible[0].y - first.y).abs() < 0.5);
        }

        #[test]
        fn only_what_is_near_is_measured(count in 10_000u64..1_000_000, y in -2000.0f32..2000.0, part in 0.0f64..1.0) {
            let measured = std::cell::Cell::new(0);
            let seq = 1 + (count as f64 * part) as u64;
            place(1, count, 800.0, Some(Anchor { seq, y }), |_| { measured.set(measured.get() + 1); 40.0 });
            prop_assert!(measured.get() < 400, "{}", measured.get());
        }
    }

    #[test]
    fn new_messages_do_not_move_what_is_read() {
        let measure = height(7);
        let here = place(1, 500, 600.0, Some(Anchor { seq: 200, y: -13.0 }), measure);
        assert_eq!(place(1, 501, 600.0, here.visible.first().copied(), measure).visible, here.visible);
    }
}
