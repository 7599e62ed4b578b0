//! What a net or ui that breaks the rules may say: everything that the schema allows, as far as the tables tell it apart.

use crate::words::{CONTACT, Event, FOREIGN, INVITE, Who, Word};

/// Its words. It may also claim to be its own successor.
pub fn words(who: Who, number: u8) -> Vec<Word> {
    let mut words = Vec::new();
    for line in who.lines() {
        words.extend([Word::Hello(line, number), Word::Hello(line, number + 1), Word::Garbage(line)]);
    }
    match who {
        Who::Net => {
            words.extend([Word::Relay(1), Word::Relay(7), Word::Stored(1, CONTACT), Word::Stored(1, FOREIGN)]);
            let events = [Event::Theirs(1), Event::Theirs(2), Event::Answer(1), Event::Answer(2)];
            words.extend(events.map(|event| Word::Events((1, event), None)));
            words.push(Word::Events((1, Event::Theirs(1)), Some((1, Event::Theirs(1)))));
            for job in [1, 2] {
                words.extend([Word::Ack(job, 1, true), Word::Ack(job, 1, false)]);
            }
            words.extend([CONTACT, INVITE, FOREIGN].map(|mailbox| Word::Ask(1, mailbox)));
        }
        Who::Ui => {
            for serial in [1, 2, 3] {
                for buffer in [0, 1] {
                    words.extend([true, false].map(|slots| Word::Frame(serial, buffer, slots)));
                }
            }
            words.extend([Word::Unlock, Word::Lock, Word::OpenContact]);
        }
    }
    words
}
