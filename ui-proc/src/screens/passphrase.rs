//! The ways into the profile: another passphrase, and the recovery code. All that is secret is the vault's.

use super::contact::panel_bar;
use crate::message::Message;
use crate::widgets::{Element, Face, View, beside, button, card, centred, field, hint, label, note, page, slot};
use crate::words;
use bulkhead_canvas::Theme;
use bulkhead_canvas::core::{Border, Length};
use bulkhead_canvas::widget::{column, container};
use bulkhead_ipc::intent::{FromUi, Recovery};
use bulkhead_ipc::pixels::SlotKind;

/// Another passphrase.
pub fn change(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let asked = |name, kind| column![label(p, name), field(view, kind, 0)].spacing(4);
    let change = button(view, Face::Primary, words::CHANGE_PASSPHRASE, Message::Tell(FromUi::ChangePassphrase));
    let form = column![
        hint(p, words::CHANGE_LEAD),
        asked(words::CURRENT_PASSPHRASE, SlotKind::CurrentPassphrase),
        asked(words::NEW_PASSPHRASE, SlotKind::NewPassphrase),
        asked(words::SETUP_REPEAT, SlotKind::RepeatPassphrase),
        container(change).align_right(Length::Fill),
    ];
    column![panel_bar(view, words::PASSPHRASE), page(view, 560.0, card(view, form.spacing(12)))].into()
}

/// The recovery code: asked for with the passphrase, then shown once.
pub fn recovery(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    if view.state.recovery == Recovery::Offered {
        let height = if view.short() { 276 } else { 320 };
        let code = slot(SlotKind::RecoveryCode, 0, p.surface, Length::Fill, height);
        // The vault's own margin is inside; this keeps the card's round corners out from under the slot.
        let look = move |_: &Theme| container::Style {
            background: Some(p.surface.into()),
            border: Border { color: p.border.color(), width: 1.0, radius: 12.0.into() },
            ..container::Style::default()
        };
        let code = container(code).padding(4).style(look);
        return column![panel_bar(view, words::RECOVERY_CODE), centred(view, 520.0, p.ground, code)].into();
    }
    let stand = match view.state.recovery {
        Recovery::Set => note(p.ok, words::RECOVERY_SET),
        _ => note(p.warn, words::RECOVERY_NONE),
    };
    let make = button(view, Face::Primary, words::RECOVERY_NEW, Message::Tell(FromUi::NewRecovery));
    let form = column![
        hint(p, words::RECOVERY_LEAD),
        stand,
        column![label(p, words::CURRENT_PASSPHRASE), beside(field(view, SlotKind::CurrentPassphrase, 0), make)]
            .spacing(4),
    ];
    column![panel_bar(view, words::RECOVERY_CODE), page(view, 560.0, card(view, form.spacing(12)))].into()
}
