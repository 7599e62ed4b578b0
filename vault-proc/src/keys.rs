//! What a key press means: a command for ui, an act of the vault's own, or text for the slot that has the focus.
//!
//! A pure function, because this is the place where a key could leak: what it returns for ui is a [`Command`]
//! and nothing else, and every character goes to a slot or nowhere.

use bulkhead_canvas::core::keyboard::key::Named;
use bulkhead_canvas::core::keyboard::{Key, Modifiers};
use bulkhead_ipc::intent::Command;
use bulkhead_ipc::pixels::SlotKind;

/// What the meaning of a key depends on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// The slot that has the keyboard.
    pub focus: Option<SlotKind>,
    /// Unlocked.
    pub open: bool,
    /// A compose field is on screen.
    pub compose: bool,
    /// A message is chosen in the list that has the keyboard; and its menu is open.
    pub chosen: (bool, bool),
    /// An input method is in the middle of a word: all keys are its own.
    pub composing: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Tell ui.
    Ui(Command),
    /// Do it here.
    Own(Own),
    /// Give the key to the slot that has the focus.
    Slot,
    /// Give the focus to the compose field, then the key.
    Compose,
    /// Nothing.
    Nothing,
}

/// Acts of the vault's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Forget the keys.
    Lock,
    /// End the program.
    Quit,
    /// The obvious act of the field.
    Submit(SlotKind),
    /// Move in the messages.
    Scroll(Scroll),
    /// Move in this page about updates.
    Read(SlotKind, Scroll),
    /// Put the marked part of the messages on the clipboard.
    Copy,
    /// In the search results.
    Result(Step),
    /// The other button of the dialogue.
    SwitchButton,
    /// Press the dialogue's chosen button.
    PressButton,
    /// Lock later or sooner: the choice so far to the right.
    AutoLock(i8),
    /// With messages of the list, and the menu of one.
    List(ListKey),
}

/// What is done with a message by keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKey {
    /// Choose the message above, or the item.
    Up,
    /// The one below.
    Down,
    /// Open its menu, or do what is chosen there.
    Enter,
    /// Ask whether to delete it.
    Delete,
    /// Close the menu, else choose no message.
    Back,
}

/// How far to scroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// Some lines; negative is up.
    Lines(i8),
    /// Most of what is visible; negative is up.
    Pages(i8),
    /// To the oldest.
    Oldest,
    /// To the newest.
    Newest,
}

/// In the list of search results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next one.
    Down,
    /// The one before.
    Up,
    /// Go there.
    Open,
}

/// Decides. `key` is what the key says in the user's layout, `latin` what it says in a Latin one, so that
/// shortcuts work in every layout.
pub fn meaning(key: &Key, latin: Option<char>, held: Modifiers, now: Situation) -> Meaning {
    if now.composing {
        return Meaning::Slot;
    }
    shortcut(key, latin, held, now).unwrap_or_else(|| match key {
        Key::Named(named) => navigation(*named, held, now),
        _ => typing(held, now),
    })
}

fn shortcut(key: &Key, latin: Option<char>, held: Modifiers, now: Situation) -> Option<Meaning> {
    use Meaning::{Own as Act, Ui};
    if held.control() && !held.alt() && !held.logo() {
        return match (latin, key) {
            (Some('q'), _) => Some(Act(Own::Quit)),
            (Some('l'), _) if now.open => Some(Act(Own::Lock)),
            (Some('k' | 'f'), _) if now.open => Some(Ui(Command::Search)),
            (Some('n'), _) if now.open => Some(Ui(Command::AddContact)),
            (Some(','), _) if now.open => Some(Ui(Command::Settings)),
            (Some('c'), _) if !now.focus.is_some_and(SlotKind::is_field) => Some(Act(Own::Copy)),
            (_, Key::Named(Named::PageDown)) if now.open => Some(Ui(Command::NextConversation)),
            (_, Key::Named(Named::PageUp)) if now.open => Some(Ui(Command::PreviousConversation)),
            _ => None,
        };
    }
    if held.alt() && !held.control() && now.open {
        return match key {
            Key::Named(Named::ArrowDown) => Some(Ui(Command::NextConversation)),
            Key::Named(Named::ArrowUp) => Some(Ui(Command::PreviousConversation)),
            _ => None,
        };
    }
    None
}

fn navigation(key: Named, held: Modifiers, now: Situation) -> Meaning {
    use Meaning::{Own as Act, Ui};
    let dialogue = now.focus.is_some_and(SlotKind::is_question);
    let list = now.open && matches!(now.focus, None | Some(SlotKind::MessageList));
    let results = matches!(now.focus, Some(SlotKind::Search | SlotKind::SearchResults));
    if now.open
        && now.focus == Some(SlotKind::MessageList)
        && let Some(act) = with_messages(key, held, now.chosen)
    {
        return Act(Own::List(act));
    }
    if let Some(page @ (SlotKind::UpdateNotice | SlotKind::UpdateDetails)) = now.focus
        && let Some(how) = in_page(key)
    {
        return Act(Own::Read(page, how));
    }
    match key {
        Named::Tab if dialogue => Act(Own::SwitchButton),
        Named::Tab if held.shift() => Ui(Command::FocusPrevious),
        Named::Tab => Ui(Command::FocusNext),
        Named::Escape => Ui(Command::Escape),
        Named::Enter if dialogue || now.focus == Some(SlotKind::Keyring) => Act(Own::PressButton),
        Named::Enter if results => Act(Own::Result(Step::Open)),
        Named::Enter => match now.focus {
            Some(SlotKind::Compose) if held.shift() => Meaning::Slot,
            Some(kind) if kind.is_field() => Act(Own::Submit(kind)),
            Some(_) => Meaning::Nothing,
            None => Ui(Command::Activate),
        },
        Named::ArrowLeft | Named::ArrowRight if dialogue => Act(Own::SwitchButton),
        Named::ArrowLeft if now.focus == Some(SlotKind::AutoLock) => Act(Own::AutoLock(-1)),
        Named::ArrowRight if now.focus == Some(SlotKind::AutoLock) => Act(Own::AutoLock(1)),
        Named::ArrowDown if results => Act(Own::Result(Step::Down)),
        Named::ArrowUp if results => Act(Own::Result(Step::Up)),
        Named::ArrowDown if now.focus == Some(SlotKind::MessageList) => Act(Own::Scroll(Scroll::Lines(1))),
        Named::ArrowUp if now.focus == Some(SlotKind::MessageList) => Act(Own::Scroll(Scroll::Lines(-1))),
        Named::ArrowDown if now.focus.is_none() => Ui(Command::Down),
        Named::ArrowUp if now.focus.is_none() => Ui(Command::Up),
        Named::PageDown if list || now.focus == Some(SlotKind::Compose) => Act(Own::Scroll(Scroll::Pages(1))),
        Named::PageUp if list || now.focus == Some(SlotKind::Compose) => Act(Own::Scroll(Scroll::Pages(-1))),
        Named::Home if list => Act(Own::Scroll(Scroll::Oldest)),
        Named::End if list => Act(Own::Scroll(Scroll::Newest)),
        Named::Space => typing(held, now),
        _ if now.focus.is_some_and(SlotKind::is_field) => Meaning::Slot,
        _ => Meaning::Nothing,
    }
}

/// In a page that is only read, the keys that move in messages move in it.
const fn in_page(key: Named) -> Option<Scroll> {
    match key {
        Named::ArrowDown => Some(Scroll::Lines(1)),
        Named::ArrowUp => Some(Scroll::Lines(-1)),
        Named::PageDown | Named::Space => Some(Scroll::Pages(1)),
        Named::PageUp => Some(Scroll::Pages(-1)),
        Named::Home => Some(Scroll::Oldest),
        Named::End => Some(Scroll::Newest),
        _ => None,
    }
}

/// Shift and the arrows choose a message; then Enter or the menu key say what can be done with it.
fn with_messages(key: Named, held: Modifiers, (chosen, menu): (bool, bool)) -> Option<ListKey> {
    match key {
        Named::ArrowUp if menu || held.shift() => Some(ListKey::Up),
        Named::ArrowDown if menu || held.shift() => Some(ListKey::Down),
        Named::ArrowLeft if menu => Some(ListKey::Up),
        Named::ArrowRight | Named::Tab if menu => Some(ListKey::Down),
        Named::Enter if chosen => Some(ListKey::Enter),
        Named::ContextMenu if chosen && !menu => Some(ListKey::Enter),
        Named::Delete if chosen && !menu => Some(ListKey::Delete),
        Named::Escape if chosen => Some(ListKey::Back),
        _ => None,
    }
}

fn typing(held: Modifiers, now: Situation) -> Meaning {
    match now.focus {
        Some(kind) if kind.is_field() => Meaning::Slot,
        None | Some(SlotKind::MessageList)
            if now.open && now.compose && !held.control() && !held.alt() && !held.logo() =>
        {
            Meaning::Compose
        }
        _ => Meaning::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Situation =
        Situation { focus: None, open: true, compose: true, chosen: (false, false), composing: false };

    fn letter(c: char, held: Modifiers, now: Situation) -> Meaning {
        meaning(&Key::Character(c.to_string().into()), Some(c), held, now)
    }

    fn named(key: Named, held: Modifiers, now: Situation) -> Meaning {
        meaning(&Key::Named(key), None, held, now)
    }

    #[test]
    fn no_character_ever_becomes_a_command_without_control() {
        for focus in SlotKind::ALL.map(Some).into_iter().chain([None]) {
            for open in [true, false] {
                for held in [Modifiers::empty(), Modifiers::SHIFT, Modifiers::ALT, Modifiers::ALT | Modifiers::CTRL] {
                    for c in ('!'..='~').chain(['ж', 'ש', '€']) {
                        let meaning = letter(c, held, Situation { focus, open, ..OPEN });
                        assert!(!matches!(meaning, Meaning::Ui(_)), "{c} {held:?} {focus:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn shortcuts_work_in_a_layout_without_latin_letters() {
        let key = Key::Character("л".into());
        assert_eq!(meaning(&key, Some('k'), Modifiers::CTRL, OPEN), Meaning::Ui(Command::Search));
    }

    #[test]
    fn a_locked_vault_knows_no_shortcut_but_quit() {
        let locked = Situation { open: false, ..OPEN };
        for c in ['l', 'k', 'f', 'n', ','] {
            assert_eq!(letter(c, Modifiers::CTRL, locked), Meaning::Nothing);
        }
        assert_eq!(letter('q', Modifiers::CTRL, locked), Meaning::Own(Own::Quit));
    }

    #[test]
    fn enter_sends_and_shift_enter_breaks_the_line() {
        let compose = Situation { focus: Some(SlotKind::Compose), ..OPEN };
        assert_eq!(named(Named::Enter, Modifiers::empty(), compose), Meaning::Own(Own::Submit(SlotKind::Compose)));
        assert_eq!(named(Named::Enter, Modifiers::SHIFT, compose), Meaning::Slot);
        assert_eq!(named(Named::Enter, Modifiers::empty(), OPEN), Meaning::Ui(Command::Activate));
    }

    #[test]
    fn an_input_method_gets_all_keys_while_it_composes() {
        let busy = Situation { focus: Some(SlotKind::Compose), composing: true, ..OPEN };
        for key in [Named::Enter, Named::Escape, Named::Tab, Named::ArrowDown] {
            assert_eq!(named(key, Modifiers::empty(), busy), Meaning::Slot);
        }
    }

    #[test]
    fn typing_without_focus_goes_to_the_message() {
        assert_eq!(letter('a', Modifiers::empty(), OPEN), Meaning::Compose);
        assert_eq!(letter('a', Modifiers::empty(), Situation { compose: false, ..OPEN }), Meaning::Nothing);
        assert_eq!(
            letter('a', Modifiers::empty(), Situation { focus: Some(SlotKind::ConfirmDelete), ..OPEN }),
            Meaning::Nothing
        );
    }

    #[test]
    fn a_page_about_updates_is_read_by_keys_and_left_by_tab_and_escape() {
        for page in [SlotKind::UpdateNotice, SlotKind::UpdateDetails] {
            let reading = Situation { focus: Some(page), ..OPEN };
            for (key, how) in [(Named::ArrowDown, Scroll::Lines(1)), (Named::PageUp, Scroll::Pages(-1))] {
                assert_eq!(named(key, Modifiers::empty(), reading), Meaning::Own(Own::Read(page, how)));
            }
            assert_eq!(named(Named::Tab, Modifiers::empty(), reading), Meaning::Ui(Command::FocusNext));
            assert_eq!(named(Named::Escape, Modifiers::empty(), reading), Meaning::Ui(Command::Escape));
            assert_eq!(letter('a', Modifiers::empty(), reading), Meaning::Nothing);
        }
    }

    #[test]
    fn the_dialogue_keeps_its_keys() {
        for kind in [SlotKind::ConfirmDelete, SlotKind::RecoveryCode, SlotKind::ConfirmParts] {
            let dialogue = Situation { focus: Some(kind), ..OPEN };
            assert_eq!(named(Named::Tab, Modifiers::empty(), dialogue), Meaning::Own(Own::SwitchButton));
            assert_eq!(named(Named::Enter, Modifiers::empty(), dialogue), Meaning::Own(Own::PressButton));
            assert_eq!(named(Named::Escape, Modifiers::empty(), dialogue), Meaning::Ui(Command::Escape));
        }
        let choices = Situation { focus: Some(SlotKind::AutoLock), ..OPEN };
        assert_eq!(named(Named::ArrowRight, Modifiers::empty(), choices), Meaning::Own(Own::AutoLock(1)));
        assert_eq!(named(Named::Tab, Modifiers::empty(), choices), Meaning::Ui(Command::FocusNext));
        let button = Situation { focus: Some(SlotKind::Keyring), ..OPEN };
        assert_eq!(named(Named::Enter, Modifiers::empty(), button), Meaning::Own(Own::PressButton));
        assert_eq!(named(Named::Tab, Modifiers::empty(), button), Meaning::Ui(Command::FocusNext));
    }
}
