//! The desktop's keyring, on the lock screen and in the settings. Whether it opens the profile is decided by the vault's
//! own button.

use super::contact::panel_bar;
use crate::message::{Message, Panel};
use crate::widgets::{Element, Face, View, button, card, field, hint, label, note, page, slot};
use crate::words;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::column;
use bulkhead_ipc::intent::Keyring;
use bulkhead_ipc::pixels::SlotKind;

/// What the lock screen says of it, if anything.
pub fn on_lock_screen(view: View<'_>) -> Option<Element<'_>> {
    match view.state.keyring {
        Keyring::Asking => Some(note(view.palette.accent, words::KEYRING_ASKING).into()),
        Keyring::Lost => Some(note(view.palette.warn, words::KEYRING_LOST).into()),
        Keyring::None | Keyring::Possible | Keyring::On => None,
    }
}

/// How it stands, and the way to change that: a part of the settings.
pub fn setting(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let (stands, change) = match view.state.keyring {
        Keyring::None => (words::KEYRING_NONE, None),
        Keyring::Possible => (words::KEYRING_POSSIBLE, Some(words::KEYRING_SET)),
        Keyring::On => (words::KEYRING_ON, Some(words::KEYRING_CHANGE)),
        Keyring::Asking => (words::KEYRING_ASKING, None),
        Keyring::Lost => (words::KEYRING_LOST, Some(words::KEYRING_CHANGE)),
    };
    let change = change.map(|words| button(view, Face::Secondary, words, Message::Show(Panel::Keyring)));
    column![label(p, words::KEYRING), hint(p, stands)].push(change).spacing(8).into()
}

/// To be turned on, with the passphrase, or off.
pub fn set(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let press = slot(SlotKind::Keyring, 0, p.surface, Length::Fill, 44);
    let form = match view.state.keyring {
        Keyring::Possible => {
            let asked = column![label(p, words::CURRENT_PASSPHRASE), field(view, SlotKind::CurrentPassphrase, 0)];
            let (lead, risk) = (hint(p, words::KEYRING_LEAD), note(p.warn, words::KEYRING_RISK));
            // Field and button are of use only together: where there is little room they come first.
            if view.short() {
                column![asked.spacing(4), press, risk, lead]
            } else {
                column![lead, risk, asked.spacing(4), press]
            }
        }
        Keyring::On if view.short() => column![press, hint(p, words::KEYRING_ON), note(p.warn, words::KEYRING_RISK)],
        Keyring::On => column![hint(p, words::KEYRING_ON), note(p.warn, words::KEYRING_RISK), press],
        Keyring::Lost => column![note(p.warn, words::KEYRING_LOST), press],
        Keyring::Asking => column![note(p.accent, words::KEYRING_ASKING)],
        Keyring::None => column![hint(p, words::KEYRING_NONE)],
    };
    column![panel_bar(view, words::KEYRING), page(view, 560.0, card(view, form.spacing(12)))].into()
}
