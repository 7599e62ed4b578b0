//! The vault's own conduct: what it does on each occasion, in which order.
//!
//! The tables of the pairs say what may be said; this one says what the vault has done before it says it. The model
//! interprets it step by step, with a crash possible between any two steps; a test of `vault-proc/core` holds the
//! vault to the steps that can be seen from outside.

use crate::control::Peer;

/// What the vault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Occasion {
    /// The passphrase was right.
    Unlock,
    /// The user, or ui in the user's name, locks.
    Lock,
    /// The user sends a message.
    Send,
    /// The user makes an invite.
    Invite,
    /// The user adds or removes a relay.
    ChangeRelays,
    /// The window has another size.
    Resize,
    /// A net process says hello on the post line.
    PostHello,
    /// A net process says hello on the sign line.
    SignHello,
    /// An event for a contact's mailbox.
    EventOfContact,
    /// An event for an invite's mailbox.
    EventOfInvite,
    /// A relay has taken a job.
    Accepted,
    /// A relay has not taken a job, this time.
    NotTaken,
    /// A relay wants to know who reads a mailbox.
    Asked,
    /// A ui process says hello on the pixels line.
    PixelsHello,
    /// A ui process says hello on the intent line.
    IntentHello,
    /// ui drew a frame.
    Frame,
    /// net broke a rule.
    NetBroke,
    /// ui broke a rule.
    UiBroke,
    /// The store refused a transaction.
    NotCommitted,
    /// Time passed.
    Tick,
    /// The launcher says that the user wants an end.
    Quit,
}

/// What has to hold, or the rest of the steps is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// The keys are in memory.
    Unlocked,
    /// A net process has said hello since the keys are in memory.
    Greeted,
    /// The mailbox is one's own.
    OwnMailbox,
    /// net was told to watch the mailbox at this relay.
    Watched,
    /// Fewer signatures than [`super::SIGNATURES`] allows.
    Quota,
    /// The event was not taken before.
    NewEvent,
    /// The invite has not been used.
    OneTimeKey,
    /// The job waits to be sent.
    Job,
    /// The frame is for the newest geometry.
    NewestGeometry,
}

/// What is written within a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A message, own or received.
    Message,
    /// That an event was taken.
    EventId,
    /// Something to be sent: ciphertext, and the relays that have not taken it.
    Job,
    /// A receipt to be sent.
    Receipt,
    /// The ratchet's state.
    Session,
    /// A contact.
    Contact,
    /// An invite with its one-time key.
    Invite,
    /// That a relay has a message.
    Taken,
    /// The relays in use.
    Relays,
}

/// What only lives in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Keys, and everything that they open.
    Keys,
    /// That a net process said hello.
    Greetings,
    /// What net was told and has to answer.
    Told,
    /// What waits to be said on the lines concerned.
    Queued(Lines),
    /// That a ui process said hello.
    UiGreetings,
}

/// The lines whose queue is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lines {
    /// The line that the occasion came on.
    This,
    /// Both lines to net.
    Net,
    /// Both lines to ui.
    Ui,
}

/// What is said to another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speech {
    /// The answer to a hello, with its life.
    Welcome,
    /// Relays and mailboxes, as far as net does not know them.
    NewsForNet,
    /// Jobs that are not under way.
    Publish,
    /// The signature.
    Signed,
    /// That there is none.
    Denied,
    /// The window's size.
    Configure,
    /// The buffer is free.
    Release,
    /// The phase, and what may be known in it.
    NewsForUi,
}

/// One small step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Go on only if this holds.
    Needs(Need),
    /// Read the store with the keys.
    Open,
    /// Remember which life said hello.
    NoteGreeting,
    /// Answer the hellos that came while there were no keys.
    AnswerGreetings,
    /// Forget.
    Forget(Memory),
    /// A job is not under way any more.
    Land,
    /// Offer it again later.
    PutOff,
    /// Encrypt with the ratchet.
    Encrypt,
    /// Decrypt with the ratchet.
    Decrypt,
    /// Begin a session with an invite's one-time key.
    UseOneTimeKey,
    /// Sign a relay's challenge.
    Sign,
    /// Write.
    Keep(Record),
    /// Remove the relay from the job, and the job if that was the last.
    DropTarget,
    /// Remove the invite with its one-time key.
    DropInvite,
    /// Make everything since the last commit durable, or nothing.
    Commit,
    /// Read the store again: what is in memory is not durable.
    Reload,
    /// Have the relays asked again, with the next [`Occasion::Tick`], for what could not be kept.
    AskAgain,
    /// Say.
    Say(Speech),
    /// The user sees what came of it.
    Show,
    /// Believe nothing more of a process until its successor says hello.
    Condemn(Peer),
    /// Ask the launcher for a successor.
    Restart(Peer),
    /// End the program.
    End,
}

/// What the vault does on one occasion.
#[derive(Clone, Copy, Debug)]
pub struct Conduct {
    /// When.
    pub on: Occasion,
    /// In this order. Without [`Deed::Commit`] nothing durable changes.
    pub does: &'static [Deed],
    /// If something that is needed does not hold.
    pub otherwise: &'static [Deed],
    /// Why so.
    pub why: &'static str,
}

use Deed::{
    AnswerGreetings, AskAgain, Commit, Condemn, Decrypt, DropInvite, DropTarget, Encrypt, End, Forget, Keep, Land,
    Needs, NoteGreeting, Open, PutOff, Reload, Restart, Say, Show, Sign, UseOneTimeKey,
};
use Memory::{Greetings, Keys, Queued, Told, UiGreetings};
use Need::{Greeted, Job, NewEvent, NewestGeometry, OneTimeKey, OwnMailbox, Quota, Unlocked, Watched};
use Speech::{Configure, Denied, NewsForNet, NewsForUi, Publish, Release, Signed, Welcome};

const fn conduct(on: Occasion, does: &'static [Deed], why: &'static str) -> Conduct {
    Conduct { on, does, otherwise: &[], why }
}

/// The table: one row per occasion.
pub static VAULT: [Conduct; 21] = [
    conduct(
        Occasion::Unlock,
        &[Open, Say(NewsForUi), AnswerGreetings],
        "net has been waiting for its Welcome since before the vault could know anything.",
    ),
    conduct(
        Occasion::Lock,
        &[
            Needs(Unlocked),
            Forget(Keys),
            Say(NewsForUi),
            Forget(Greetings),
            Condemn(Peer::Net),
            Forget(Queued(Lines::Net)),
            Restart(Peer::Net),
        ],
        "net knows mailboxes that a locked vault does not answer for, and job numbers may be used again after it.",
    ),
    conduct(
        Occasion::Send,
        &[
            Needs(Unlocked),
            Encrypt,
            Keep(Record::Job),
            Keep(Record::Message),
            Keep(Record::Session),
            Commit,
            Say(Publish),
            Show,
        ],
        "Ratchet step, ciphertext and message are one: a step without its message would lose it, a message sent without \
         its step would have a key used twice.",
    ),
    conduct(
        Occasion::Invite,
        &[Needs(Unlocked), Keep(Record::Invite), Keep(Record::Job), Commit, Say(NewsForNet), Say(Publish), Show],
        "Who gets the link must be able to be answered, also after a crash.",
    ),
    conduct(
        Occasion::ChangeRelays,
        &[Needs(Unlocked), Keep(Record::Relays), Commit, Say(NewsForNet), Say(Publish), Show],
        "net is told what is durable.",
    ),
    conduct(Occasion::Resize, &[Say(Configure)], "A frame for another size is of no use."),
    conduct(
        Occasion::PostHello,
        &[
            NoteGreeting,
            Forget(Queued(Lines::This)),
            Needs(Unlocked),
            Forget(Told),
            Say(Welcome),
            Say(NewsForNet),
            Say(Publish),
        ],
        "A fresh net knows nothing: everything is told anew, and what its predecessor had under way is sent again.",
    ),
    conduct(
        Occasion::SignHello,
        &[NoteGreeting, Forget(Queued(Lines::This)), Needs(Unlocked), Say(Welcome)],
        "Questions are answered by an open vault only.",
    ),
    conduct(
        Occasion::EventOfContact,
        &[
            Needs(Unlocked),
            Needs(Greeted),
            Needs(OwnMailbox),
            Needs(NewEvent),
            Decrypt,
            Keep(Record::EventId),
            Keep(Record::Message),
            Keep(Record::Receipt),
            Keep(Record::Session),
            Commit,
            Say(Publish),
            Show,
        ],
        "Relays repeat themselves: an event counts once, and what it says, what is owed for it and the ratchet step stand \
         or fall together.",
    ),
    conduct(
        Occasion::EventOfInvite,
        &[
            Needs(Unlocked),
            Needs(Greeted),
            Needs(OwnMailbox),
            Needs(NewEvent),
            Needs(OneTimeKey),
            UseOneTimeKey,
            Keep(Record::EventId),
            DropInvite,
            Keep(Record::Contact),
            Keep(Record::Session),
            Commit,
            Say(NewsForNet),
            Say(Publish),
            Show,
        ],
        "The key that began a session is gone when the session is there.",
    ),
    conduct(
        Occasion::Accepted,
        &[
            Needs(Unlocked),
            Needs(Greeted),
            Land,
            Needs(Job),
            Keep(Record::Taken),
            DropTarget,
            Commit,
            Say(Publish),
            Show,
        ],
        "Only a relay that has it ends the trying.",
    ),
    conduct(
        Occasion::NotTaken,
        &[Needs(Unlocked), Needs(Greeted), Land, Needs(Job), PutOff],
        "What no relay has is offered again.",
    ),
    Conduct {
        on: Occasion::Asked,
        does: &[Needs(Unlocked), Needs(Watched), Needs(Quota), Needs(OwnMailbox), Sign, Say(Signed)],
        otherwise: &[Needs(Unlocked), Say(Denied)],
        why: "A signature tells a relay who reads a mailbox: only where it is read, and only for one's own.",
    },
    conduct(
        Occasion::PixelsHello,
        &[NoteGreeting, Forget(Queued(Lines::This)), Say(Welcome), Say(Configure)],
        "A fresh ui has no frame memory.",
    ),
    conduct(
        Occasion::IntentHello,
        &[NoteGreeting, Forget(Queued(Lines::This)), Say(Welcome), Say(NewsForUi)],
        "A fresh ui knows nothing.",
    ),
    conduct(
        Occasion::Frame,
        &[Needs(NewestGeometry), Say(Release)],
        "A frame for an older geometry lies in buffers that the newer one has freed already.",
    ),
    conduct(
        Occasion::NetBroke,
        &[Condemn(Peer::Net), Forget(Queued(Lines::Net)), Restart(Peer::Net)],
        "Who breaks a rule once is not believed again.",
    ),
    conduct(
        Occasion::UiBroke,
        &[Forget(UiGreetings), Condemn(Peer::Ui), Forget(Queued(Lines::Ui)), Restart(Peer::Ui)],
        "Who breaks a rule once is not believed again.",
    ),
    conduct(
        Occasion::NotCommitted,
        &[Reload, AskAgain],
        "What is in memory must not pretend to be durable; relays still have what could not be kept.",
    ),
    conduct(Occasion::Tick, &[Needs(Unlocked), Say(NewsForNet), Say(Publish)], "What was put off is tried again."),
    conduct(Occasion::Quit, &[Forget(Keys), End], "Nothing is under way that is not durable."),
];
