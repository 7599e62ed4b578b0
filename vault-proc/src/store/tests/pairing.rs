use super::world::{START, World, words};
use bulkhead_ipc::intent::{Accept, Invite, Notice};
use bulkhead_vault_core::{Action, Changed, Time};

#[test]
fn invite_accepted_makes_contacts_on_both_sides_and_leaves_nothing_at_the_relay() {
    let world = World::pair(1);
    let (alice, bob) = (world.vault(0), world.vault(1));
    assert_eq!(alice.contacts().len(), 1);
    assert_eq!(alice.contact(1).unwrap().name.as_str(), "Bob");
    assert_eq!(bob.contact(1).unwrap().name.as_str(), "Alice");
    assert!(!bob.contact(1).unwrap().waiting);
    assert_eq!(alice.invite(), Invite::Used { handle: 1 });
    assert!(alice.invite_link().is_none());
    assert!(world.people[0].changes.contains(&Changed::Added(1)));
    assert_eq!(world.stored.len(), 0, "bundle, hello and receipt are deleted");
    assert_eq!(world.people[0].watches.len(), 1);
    assert_eq!(world.people[1].watches.len(), 1);
}

#[test]
fn safety_number_is_the_same_on_both_sides() {
    let world = World::pair(2);
    let (alice, bob) = (world.vault(0).safety_number(1).unwrap(), world.vault(1).safety_number(1).unwrap());
    assert_eq!(alice.digits, bob.digits);
    assert_eq!(alice.digits.len(), 60);
    assert!(world.vault(0).safety_number(2).is_none());
}

#[test]
fn invite_used_expired_foreign_own_or_unreadable_is_refused_by_reason() {
    let mut world = World::new(3, &["Alice", "Bob", "Carol"]);
    let link = world.invite(0);
    assert_eq!(world.accept(0, &link), Accept::Own);
    assert_eq!(world.accept(1, &link[..link.len() - 3]), Accept::NotAnInvite);
    assert_eq!(world.accept(1, "hello"), Accept::NotAnInvite);
    assert_eq!(world.accept(1, "bulkhead://invite/Ag"), Accept::TooNew);
    assert_eq!(world.accept(1, &format!(" {link}\n")), Accept::Done { handle: 1 });
    assert_eq!(world.accept(2, &link), Accept::Used);
    assert_eq!(world.vault(2).contacts().len(), 0);
    let second = world.invite(0);
    world.now = Time(START + 8 * 86_400_000);
    assert_eq!(world.accept(2, &second), Accept::Expired);
    world.settle();
    assert!(world.vault(0).invite_link().is_none());
    assert_eq!(world.vault(0).invite(), Invite::None);
}

#[test]
fn bundle_replaced_by_the_relay_is_called_tampering() {
    let mut world = World::new(4, &["Alice", "Bob", "Carol"]);
    let link = world.invite(0);
    let other = world.invite(2);
    // The relay puts Carol's bundle in the place of Alice's, as far as it can: it cannot sign for the mailbox
    // tag, but one-time authors are anybody.
    let curve = bulkhead_vault_core::event::Curve::new();
    let author = bulkhead_vault_core::Key::new([7; 32]);
    let alices = bulkhead_vault_core::invite::Link::decode(&link).unwrap();
    let rendezvous = curve.public(&alices.mailbox()).unwrap().to_hex();
    let carols = bulkhead_vault_core::invite::Link::decode(&other).unwrap();
    let carol = curve.public(&carols.mailbox()).unwrap().to_hex();
    let bundle = world.stored.iter().find(|e| e.tags[0][1] == carol).unwrap().clone();
    let tags = vec![vec!["p".into(), rendezvous.clone()], bundle.tags[1].clone()];
    world.stored.retain(|e| e.tags[0][1] != rendezvous);
    world.stored.push(curve.sign(&author, 1059, tags, bundle.content, bundle.created_at).unwrap());
    assert_eq!(world.accept(1, &link), Accept::Tampered);
    assert_eq!(world.vault(1).contacts().len(), 0);
}

#[test]
fn invite_whose_relays_do_not_answer_is_unreachable() {
    let mut world = World::new(5, &["Alice", "Bob"]);
    let link = world.invite(0);
    world.act(1, Action::Accept(words(&link)));
    world.people[1].queue.clear();
    world.pass(21_000);
    world.input(1, bulkhead_vault_core::Input::Tick);
    assert_eq!(world.last_accept(1), Accept::Unreachable);
}

#[test]
fn second_person_with_the_same_link_cannot_answer_after_the_first() {
    let mut world = World::new(6, &["Alice", "Bob", "Carol"]);
    let link = world.invite(0);
    for who in [1, 2] {
        world.act(who, Action::Accept(words(&link)));
        world.net(who);
        world.deliver(who);
        world.net(who);
        assert_eq!(world.last_accept(who), Accept::Done { handle: 1 });
    }
    world.settle();
    assert_eq!(world.vault(0).contacts().len(), 1);
    assert_eq!(world.vault(0).contact(1).unwrap().name.as_str(), "Bob");
    assert!(world.vault(2).contact(1).unwrap().waiting);
    assert_eq!(world.vault(0).dropped().undecryptable, 1);
    world.say(1, 1, "still here");
    world.settle();
    assert_eq!(world.texts(0, 1), ["still here"]);
}

#[test]
fn message_before_the_answer_arrives_also_if_it_overtakes_the_hello() {
    let mut world = World::new(7, &["Alice", "Bob"]);
    let link = world.invite(0);
    world.act(1, Action::Accept(words(&link)));
    world.net(1);
    world.deliver(1);
    world.say(1, 1, "early");
    world.net(1);
    assert!(world.vault(1).contact(1).unwrap().waiting);
    world.stored.reverse();
    world.settle();
    assert_eq!(world.texts(0, 1), ["early"]);
    assert!(!world.vault(1).contact(1).unwrap().waiting);
}

#[test]
fn more_than_can_be_kept_before_the_hello_is_asked_for_again() {
    let mut world = World::new(9, &["Alice", "Bob"]);
    let link = world.invite(0);
    world.act(1, Action::Accept(words(&link)));
    world.net(1);
    world.deliver(1);
    let expected: Vec<String> = (0..150).map(|n| format!("early {n}")).collect();
    for text in &expected {
        world.say(1, 1, text);
        world.net(1);
    }
    world.stored.reverse();
    world.settle();
    assert_eq!(world.texts(0, 1), expected);
}

#[test]
fn deleting_a_contact_forgets_everything_and_stops_watching() {
    let mut world = World::pair(8);
    world.say(1, 1, "delete me");
    world.settle();
    assert_eq!(world.vault(0).search("delete", 9).unwrap().len(), 1);
    world.act(0, Action::Delete(1));
    world.settle();
    assert!(world.vault(0).contacts().is_empty());
    assert!(world.vault(0).search("delete", 9).unwrap().is_empty());
    assert!(world.people[0].watches.is_empty());
    world.restart(0);
    assert!(world.vault(0).contacts().is_empty());
    world.say(1, 1, "anybody there?");
    world.settle();
    assert!(world.vault(0).contacts().is_empty());
}

#[test]
fn names_are_cleaned_and_empty_ones_refused() {
    let mut world = World::pair(9);
    world.act(0, Action::Rename { contact: 1, name: words("  \u{202e}evil\u{7} ") });
    assert_eq!(world.vault(0).contact(1).unwrap().name.as_str(), "evil");
    world.act(0, Action::Rename { contact: 1, name: words(" \n ") });
    assert_eq!(world.noticed(0, Notice::NameMissing), 1);
    world.act(0, Action::Rename { contact: 1, name: words(&"ä".repeat(200)) });
    assert_eq!(world.vault(0).contact(1).unwrap().name.as_str().len(), 128);
}

#[test]
fn relays_can_be_added_and_removed_but_not_the_last() {
    let mut world = World::pair(10);
    world.act(0, Action::RemoveRelay(1));
    assert_eq!(world.noticed(0, Notice::LastRelay), 1);
    world.act(0, Action::AddRelay("http://example.org".into()));
    world.act(0, Action::AddRelay("wss://abcdefabcdef.onion".into()));
    assert_eq!(world.noticed(0, Notice::BadRelay), 2);
    world.act(0, Action::AddRelay("wss://relay.example.org".into()));
    assert_eq!(world.vault(0).relays().len(), 2);
    world.act(0, Action::RemoveRelay(1));
    assert!(!world.vault(0).relays()[0].own, "Bob writes there still, so it stays in use");
    world.say(1, 1, "hello");
    world.settle();
    assert_eq!(world.texts(0, 1), ["hello"]);
}
