//! vault ↔ ui, the pixels line: the shared frame memory, finished frames, and where the secure slots lie.
//!
//! The vault creates the memory (sealed: it can neither grow nor shrink), maps it read-only and sends the
//! descriptor once per size class. It holds two buffers of `capacity` bytes; ui paints one (32-bit pixels,
//! bytes B, G, R, X in memory order, rows of `width * 4` bytes without gaps) and names it in a [`FromUi::Frame`]; the vault copies what is damaged and releases it.
//!
//! All rectangles are physical pixels of the frame. The frame does not cover the whole window: the vault
//! keeps a strip of its own, which nothing that ui draws can imitate.

use crate::cbor::bounded;
use crate::{Message, OutOfBounds, bound, greeting};
use serde::{Deserialize, Serialize};

/// Largest frame edge in physical pixels.
pub const MAX_EDGE: u32 = 8192;
/// Farthest that a rectangle reaches, in physical pixels: `x` and `y` from `-MAX_REACH`, all to `MAX_REACH`. Sums of two
/// such numbers cannot overflow.
pub const MAX_REACH: i32 = 1 << 20;
/// Most damage rectangles in a frame.
pub const MAX_DAMAGE: usize = 32;
/// Most slots in a frame.
pub const MAX_SLOTS: usize = 512;
/// One unit of [`ToUi::Configure`]'s scale is 1/120 (as in Wayland's fractional-scale protocol).
pub const SCALE_UNIT: u32 = 120;

/// A rectangle in physical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rect {
    /// Height.
    pub h: i32,
    /// Width.
    pub w: i32,
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
}

impl Rect {
    /// A rectangle from its left, top, width and height.
    pub const fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        Self { h, w, x, y }
    }

    /// The common part; `None` if it is empty.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = self.x.saturating_add(self.w).min(other.x.saturating_add(other.w));
        let bottom = self.y.saturating_add(self.h).min(other.y.saturating_add(other.h));
        (right > x && bottom > y).then(|| Self::new(x, y, right - x, bottom - y))
    }

    /// Whether the pixel lies inside.
    pub fn contains(&self, x: i32, y: i32) -> bool {
        self.intersect(&Self::new(x, y, 1, 1)).is_some()
    }

    fn sane(&self) -> bool {
        [self.x, self.y].iter().all(|v| (-MAX_REACH..=MAX_REACH).contains(v))
            && [self.w, self.h].iter().all(|v| (0..=MAX_REACH).contains(v))
    }
}

/// What the vault paints, or lets the user type, in a slot. The `handle` of a [`SlotKey`] says whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SlotKind {
    /// Field: the passphrase, on the lock screen.
    Unlock,
    /// Field: the first passphrase, at first start.
    NewPassphrase,
    /// Field: the passphrase again, at first start.
    RepeatPassphrase,
    /// Field: the name that new contacts see.
    OwnName,
    /// Field: search in all conversations.
    Search,
    /// List of what the search found; a click opens the place.
    SearchResults,
    /// A contact's initials on a coloured disc.
    Avatar,
    /// A contact's name in the conversation list.
    ContactName,
    /// The last message, one line, in the conversation list.
    Preview,
    /// When the last message was, in the conversation list.
    RowTime,
    /// A contact's name above the conversation.
    ConversationTitle,
    /// The messages of a conversation.
    MessageList,
    /// Field with its own send button: the message being written.
    Compose,
    /// The newest invite's link, as text.
    InviteLink,
    /// The newest invite's link, as QR code.
    InviteQr,
    /// Field: an invite link received from somebody.
    PasteInvite,
    /// A contact's safety number: twelve groups of five digits.
    SafetyNumber,
    /// A contact's safety number as QR code.
    SafetyQr,
    /// Field: one's own name for a contact.
    Rename,
    /// Dialogue: asks whether to delete a contact with all messages, with the vault's own buttons.
    ConfirmDelete,
    /// Address of a relay; the handle is its number.
    RelayUrl,
    /// Field: address of a relay to add.
    NewRelay,
    /// Field: the passphrase in use, where it is asked for once more.
    CurrentPassphrase,
    /// Field: the recovery code, on the lock screen.
    TypeRecovery,
    /// Dialogue: a fresh recovery code to be written down, with the vault's own buttons.
    RecoveryCode,
    /// When the vault locks by itself: choices, the vault's own.
    AutoLock,
    /// Dialogue: asks whether to delete the whole profile; a field for the word that says so, and the vault's own buttons.
    ConfirmErase,
    /// Field: the PIN, on the lock screen.
    Pin,
    /// Field: a PIN to be set.
    NewPin,
    /// Field: the same again.
    RepeatPin,
    /// Dialogue: asks whether to give, withdraw or ask for parts of a recovery secret, with the vault's own buttons.
    ConfirmParts,
    /// Whether the desktop's keyring opens the profile: a button, the vault's own.
    Keyring,
    /// What there is to say of updates: sentences, times, what a release changes. It scrolls.
    UpdateNotice,
    /// The same for auditors. It scrolls.
    UpdateDetails,
}

impl SlotKind {
    /// Every kind, in the order of the type.
    pub const ALL: [Self; 34] = [
        Self::Unlock,
        Self::NewPassphrase,
        Self::RepeatPassphrase,
        Self::OwnName,
        Self::Search,
        Self::SearchResults,
        Self::Avatar,
        Self::ContactName,
        Self::Preview,
        Self::RowTime,
        Self::ConversationTitle,
        Self::MessageList,
        Self::Compose,
        Self::InviteLink,
        Self::InviteQr,
        Self::PasteInvite,
        Self::SafetyNumber,
        Self::SafetyQr,
        Self::Rename,
        Self::ConfirmDelete,
        Self::RelayUrl,
        Self::NewRelay,
        Self::CurrentPassphrase,
        Self::TypeRecovery,
        Self::RecoveryCode,
        Self::AutoLock,
        Self::ConfirmErase,
        Self::Pin,
        Self::NewPin,
        Self::RepeatPin,
        Self::ConfirmParts,
        Self::Keyring,
        Self::UpdateNotice,
        Self::UpdateDetails,
    ];

    /// Whether a person can type into it, so that it takes part in keyboard focus.
    pub const fn is_field(self) -> bool {
        matches!(
            self,
            Self::Unlock
                | Self::NewPassphrase
                | Self::RepeatPassphrase
                | Self::OwnName
                | Self::Search
                | Self::Compose
                | Self::PasteInvite
                | Self::Rename
                | Self::NewRelay
                | Self::CurrentPassphrase
                | Self::TypeRecovery
                | Self::ConfirmErase
                | Self::Pin
                | Self::NewPin
                | Self::RepeatPin
        )
    }

    /// Whether it takes the keyboard: fields, and what scrolls or holds the vault's own buttons.
    pub const fn is_focusable(self) -> bool {
        self.is_field()
            || matches!(
                self,
                Self::SearchResults
                    | Self::MessageList
                    | Self::ConfirmDelete
                    | Self::RecoveryCode
                    | Self::AutoLock
                    | Self::ConfirmParts
                    | Self::Keyring
                    | Self::UpdateNotice
                    | Self::UpdateDetails
            )
    }

    /// Whether it is a question with the vault's own buttons: shown whole or not at all.
    pub const fn is_question(self) -> bool {
        matches!(self, Self::ConfirmDelete | Self::RecoveryCode | Self::ConfirmParts)
    }
}

/// Names a slot across frames; the vault keeps the state of what it shows by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotKey {
    /// What is shown.
    pub kind: SlotKind,
    /// Whose: a contact's handle, a relay's number, or 0 where there is only one.
    pub handle: u32,
}

/// A rectangle that belongs to the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its name.
    pub key: SlotKey,
    /// The part that is visible (scrolling, panels above it).
    pub clip: Rect,
    /// Its full extent.
    pub rect: Rect,
    /// What ui painted around it, 0xRRGGBB: the vault fills the slot with it, opaque, before it paints.
    pub background: u32,
}

/// Light or dark, everywhere in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Theme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// The pointer's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Cursor {
    /// The ordinary arrow.
    Arrow,
    /// The hand over something that can be pressed.
    Hand,
}

/// vault → ui.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToUi {
    /// Answers [`FromUi::Hello`]. Until it arrives ui drops everything: it may be meant for a predecessor.
    Welcome {
        /// As in the [`FromUi::Hello`] that this answers: a Welcome with another number was meant for a predecessor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// The vault's [`crate::VERSION`].
        version: u16,
    },
    /// New geometry: both buffers are free, and frames with another serial are ignored. Carries the frame
    /// memory's descriptor if, and only if, `memory` is set; otherwise the last one stays in use.
    Configure {
        /// Scale in [`SCALE_UNIT`]s, 60 to 960: from half size to eight times.
        scale: u32,
        /// Theme.
        theme: Theme,
        /// Width in physical pixels, 1 to [`MAX_EDGE`].
        width: u32,
        /// Height in physical pixels, 1 to [`MAX_EDGE`].
        height: u32,
        /// Whether the packet carries a new frame memory of `2 * capacity` bytes.
        memory: bool,
        /// Number of this geometry.
        serial: u32,
        /// Bytes per buffer, at least `width * height * 4`, at most [`MAX_EDGE`]² · 4.
        capacity: u64,
    },
    /// The vault has copied what it needs: the buffer is free again.
    Release {
        /// 0 or 1.
        buffer: u8,
    },
}

impl Message for ToUi {
    fn check(&self) -> Result<(), OutOfBounds> {
        match *self {
            Self::Welcome { life, version } => greeting::check(life, version),
            Self::Configure { scale, width, height, capacity, .. } => {
                bound((1..=MAX_EDGE).contains(&width), "width")?;
                bound((1..=MAX_EDGE).contains(&height), "height")?;
                bound((SCALE_UNIT / 2..=SCALE_UNIT * 8).contains(&scale), "scale")?;
                let most = u64::from(MAX_EDGE) * u64::from(MAX_EDGE) * 4;
                bound((u64::from(width) * u64::from(height) * 4..=most).contains(&capacity), "capacity")
            }
            Self::Release { buffer } => bound(buffer < 2, "buffer"),
        }
    }
}

/// ui → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromUi {
    /// First packet of every ui process on this line.
    Hello {
        /// The number that the launcher gave this start of the process; see [`crate::greeting`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// ui's [`crate::VERSION`].
        version: u16,
    },
    /// A finished frame. The buffer belongs to the vault until it is released.
    Frame {
        /// All slots of this frame, at most [`MAX_SLOTS`]; `None` if they are those of the frame before.
        #[serde(deserialize_with = "bounded::optional_list::<_, _, MAX_SLOTS>")]
        slots: Option<Vec<Slot>>,
        /// 0 or 1.
        buffer: u8,
        /// Pointer shape over ui's own parts.
        cursor: Cursor,
        /// What changed since the frame before, in any buffer; at most [`MAX_DAMAGE`].
        #[serde(deserialize_with = "bounded::list::<_, _, MAX_DAMAGE>")]
        damage: Vec<Rect>,
        /// The geometry it was painted for.
        serial: u32,
    },
}

impl Message for FromUi {
    fn check(&self) -> Result<(), OutOfBounds> {
        let (slots, buffer, damage) = match self {
            Self::Hello { life, version } => return greeting::check(*life, *version),
            Self::Frame { slots, buffer, damage, .. } => (slots, buffer, damage),
        };
        bound(*buffer < 2, "buffer")?;
        bound(damage.len() <= MAX_DAMAGE && damage.iter().all(Rect::sane), "damage")?;
        let slots = slots.as_deref().unwrap_or_default();
        bound(slots.len() <= MAX_SLOTS, "slots")?;
        bound(slots.iter().all(|s| s.rect.sane() && s.clip.sane()), "slot rectangle")?;
        bound(slots.iter().all(|s| s.background <= 0xff_ffff), "slot background")
    }
}
