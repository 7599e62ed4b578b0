//! The lines about parts that stand in conversations.

use crate::order::Written;
use crate::store::Store;
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, MessageState, Plaintext, content};

/// What a line says. Names are put in.
#[derive(Clone, Copy)]
pub enum Line<'a> {
    /// To the owner: a contact was given a part.
    Gave { needed: u8, of: u8 },
    /// Nothing can be sent in this conversation.
    NotSent,
    /// To the owner: it was withdrawn.
    Withdrew,
    /// To the keeper: keeps a part.
    Keeps { needed: u8, of: u8 },
    /// To the keeper: it was withdrawn.
    Lost,
    /// To the keeper: somebody asks.
    Asked,
    /// To the keeper, where it was asked: gave the part of this owner.
    Granted(&'a str),
    /// To the keeper, in the owner's conversation: gave it to this one.
    GaveAway(&'a str),
    /// To the keeper: gave nothing.
    Refused,
    /// To who has lost the profile: asked.
    Asking,
    /// To who has lost the profile: a part came.
    Got,
    /// To the owner: the keeper gave the part to somebody.
    Warning,
}

impl Line<'_> {
    /// Whether somebody else did it.
    const fn is_news(self) -> bool {
        matches!(self, Self::Keeps { .. } | Self::Lost | Self::Asked | Self::Got | Self::Warning)
    }

    fn words(self, name: &str) -> String {
        match self {
            Self::Gave { needed, of } => {
                format!("You gave {name} a part of your recovery secret. {needed} of {of} are needed to use it.")
            }
            Self::NotSent => {
                format!("This could not be sent to {name}: begin the conversation anew, with an invite.")
            }
            Self::Withdrew => format!("You withdrew the part of your recovery secret from {name}."),
            Self::Keeps { needed, of } => format!(
                "You keep a part of {name}'s recovery secret. {needed} of {of} are needed to use it; alone it says nothing."
            ),
            Self::Lost => {
                format!("{name} withdrew the part of the recovery secret that you kept. It is destroyed here.")
            }
            Self::Asked => format!(
                "{name} asks for a part of a recovery secret that you keep. Call or meet first, to know who this is."
            ),
            Self::Granted(owner) => {
                format!("You gave {name} the part of {owner}'s recovery secret. {owner} is told so, too.")
            }
            Self::GaveAway(asker) => {
                format!("You gave the part of {name}'s recovery secret to {asker}, who asked for it.")
            }
            Self::Refused => format!("You gave {name} no part."),
            Self::Asking => format!("You asked {name} for the part of your recovery secret."),
            Self::Got => format!("{name} gave you the part of your recovery secret."),
            Self::Warning => format!(
                "{name} gave the part of your recovery secret to somebody who asked for it as you. If that was not you, \
                 withdraw the parts now, in the settings, and call {name}."
            ),
        }
    }
}

impl<S: Store> Vault<S> {
    /// Puts a line at the end of a conversation.
    pub(super) fn say_line(&mut self, contact: u32, line: Line<'_>, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&contact) else { return Ok(()) };
        let text = Plaintext::new(line.words(entry.row.name.as_str()));
        if line.is_news() {
            entry.row.unread = entry.row.unread.saturating_add(1);
            entry.row_changed = true;
            *turn.arrived.entry(contact).or_default() += 1;
        }
        let (message, mine) = (self.next_message(), !line.is_news());
        // It is not looked for by its identifier, and has no place in the sender's order.
        let (id, sent_at, state, life) = (content::MessageId::default(), 0, MessageState::Note, 0);
        self.append(contact, Written { message, id, mine, text, sent_at, state, life }, turn)
    }

    /// What a contact is called here.
    pub(super) fn called(&self, contact: u32) -> String {
        self.state.contacts.get(&contact).map_or_else(String::new, |entry| entry.row.name.as_str().to_owned())
    }
}

/// Sixteen random bytes.
pub(super) fn draw<R: rand::Rng + rand::CryptoRng>(rng: &mut R) -> [u8; 16] {
    rng.random()
}
