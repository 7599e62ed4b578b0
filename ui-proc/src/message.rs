//! What the user can do in the chrome. Each button has one of these, which also names it for the keyboard focus.

use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::Theme;

/// What covers the conversation, on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// One's own invite, to show.
    Invite,
    /// Somebody's invite, to paste.
    Accept,
    /// Name, relays, appearance.
    Settings,
    /// About one contact.
    Contact(u32),
    /// A contact's safety number.
    Safety(u32),
    /// Asks whether to delete a contact.
    Delete(u32),
    /// Another passphrase.
    Passphrase,
    /// A recovery code: asks for the passphrase, then shows it.
    Recovery,
    /// Asks whether to delete the whole profile.
    Erase,
    /// A PIN: asks for the passphrase.
    Pin,
    /// Whether the desktop's keyring opens the profile.
    Keyring,
    /// Parts of a recovery secret: who keeps them, or who is to.
    Parts,
    /// The vault asks something about such parts.
    Question,
    /// How it stands with updates.
    Updates,
    /// The same for auditors.
    UpdateDetails,
}

impl Panel {
    /// The contact that it is about.
    pub fn contact(self) -> Option<u32> {
        match self {
            Self::Contact(handle) | Self::Safety(handle) | Self::Delete(handle) => Some(handle),
            Self::Invite | Self::Accept | Self::Settings | Self::Passphrase | Self::Recovery => None,
            Self::Parts | Self::Question | Self::Erase | Self::Pin | Self::Keyring => None,
            Self::Updates | Self::UpdateDetails => None,
        }
    }
}

/// What a button does, or what a widget found out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// Open a conversation: a row of the list.
    Open(u32),
    /// Open a conversation, from elsewhere.
    GoTo(u32),
    /// From the conversation to the list, in a narrow window.
    Back,
    /// Open a panel.
    Show(Panel),
    /// Close the panel.
    Close,
    /// Empty the search field.
    EndSearch,
    /// Do what the notice proposes.
    FollowNotice,
    /// Tell the vault.
    Tell(FromUi),
    /// On the lock screen: by the recovery code, or back to the passphrase.
    Recovering(bool),
    /// On the lock screen: by the passphrase, or back to the PIN.
    ByPassphrase(bool),
    /// The release that is ready can wait.
    UpdateLater,
    /// Ask for another theme.
    Theme(Theme),
    /// The conversation list was scrolled to this offset, in logical pixels.
    Scrolled(f32),
}
