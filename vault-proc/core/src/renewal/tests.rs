use super::*;
use crate::content::Hello;
use crate::session::{PREKEY_ID, draw_for};
use crate::{Key, Plaintext};
use bulkhead_ipc::bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn bundle(own: &Own, rng: &mut StdRng) -> Bundle {
    let drawn = draw_for(own.clone(), rng).unwrap();
    let (identity, signed, one_time, kyber) = drawn.public;
    let relays = vec!["wss://relay.example".to_owned()];
    let hello =
        Hello { name: Plaintext::new("Alice".into()), mailbox: Bytes([1; 32]), seal: Key::new([2; 32]), relays };
    let registration = own.registration;
    Bundle { registration, identity, signed, one_time: (PREKEY_ID, one_time), kyber, hello, expires_at: 1 }
}

#[test]
fn offer_is_read_by_whom_it_is_for_and_only_as_it_was_signed() {
    let rng = &mut StdRng::seed_from_u64(1);
    let [alice, bob, carol] = [(); 3].map(|()| Own::draw(rng).unwrap());
    let [alices, bobs, carols] = [&alice, &bob, &carol].map(|own| own.public().unwrap());
    let (erase, witness) = (Key::new([3; 32]), Witness { said: 1, heard: 2, newest: 3 });
    let inside = bundle(&alice, rng).encode().unwrap();
    let body = encode(&alice, &bobs, (&erase, &inside, 4, witness), rng).unwrap();
    let offer = decode(&bob, &alices, body.bytes()).unwrap();
    assert!(offer.erase == erase && offer.witness == witness && offer.revision == 4);
    assert!(offer.bundle == bundle_of(&inside));
    assert!(decode(&carol, &alices, body.bytes()).is_none(), "for somebody else");
    assert!(decode(&bob, &carols, body.bytes()).is_none(), "from somebody else");
    for at in (0..body.bytes().len()).step_by(31) {
        let mut bad = body.bytes().to_vec();
        bad[at] ^= 1;
        assert!(decode(&bob, &alices, &bad).is_none(), "byte {at}");
        assert!(decode(&bob, &alices, &body.bytes()[..at]).is_none(), "cut at {at}");
    }
    // Prekeys of another identity, under the right signature.
    let foreign = bundle(&carol, rng).encode().unwrap();
    let body = encode(&alice, &bobs, (&erase, &foreign, 4, witness), rng).unwrap();
    assert!(decode(&bob, &alices, body.bytes()).is_none());
}

fn bundle_of(bytes: &[u8]) -> Bundle {
    Bundle::decode(bytes).unwrap()
}
