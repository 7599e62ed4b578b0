//! Questions about parts of a recovery secret, wholly the vault's: what is about to happen, to whom, and the buttons.

use super::Said;
use super::recovery::press;
use crate::session::{Press, Question};
use bulkhead_canvas::Element;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Row, Space, column, container, text};

/// Longest part of a name that is shown, in characters: of ten names there is room for each.
const NAME: usize = 24;

/// The dialogue. `name` tells what a contact is called, `chosen` which button Enter presses.
pub fn question<'a>(
    question: &Question,
    name: &dyn Fn(u32) -> &'a str,
    chosen: usize,
    focused: bool,
    palette: &'static Palette,
) -> Element<'a, Said> {
    let name = |handle| cut(name(handle));
    let (title, words) = match question {
        Question::Give { contacts, needed, .. } => {
            let names: Vec<String> = contacts.iter().map(|handle| name(*handle)).collect();
            let words = format!(
                "Any {needed} of these {} can open this profile together, if they also get hold of its files: {}. Fewer \
                 learn nothing. Choose people who would not do it behind your back, and who know your voice. Parts given \
                 before stop working.",
                contacts.len(),
                names.join(", ")
            );
            ("Give them parts of a recovery secret?".to_owned(), words)
        }
        Question::Withdraw(_) => {
            let words = "From then on the parts open nothing any more, and the contacts' programs destroy them. Copies of \
                         your profile folder from before still open with enough of them.";
            ("Withdraw all parts?".to_owned(), words.to_owned())
        }
        Question::Ask(contact) => {
            let name = name(*contact);
            let words = format!(
                "Do this if {name} keeps a part of the recovery secret of a profile that you have lost. {name} will want \
                 to know that it is you: call, or meet."
            );
            (format!("Ask {name} for your part?"), words)
        }
        Question::Answer { contact, owners, at } => {
            let (asker, owner) = (name(*contact), owners.get(*at).map(|owner| name(*owner)).unwrap_or_default());
            let words = format!(
                "You keep a part for {owner}. Give it only if {asker} is {owner}, and has lost the computer or the \
                 passphrase. Call or meet {owner} first: who asks may only pretend. {owner} is told in the old \
                 conversation that you gave it."
            );
            (format!("Give {owner}'s part to {asker}?"), words)
        }
    };
    let labels = |button: Press| match (question, button) {
        (Question::Withdraw(_), Press::No) => "Keep them",
        (Question::Answer { .. }, Press::No) => "Do not give",
        (_, Press::No) => "Not now",
        (_, Press::Next) => "Somebody else's",
        (Question::Give { .. }, Press::Yes) => "Give the parts",
        (Question::Withdraw(_), Press::Yes) => "Withdraw",
        (Question::Ask(_), Press::Yes) => "Ask",
        (Question::Answer { .. }, Press::Yes) => "Give this part",
    };
    let title = text(title).size(17).font(SEMIBOLD).color(palette.text.color());
    let words = text(words).size(14).color(palette.muted.color());
    let mut buttons = Row::new().spacing(6).align_y(alignment::Vertical::Center).push(Space::new().width(Length::Fill));
    for (at, button) in question.buttons().iter().enumerate() {
        // What is given to the wrong person cannot be taken back: no answer is suggested.
        let first = *button == Press::Yes && !matches!(question, Question::Answer { .. });
        buttons =
            buttons.push(press(labels(*button), Said::Parts(*button), first, focused && at == chosen, 12, palette));
    }
    container(column![title, words, Space::new().height(Length::Fill), buttons].spacing(10))
        .padding(16)
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}

fn cut(name: &str) -> String {
    let mut short: String = name.chars().take(NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}
