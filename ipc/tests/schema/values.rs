//! Values of every message, drawn with a liking for bounds. A variant that is not named here does not compile, and
//! neither does a field.

use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::{control, intent, keyring, pixels, post, seal, sign, update};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

/// A strategy over all variants, each as likely; the `match` fails to compile for a variant that has none.
macro_rules! every {
    ($type:ty { $($pattern:pat => $strategy:expr),+ $(,)? }) => {{
        fn known(value: &$type) {
            match value {
                $($pattern => {})+
            }
        }
        Union::new([$($strategy.prop_map(|value| { known(&value); value }).boxed()),+]).boxed()
    }};
}

/// The same for a type whose variants are bare names, and all of them in a list.
macro_rules! names {
    ($function:ident, $type:ident: $($name:ident)+) => {
        pub fn $function() -> Vec<$type> {
            fn known(value: $type) -> $type {
                match value {
                    $($type::$name => value,)+
                }
            }
            vec![$(known($type::$name)),+]
        }
    };
}

use control::Peer;
use intent::{Command, Keyring, Notice, PartState, Phase, Pin, Recovery};
use keyring::Why as KeyringWhy;
use pixels::{Cursor, SlotKind, Theme};
use post::Trouble;
use update::{Kind, Party, Role, Wish};
names!(update_kinds, Kind: Off Checking UpToDate Fetching Trying Ready Waiting Frozen Forked Revoked Expired Refused
    NeedsMore RolledBack Unreachable);
names!(wishes, Wish: Check Restart ExportProof);
names!(parties, Party: Development Quality Security);
names!(roles, Role: Root Timestamp Snapshot Targets);
names!(peers, Peer: Net Ui);
names!(phases, Phase: Setup Locked Unlocking Open Broken);
names!(notices, Notice: WrongPassphrase PassphrasesDiffer PassphraseTooShort StoreTooNew StoreDamaged StoreNotWritable
    ProfileInUse NetRestarted UiRestarted MessageTooLong BadRelay LastRelay TooManyRelays Copied Undecryptable
    OlderCopy Moved RestoreWaits Restored BackupDamaged BackupInTheWay BackupWaits BackedUp MoveDone Refused
    NameMissing WrongOften PassphraseChanged NotARecoveryCode WrongRecoveryCode RecoverySet RecoveryCopied KeyFileMended
    LockedByItself KeyDamaged Saving Saved KeysLost ClockLeapt NotErased WrongPin PinTooShort PinUnguarded
    PinsDiffer PinSet PinRemoved PinResting PinUseless TpmFailing PartsSent PartsWithdrawn TooFewKeepers PartsComplete PartGivenAway
    KeyringOn KeyringOff KeyringLocked KeyringUseless KeyringFailing KeyringNotKept);
names!(part_states, PartState: Sent Kept Failed GivenAway Withdrawn);
names!(recoveries, Recovery: None Set Offered);
names!(pins, Pin: None Possible Unguarded Set Lost);
names!(keyrings, Keyring: None Possible On Asking Lost);
names!(keyring_whys, KeyringWhy: Absent Foreign Locked Failing);
names!(commands, Command: NextConversation PreviousConversation Escape Search AddContact Settings Updates FocusNext
    FocusPrevious Activate Up Down);
names!(cursors, Cursor: Arrow Hand);
names!(themes, Theme: Light Dark);
names!(troubles, Trouble: Unreachable Certificate Misbehaving Closed Proxy Address);
names!(kinds, SlotKind: Unlock NewPassphrase RepeatPassphrase OwnName Search SearchResults Avatar ContactName Preview
    RowTime ConversationTitle MessageList Compose InviteLink InviteQr PasteInvite SafetyNumber SafetyQr Rename
    ConfirmDelete RelayUrl NewRelay CurrentPassphrase TypeRecovery RecoveryCode AutoLock ConfirmErase Pin NewPin
    RepeatPin ConfirmParts Keyring UpdateNotice UpdateDetails);

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> BoxedStrategy<T> {
    prop::sample::select(all).boxed()
}

fn bytes<const N: usize>() -> BoxedStrategy<Bytes<N>> {
    vec(any::<u8>(), N).prop_map(|bytes| Bytes(bytes.try_into().unwrap())).boxed()
}

/// Text of 0 to `most` bytes, both ends often.
fn text(most: usize) -> BoxedStrategy<String> {
    let wide = prop::sample::select(vec!["a", "é", "€", "🔑"]);
    let length = prop_oneof![Just(0), Just(most), 0..=most.min(40), 0..=most];
    (length, wide).prop_map(|(n, c)| c.repeat(n / c.len()) + &"x".repeat(n % c.len())).boxed()
}

/// List of 0 to `most` items, both ends at times.
fn list<T: std::fmt::Debug + 'static>(item: BoxedStrategy<T>, most: usize) -> BoxedStrategy<Vec<T>> {
    prop_oneof![
        8 => vec(item.clone(), 0..=most.min(6)),
        1 => vec(item, most),
    ]
    .boxed()
}

fn greeting() -> BoxedStrategy<(Option<u32>, u16)> {
    prop_oneof![Just((None, 1)), (any::<u32>().prop_map(Some), prop_oneof![Just(2), Just(u16::MAX), 2..=u16::MAX])]
        .boxed()
}

fn event() -> BoxedStrategy<post::Event> {
    let (tags, items, length) = post::MAX_TAGS;
    let tags = list(list(text(length), items), tags);
    (bytes(), bytes(), any::<u16>(), tags, bytes(), text(post::MAX_CONTENT), any::<u64>())
        .prop_map(|(id, sig, kind, tags, pubkey, content, created_at)| post::Event {
            id,
            sig,
            kind,
            tags,
            pubkey,
            content,
            created_at,
        })
        .boxed()
}

fn relay_numbers() -> BoxedStrategy<Vec<u16>> {
    list(any::<u16>().boxed(), post::MAX_RELAYS)
}

pub fn post_to_net() -> BoxedStrategy<post::ToNet> {
    use post::{MAX_RELAYS, MAX_URL, Relay, ToNet, Watch};
    let relay = (any::<u16>(), text(MAX_URL)).prop_map(|(id, url)| Relay { id, url }).boxed();
    every!(ToNet {
        ToNet::Welcome { .. } => greeting().prop_map(|(life, version)| ToNet::Welcome { life, version }),
        ToNet::Relays(_) => list(relay.clone(), MAX_RELAYS).prop_map(ToNet::Relays),
        ToNet::Watch(_) => (any::<u64>(), relay_numbers(), bytes())
            .prop_map(|(since, relays, mailbox)| ToNet::Watch(Watch { since, relays, mailbox })),
        ToNet::Unwatch(_) => bytes().prop_map(ToNet::Unwatch),
        ToNet::Publish { .. } => (any::<u64>(), event(), relay_numbers(), bytes())
            .prop_map(|(job, event, relays, circuit)| ToNet::Publish { job, event: event.into(), relays, circuit }),
        ToNet::Reconnect => Just(ToNet::Reconnect),
    })
}

pub fn relay_state() -> BoxedStrategy<post::RelayState> {
    use post::RelayState;
    every!(RelayState {
        RelayState::Connecting => Just(RelayState::Connecting),
        RelayState::Online => Just(RelayState::Online),
        RelayState::Offline(_) => one_of(troubles()).prop_map(RelayState::Offline),
    })
}

pub fn post_from_net() -> BoxedStrategy<post::FromNet> {
    use post::{Delivery, FromNet, Verdict};
    let delivery = (event(), any::<u16>()).prop_map(|(event, relay)| Delivery { event, relay }).boxed();
    let verdict = every!(Verdict {
        Verdict::Accepted => Just(Verdict::Accepted),
        Verdict::Refused(_) => text(post::MAX_REASON).prop_map(Verdict::Refused),
        Verdict::Lost => Just(Verdict::Lost),
    });
    every!(FromNet {
        FromNet::Hello { .. } => greeting().prop_map(|(life, version)| FromNet::Hello { life, version }),
        FromNet::Relay { .. } => (any::<u16>(), relay_state()).prop_map(|(id, state)| FromNet::Relay { id, state }),
        FromNet::Events(_) => list(delivery.clone(), post::MAX_EVENTS).prop_map(FromNet::Events),
        FromNet::Stored { .. } => (any::<u16>(), bytes())
            .prop_map(|(relay, mailbox)| FromNet::Stored { relay, mailbox }),
        FromNet::Ack { .. } => (any::<u64>(), any::<u16>(), verdict.clone())
            .prop_map(|(job, relay, verdict)| FromNet::Ack { job, relay, verdict }),
    })
}

pub fn sign_from_net() -> BoxedStrategy<sign::FromNet> {
    use sign::FromNet;
    every!(FromNet {
        FromNet::Hello { .. } => greeting().prop_map(|(life, version)| FromNet::Hello { life, version }),
        FromNet::Ask { .. } => (any::<u16>(), bytes(), text(sign::MAX_CHALLENGE))
            .prop_map(|(relay, mailbox, challenge)| FromNet::Ask { relay, mailbox, challenge }),
    })
}

pub fn sign_to_net() -> BoxedStrategy<sign::ToNet> {
    use sign::ToNet;
    every!(ToNet {
        ToNet::Welcome { .. } => greeting().prop_map(|(life, version)| ToNet::Welcome { life, version }),
        ToNet::Signed { .. } => (event(), any::<u16>(), bytes())
            .prop_map(|(event, relay, mailbox)| ToNet::Signed { event: event.into(), relay, mailbox }),
        ToNet::Denied { .. } => (any::<u16>(), bytes()).prop_map(|(relay, mailbox)| ToNet::Denied { relay, mailbox }),
    })
}

pub fn pixels_to_ui() -> BoxedStrategy<pixels::ToUi> {
    use pixels::{MAX_EDGE, SCALE_UNIT, ToUi};
    let edge = prop_oneof![Just(1), Just(MAX_EDGE), 1..=MAX_EDGE].boxed();
    let scale = prop_oneof![Just(SCALE_UNIT / 2), Just(SCALE_UNIT * 8), SCALE_UNIT / 2..=SCALE_UNIT * 8].boxed();
    let size = (edge.clone(), edge).prop_flat_map(|(width, height)| {
        let (least, most) = (u64::from(width) * u64::from(height) * 4, u64::from(MAX_EDGE).pow(2) * 4);
        (Just(width), Just(height), prop_oneof![Just(least), Just(most), least..=most])
    });
    every!(ToUi {
        ToUi::Welcome { .. } => greeting().prop_map(|(life, version)| ToUi::Welcome { life, version }),
        ToUi::Configure { .. } => (scale, one_of(themes()), size, any::<bool>(), any::<u32>()).prop_map(
            |(scale, theme, (width, height, capacity), memory, serial)| ToUi::Configure {
                scale,
                theme,
                width,
                height,
                memory,
                serial,
                capacity,
            }
        ),
        ToUi::Release { .. } => (0..=1u8).prop_map(|buffer| ToUi::Release { buffer }),
    })
}

pub fn slot_key() -> BoxedStrategy<pixels::SlotKey> {
    (one_of(kinds()), any::<u32>()).prop_map(|(kind, handle)| pixels::SlotKey { kind, handle }).boxed()
}

pub fn pixels_from_ui() -> BoxedStrategy<pixels::FromUi> {
    use pixels::{FromUi, MAX_DAMAGE, MAX_REACH, MAX_SLOTS, Rect, Slot};
    let place = prop_oneof![Just(-MAX_REACH), Just(MAX_REACH), -MAX_REACH..=MAX_REACH].boxed();
    let extent = prop_oneof![Just(0), Just(MAX_REACH), 0..=MAX_REACH].boxed();
    let rect = (extent.clone(), extent, place.clone(), place).prop_map(|(h, w, x, y)| Rect { h, w, x, y }).boxed();
    let slot = (slot_key(), rect.clone(), rect.clone(), prop_oneof![Just(0xff_ffff), 0..=0xff_ffffu32])
        .prop_map(|(key, clip, rect, background)| Slot { key, clip, rect, background })
        .boxed();
    let slots = prop_oneof![Just(None), list(slot, MAX_SLOTS).prop_map(Some)];
    every!(FromUi {
        FromUi::Hello { .. } => greeting().prop_map(|(life, version)| FromUi::Hello { life, version }),
        FromUi::Frame { .. } => (slots, 0..=1u8, one_of(cursors()), list(rect, MAX_DAMAGE), any::<u32>()).prop_map(
            |(slots, buffer, cursor, damage, serial)| FromUi::Frame { slots, buffer, cursor, damage, serial }
        ),
    })
}

pub fn invite() -> BoxedStrategy<intent::Invite> {
    use intent::Invite;
    every!(Invite {
        Invite::None => Just(Invite::None),
        Invite::Publishing => Just(Invite::Publishing),
        Invite::Ready => Just(Invite::Ready),
        Invite::Used { .. } => any::<u32>().prop_map(|handle| Invite::Used { handle }),
    })
}

pub fn accept() -> BoxedStrategy<intent::Accept> {
    use intent::Accept;
    every!(Accept {
        Accept::Idle => Just(Accept::Idle),
        Accept::Fetching => Just(Accept::Fetching),
        Accept::Done { .. } => any::<u32>().prop_map(|handle| Accept::Done { handle }),
        Accept::NotAnInvite => Just(Accept::NotAnInvite),
        Accept::TooNew => Just(Accept::TooNew),
        Accept::Expired => Just(Accept::Expired),
        Accept::Used => Just(Accept::Used),
        Accept::Tampered => Just(Accept::Tampered),
        Accept::Own => Just(Accept::Own),
        Accept::Unreachable => Just(Accept::Unreachable),
    })
}

pub fn pointer() -> BoxedStrategy<intent::Pointer> {
    use intent::Pointer;
    every!(Pointer {
        Pointer::Moved { .. } => any::<(i32, i32)>().prop_map(|(x, y)| Pointer::Moved { x, y }),
        Pointer::Left => Just(Pointer::Left),
        Pointer::Pressed => Just(Pointer::Pressed),
        Pointer::Released => Just(Pointer::Released),
        Pointer::Wheel { .. } => any::<(i32, i32)>().prop_map(|(x, y)| Pointer::Wheel { x, y }),
    })
}

fn shares() -> BoxedStrategy<intent::Shares> {
    use intent::{Gathered, GivenPart, MAX_PARTS, MAX_SHARES, Shares};
    let handles = || list(any::<u32>().boxed(), MAX_SHARES);
    let part = (one_of(part_states()), any::<u32>()).prop_map(|(state, handle)| GivenPart { state, handle }).boxed();
    let gathered = (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(have, needed, complete)| Gathered {
        have,
        needed,
        complete,
    });
    let lists = (handles(), list(part, MAX_SHARES), handles(), list(any::<u32>().boxed(), MAX_PARTS));
    (lists, any::<u8>(), prop::option::of(gathered), any::<bool>())
        .prop_map(|((asked, parts, asking, picked), needed, gathered, confirming)| Shares {
            asked,
            parts,
            asking,
            needed,
            picked,
            gathered,
            confirming,
        })
        .boxed()
}

pub fn intent_to_ui() -> BoxedStrategy<intent::ToUi> {
    use intent::{Contact, MAX_CONTACTS, Relay, Timer, ToUi};
    let contact = any::<(u32, u32, bool, bool)>()
        .prop_map(|(handle, unread, waiting, verified)| Contact { handle, unread, waiting, verified })
        .boxed();
    let timer = any::<(u32, u32)>().prop_map(|(handle, seconds)| Timer { handle, seconds }).boxed();
    let relay =
        (any::<u16>(), any::<bool>(), relay_state()).prop_map(|(id, own, state)| Relay { id, own, state }).boxed();
    every!(ToUi {
        ToUi::Welcome { .. } => greeting().prop_map(|(life, version)| ToUi::Welcome { life, version }),
        ToUi::Phase(_) => one_of(phases()).prop_map(ToUi::Phase),
        ToUi::Contacts(_) => list(contact.clone(), MAX_CONTACTS).prop_map(ToUi::Contacts),
        ToUi::Relays(_) => list(relay.clone(), post::MAX_RELAYS).prop_map(ToUi::Relays),
        ToUi::Invite(_) => invite().prop_map(ToUi::Invite),
        ToUi::Accept(_) => accept().prop_map(ToUi::Accept),
        ToUi::Searching(_) => any::<bool>().prop_map(ToUi::Searching),
        ToUi::Focus(_) => prop::option::of(slot_key()).prop_map(ToUi::Focus),
        ToUi::Show(_) => any::<u32>().prop_map(ToUi::Show),
        ToUi::Timers(_) => list(timer.clone(), MAX_CONTACTS).prop_map(ToUi::Timers),
        ToUi::Recovery(_) => one_of(recoveries()).prop_map(ToUi::Recovery),
        ToUi::Pin(_) => one_of(pins()).prop_map(ToUi::Pin),
        ToUi::Keyring(_) => one_of(keyrings()).prop_map(ToUi::Keyring),
        ToUi::Shares(_) => shares().prop_map(ToUi::Shares),
        ToUi::Notice(_) => prop::option::of(one_of(notices())).prop_map(ToUi::Notice),
        ToUi::Update(_) => (0..=update::WHOLE, one_of(update_kinds()))
            .prop_map(|(done, kind)| ToUi::Update(update::Glimpse { done, kind })),
        ToUi::Command(_) => one_of(commands()).prop_map(ToUi::Command),
        ToUi::Pointer(_) => pointer().prop_map(ToUi::Pointer),
    })
}

pub fn intent_from_ui() -> BoxedStrategy<intent::FromUi> {
    use intent::FromUi;
    every!(FromUi {
        FromUi::Hello { .. } => greeting().prop_map(|(life, version)| FromUi::Hello { life, version }),
        FromUi::Open(_) => any::<Option<u32>>().prop_map(FromUi::Open),
        FromUi::Focus(_) => prop::option::of(slot_key()).prop_map(FromUi::Focus),
        FromUi::Create => Just(FromUi::Create),
        FromUi::Unlock => Just(FromUi::Unlock),
        FromUi::Lock => Just(FromUi::Lock),
        FromUi::Invite => Just(FromUi::Invite),
        FromUi::CopyInvite => Just(FromUi::CopyInvite),
        FromUi::Accept => Just(FromUi::Accept),
        FromUi::Rename(_) => any::<u32>().prop_map(FromUi::Rename),
        FromUi::Verified { .. } => any::<(u32, bool)>()
            .prop_map(|(handle, verified)| FromUi::Verified { handle, verified }),
        FromUi::Timer { .. } => any::<(u32, u32)>().prop_map(|(handle, seconds)| FromUi::Timer { handle, seconds }),
        FromUi::SaveName => Just(FromUi::SaveName),
        FromUi::AddRelay => Just(FromUi::AddRelay),
        FromUi::RemoveRelay(_) => any::<u16>().prop_map(FromUi::RemoveRelay),
        FromUi::Reconnect => Just(FromUi::Reconnect),
        FromUi::Theme(_) => one_of(themes()).prop_map(FromUi::Theme),
        FromUi::Newest => Just(FromUi::Newest),
        FromUi::EndSearch => Just(FromUi::EndSearch),
        FromUi::Salvage => Just(FromUi::Salvage),
        FromUi::BackUp => Just(FromUi::BackUp),
        FromUi::UnlockPin => Just(FromUi::UnlockPin),
        FromUi::SetPin => Just(FromUi::SetPin),
        FromUi::RemovePin => Just(FromUi::RemovePin),
        FromUi::Dismiss => Just(FromUi::Dismiss),
        FromUi::ChangePassphrase => Just(FromUi::ChangePassphrase),
        FromUi::NewRecovery => Just(FromUi::NewRecovery),
        FromUi::ChooseKeepers(_) => any::<bool>().prop_map(FromUi::ChooseKeepers),
        FromUi::PickKeeper(_) => any::<u32>().prop_map(FromUi::PickKeeper),
        FromUi::NeedParts(_) => any::<u8>().prop_map(FromUi::NeedParts),
        FromUi::GiveParts => Just(FromUi::GiveParts),
        FromUi::WithdrawParts => Just(FromUi::WithdrawParts),
        FromUi::AskPart(_) => any::<u32>().prop_map(FromUi::AskPart),
        FromUi::AnswerPart(_) => any::<u32>().prop_map(FromUi::AnswerPart),
        FromUi::Wish(_) => one_of(wishes()).prop_map(FromUi::Wish),
        FromUi::ShowParts => Just(FromUi::ShowParts),
        FromUi::Recover => Just(FromUi::Recover),
    })
}

pub fn control_to_launcher() -> BoxedStrategy<control::ToLauncher> {
    use control::ToLauncher;
    every!(ToLauncher {
        ToLauncher::Restart(_) => one_of(peers()).prop_map(ToLauncher::Restart),
        ToLauncher::Started => Just(ToLauncher::Started),
        ToLauncher::Wish(_) => one_of(wishes()).prop_map(ToLauncher::Wish),
    })
}

pub fn control_from_launcher() -> BoxedStrategy<control::FromLauncher> {
    use control::FromLauncher;
    every!(FromLauncher {
        FromLauncher::Restarting { .. } => (one_of(peers()), any::<Option<u32>>(), any::<u32>())
            .prop_map(|(peer, life, delay)| FromLauncher::Restarting { peer, life, delay }),
        FromLauncher::Quit => Just(FromLauncher::Quit),
        FromLauncher::Notice(_) => (statuses(), any::<Option<u64>>(), words()).prop_map(|(status, checked, details)| {
            FromLauncher::Notice(Box::new(update::Notice { status, checked, details }))
        }),
    })
}

fn words<const MOST: usize>() -> BoxedStrategy<update::Words<MOST>> {
    text(MOST).prop_map(|text| update::Words::new(text).unwrap()).boxed()
}

fn releases() -> BoxedStrategy<update::Release> {
    (any::<u64>(), words()).prop_map(|(number, version)| update::Release { number, version }).boxed()
}

fn some_parties() -> BoxedStrategy<Vec<Party>> {
    list(one_of(parties()), update::PARTIES)
}

fn statuses() -> BoxedStrategy<update::Status> {
    use update::Status;
    every!(Status {
        Status::Off => Just(Status::Off),
        Status::Checking => Just(Status::Checking),
        Status::UpToDate => Just(Status::UpToDate),
        Status::Fetching { .. } => (any::<u64>(), any::<u64>(), releases())
            .prop_map(|(done, total, release)| Status::Fetching { done, total, release }),
        Status::Trying(_) => releases().prop_map(Status::Trying),
        Status::Ready { .. } =>
            (list(words(), update::MAX_WIDER), words(), releases(), some_parties(), any::<u32>()).prop_map(
                |(wider, changes, release, signers, narrower)| Status::Ready {
                    wider, changes, release, signers, narrower
                }
            ),
        Status::Waiting { .. } => (any::<u64>(), some_parties())
            .prop_map(|(number, missing)| Status::Waiting { number, missing }),
        Status::Frozen { .. } => (any::<u64>(), some_parties())
            .prop_map(|(since, parties)| Status::Frozen { since, parties }),
        Status::Forked { .. } => (one_of(parties()), proptest::option::of(words()))
            .prop_map(|(party, proof)| Status::Forked { party, proof }),
        Status::Revoked(_) => one_of(parties()).prop_map(Status::Revoked),
        Status::Expired { .. } => (one_of(roles()), one_of(parties()), any::<u64>())
            .prop_map(|(role, party, since)| Status::Expired { role, party, since }),
        Status::Refused(_) => words().prop_map(Status::Refused),
        Status::NeedsMore { .. } => (releases(), words())
            .prop_map(|(release, sentence)| Status::NeedsMore { release, sentence }),
        Status::RolledBack { .. } => (releases(), words())
            .prop_map(|(release, sentence)| Status::RolledBack { release, sentence }),
        Status::Unreachable { .. } => any::<u64>().prop_map(|since| Status::Unreachable { since }),
    })
}

fn halves() -> impl Strategy<Value = seal::Half> {
    any::<[u8; 32]>().prop_map(seal::Half::new)
}

fn objects() -> impl Strategy<Value = seal::Object> {
    proptest::collection::vec(any::<u8>(), 1..=seal::MAX_OBJECT).prop_filter_map("a length", seal::Object::new)
}

pub fn seal_to_seal() -> BoxedStrategy<seal::ToSeal> {
    use seal::ToSeal;
    every!(ToSeal {
        ToSeal::Seal { .. } => (halves(), halves()).prop_map(|(pin, share)| ToSeal::Seal { pin, share }),
        ToSeal::Unseal { .. } => (halves(), objects()).prop_map(|(pin, object)| ToSeal::Unseal { pin, object }),
        ToSeal::NewCounter { .. } => halves().prop_map(|secret| ToSeal::NewCounter { secret }),
        ToSeal::Count { .. } =>
            (halves(), seal::COUNTERS).prop_map(|(secret, counter)| ToSeal::Count { secret, counter }),
        ToSeal::DropCounter(_) => seal::COUNTERS.prop_map(ToSeal::DropCounter),
    })
}

fn whys() -> BoxedStrategy<seal::Why> {
    use seal::Why;
    every!(Why {
        Why::Wrong { .. } => any::<u32>().prop_map(|left| Why::Wrong { left }),
        Why::Resting { .. } => any::<u32>().prop_map(|seconds| Why::Resting { seconds }),
        Why::Unknown => Just(Why::Unknown),
        Why::Failing => Just(Why::Failing),
    })
}

pub fn seal_from_seal() -> BoxedStrategy<seal::FromSeal> {
    use seal::FromSeal;
    every!(FromSeal {
        FromSeal::Ready { .. } => any::<(bool, u16)>().prop_map(|(guarded, version)| FromSeal::Ready { guarded, version }),
        FromSeal::Sealed(_) => objects().prop_map(FromSeal::Sealed),
        FromSeal::Unsealed(_) => halves().prop_map(FromSeal::Unsealed),
        FromSeal::Counted { .. } =>
            (any::<u64>(), seal::COUNTERS).prop_map(|(value, counter)| FromSeal::Counted { value, counter }),
        FromSeal::Dropped => Just(FromSeal::Dropped),
        FromSeal::Refused(_) => whys().prop_map(FromSeal::Refused),
    })
}

fn names() -> impl Strategy<Value = bulkhead_ipc::bytes::Bytes32> {
    any::<[u8; 32]>().prop_map(Bytes)
}

pub fn keyring_to_keyring() -> BoxedStrategy<keyring::ToKeyring> {
    use keyring::ToKeyring;
    every!(ToKeyring {
        ToKeyring::Keep { .. } =>
            (any::<bool>(), names(), halves()).prop_map(|(ask, name, share)| ToKeyring::Keep { ask, name, share }),
        ToKeyring::Fetch { .. } => names().prop_map(|name| ToKeyring::Fetch { name }),
        ToKeyring::Forget { .. } => (any::<bool>(), names()).prop_map(|(ask, name)| ToKeyring::Forget { ask, name }),
    })
}

pub fn keyring_from_keyring() -> BoxedStrategy<keyring::FromKeyring> {
    use keyring::FromKeyring;
    every!(FromKeyring {
        FromKeyring::Ready { .. } => any::<u16>().prop_map(|version| FromKeyring::Ready { version }),
        FromKeyring::Kept => Just(FromKeyring::Kept),
        FromKeyring::Found(_) => halves().prop_map(FromKeyring::Found),
        FromKeyring::Forgotten => Just(FromKeyring::Forgotten),
        FromKeyring::Refused(_) => one_of(keyring_whys()).prop_map(FromKeyring::Refused),
    })
}
