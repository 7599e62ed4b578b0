use super::*;
use bulkhead_vault_core::{MessageState, Plaintext};

struct Made(u64);

impl Messages for Made {
    fn oldest(&self) -> u64 {
        1
    }
    fn newest(&self) -> u64 {
        self.0
    }
    fn read(&self, range: RangeInclusive<u64>) -> Vec<MessageView> {
        range.filter(|seq| (1..=self.0).contains(seq)).map(made).collect()
    }
}

fn made(seq: u64) -> MessageView {
    let words = ["Lunch?", "See you at the station at six.\nBring the umbrella.", "שלום, נדבר מחר"][seq as usize % 3];
    let mine = seq.is_multiple_of(4);
    let state = if mine { MessageState::Delivered } else { MessageState::Received };
    MessageView {
        seq,
        mine,
        text: Plaintext::new(words.into()),
        at: Time(1_714_564_800_000 + seq * 600_000),
        state,
        life: 0,
    }
}

const VIEW: Size = Size { width: 700.0, height: 500.0 };
const NOW: Time = Time(1_714_564_800_000);

fn laid_out(count: u64) -> (Shelf, Zone) {
    bulkhead_canvas::fonts::install("en-US");
    let (shelf, zone) = (Shelf::new(), Zone::load());
    shelf.inner().lay_out(VIEW, &Made(count), &zone, NOW);
    (shelf, zone)
}

#[test]
fn only_what_is_seen_is_shaped() {
    let (shelf, _) = laid_out(100_000);
    let inner = shelf.inner();
    assert!(inner.placed.at_end && inner.placed.visible.last().unwrap().seq == 100_000);
    assert!(inner.bubbles.len() < 20, "{}", inner.bubbles.len());
    assert!(inner.messages.len() < 200);
}

#[test]
fn at_the_end_new_messages_are_followed_elsewhere_they_are_not() {
    let (shelf, zone) = laid_out(100);
    shelf.inner().lay_out(VIEW, &Made(101), &zone, NOW);
    assert_eq!(shelf.inner().placed.visible.last().unwrap().seq, 101);
    shelf.scroll(Scroll::Pages(-1));
    shelf.inner().lay_out(VIEW, &Made(101), &zone, NOW);
    let before = shelf.inner().placed.visible.clone();
    assert!(!shelf.at_end());
    shelf.inner().lay_out(VIEW, &Made(102), &zone, NOW);
    assert_eq!(shelf.inner().placed.visible, before);
}

#[test]
fn what_is_marked_is_copied() {
    let (shelf, zone) = laid_out(10);
    shelf.inner().drag = Drag::Mark { from: Spot(7, 1, 9), to: Spot(6, 0, 2), moving: false };
    let text = shelf.marked(&Made(10), &zone, NOW).unwrap();
    assert_eq!(text, "nch?\nSee you at the station at six.\nBring the");
    shelf.inner().drag = Drag::Mark { from: Spot(6, 0, 2), to: Spot(6, 0, 2), moving: false };
    assert_eq!(shelf.marked(&Made(10), &zone, NOW), None);
}

#[test]
fn dragging_the_pointer_marks_text() {
    let (shelf, zone) = laid_out(10);
    let (left, right) = {
        let inner = shelf.inner();
        let item = *inner.placed.visible.iter().find(|item| item.seq == 9).unwrap();
        let bubble = &inner.bubbles[&9];
        let y = item.y + bubble.above + PAD.1 + 8.0;
        (Point::new(SIDE + PAD.0, y), Point::new(SIDE + bubble.size.width, y))
    };
    let mut inner = shelf.inner();
    inner.pointer(&mouse::Event::ButtonPressed(mouse::Button::Left), Some(left), None);
    inner.pointer(&mouse::Event::CursorMoved { position: right }, Some(right), Some(right));
    inner.pointer(&mouse::Event::ButtonReleased(mouse::Button::Left), Some(right), None);
    drop(inner);
    assert_eq!(shelf.marked(&Made(10), &zone, NOW).unwrap(), "Lunch?");
}

#[test]
fn unread_messages_have_a_line_above_the_first() {
    let (shelf, zone) = laid_out(40);
    shelf.divide(&Made(40), 3);
    shelf.inner().lay_out(VIEW, &Made(40), &zone, NOW);
    // 40 is one's own; 39, 38, 37 are theirs.
    assert_eq!(shelf.inner().divider, Some(37));
    assert!(shelf.inner().bubbles[&37].divider);
}

/// In the middle of a message, so that it is the one under the pointer.
fn on(shelf: &Shelf, seq: u64) -> Point {
    let inner = shelf.inner();
    let item = inner.placed.visible.iter().find(|item| item.seq == seq).unwrap();
    Point::new(SIDE + 20.0, item.y + inner.bubbles[&seq].above + 10.0)
}

#[test]
fn a_message_is_deleted_only_after_the_question() {
    let (shelf, _) = laid_out(10);
    let press = |button, at| shelf.inner().pointer(&mouse::Event::ButtonPressed(button), Some(at), None);
    press(mouse::Button::Right, on(&shelf, 9));
    assert_eq!(shelf.chosen(), (true, true));
    shelf.key(ListKey::Down);
    shelf.key(ListKey::Enter);
    assert_eq!(shelf.take_act(), None);
    shelf.key(ListKey::Enter);
    assert_eq!((shelf.take_act(), shelf.chosen()), (None, (true, false)), "Enter alone cancels");
    shelf.key(ListKey::Delete);
    shelf.key(ListKey::Down);
    shelf.key(ListKey::Enter);
    assert_eq!(shelf.take_act(), Some(Act::Delete(9)));
    // Elsewhere: the menu goes, nothing else happens.
    press(mouse::Button::Right, on(&shelf, 8));
    press(mouse::Button::Left, Point::new(690.0, 490.0));
    assert_eq!((shelf.take_act(), shelf.chosen()), (None, (false, false)));
}

#[test]
fn keys_choose_messages_and_copy_them() {
    let (shelf, _) = laid_out(10);
    shelf.key(ListKey::Up);
    shelf.key(ListKey::Up);
    shelf.key(ListKey::Enter);
    shelf.key(ListKey::Enter);
    assert_eq!(shelf.take_act(), Some(Act::Copy(9)));
    shelf.key(ListKey::Back);
    assert_eq!(shelf.chosen(), (false, false));
}

#[test]
fn what_is_read_stays_where_it_is_when_another_message_goes() {
    let (shelf, zone) = laid_out(100);
    shelf.scroll(Scroll::Pages(-3));
    shelf.inner().lay_out(VIEW, &Made(100), &zone, NOW);
    let first = shelf.inner().anchor.unwrap();
    shelf.removed(99, |place| place - u64::from(place > 99));
    assert_eq!(shelf.inner().anchor.unwrap(), first);
    shelf.removed(2, |place| place - u64::from(place > 2));
    assert_eq!(shelf.inner().anchor.unwrap(), Anchor { seq: first.seq - 1, ..first });
}
