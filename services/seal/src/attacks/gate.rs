//! Who comes in: only who has the invite, with keys that are good, and not after a lock.

use super::*;
use crate::Refused;
use chat_protocol::{Hello, RoomId, hello::GateMac, hello::Kem, hello::PublicKey, sealed::KemKey};

/// A hello of `seed` by a gate, with this key for encapsulation.
fn hello(gate: &RoomKeys, seed: u8, kem: Option<Kem>) -> Hello {
    let me = Identity::from_seed(gate.id(), &[seed; 32]);
    let (from, sign) = (me.id(), me.public());
    let mut hello = Hello { from, sign, kem, mac: GateMac::ZERO, sig: Signature::ZERO };
    hello.mac = gate.gate_mac(&hello.body());
    hello.sig = me.sign("hello", gate.id(), &hello.signed_form());
    hello
}

fn some_kem(group: &Group) -> Option<Kem> {
    group.members[0].own_hello().kem
}

#[test]
fn who_lacks_the_invite_is_refused_at_the_gate() {
    let mut group = Group::new(2, true);
    // It knows the room's id, as the director does, but not the secret.
    let director = RoomKeys::public(room().id());
    let stranger = hello(&director, 9, some_kem(&group));
    assert_eq!(group.members[0].learn(&stranger), Err(Refused::BadGate));
    let mut want = chat_protocol::Want::new(stranger.clone());
    want.sig = identity(9).sign("want", room().id(), &want.signed_form());
    assert_eq!(group.members[0].verify_want(&want), Err(Refused::BadGate));
    assert!(group.members[0].hello(&stranger.from).is_none());
    // Nor does a member let itself be taken in by one who only knows the id.
    let mut there = Seal::sealed(director, identity(9), entropy(9, &group.world), true);
    assert_eq!(there.learn(group.members[0].own_hello()), Err(Refused::BadGate));
}

#[test]
fn every_byte_of_a_hello_matters() {
    let group = Group::new(1, true);
    let genuine = group.members[0].own_hello();
    let learn = |wrong: &Hello| member(9, true, &group.world).learn(wrong);
    let wrong = Hello { sign: PublicKey([7; 32]), ..genuine.clone() };
    assert_eq!(learn(&wrong), Err(Refused::BadKey));
    for byte in 0..64 {
        let mut wrong = genuine.clone();
        wrong.sig.0[byte] ^= 1;
        assert_eq!(learn(&wrong), Err(Refused::BadSignature), "byte {byte}");
    }
    for byte in 0..32 {
        let mut wrong = genuine.clone();
        wrong.mac.0[byte] ^= 1;
        assert_eq!(learn(&wrong), Err(Refused::BadGate), "byte {byte}");
        let mut wrong = genuine.clone();
        wrong.kem.as_mut().unwrap().key.0[byte] ^= 1;
        assert_eq!(learn(&wrong), Err(Refused::BadGate), "byte {byte} of the other key");
    }
    // The MAC alone is not enough: whoever has the invite can make one for anybody.
    let mut wrong = genuine.clone();
    wrong.kem.as_mut().unwrap().generation += 1;
    wrong.mac = room().gate_mac(&wrong.body());
    assert_eq!(learn(&wrong), Err(Refused::BadSignature));
}

#[test]
fn a_key_that_nothing_can_be_sealed_to_is_refused() {
    let mut group = Group::new(2, true);
    // Points of small order on Curve25519 (RFC 7748, section 6.1): any secret gives zero.
    let mut one = [0; 32];
    one[0] = 1;
    let minus_one = {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xec, 0x7f);
        bytes
    };
    let of_order_eight = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let [third, fourth] = of_order_eight.map(|hex| {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        bytes.try_into().unwrap()
    });
    for key in [[0; 32], one, minus_one, third, fourth] {
        let bad = hello(&room(), 9, Some(Kem { generation: 1, key: KemKey(key) }));
        assert_eq!(group.members[0].learn(&bad), Err(Refused::BadKey), "{key:?}");
    }
    // A member that states one later keeps the one it had.
    let later = Kem { generation: 9, key: KemKey([0; 32]) };
    let before = group.members[1].own_hello().clone();
    assert_eq!(group.members[0].learn(&hello(&room(), 1, Some(later))), Err(Refused::BadKey));
    assert_eq!(group.members[0].hello(&before.from), Some(&before));
    assert!(group.members[0].mint(false, group.now).is_some(), "minting goes on");
}

#[test]
fn a_room_is_sealed_to_all_or_to_none() {
    let mut group = Group::new(2, true);
    let mut clear = Seal::clear(room(), identity(9));
    assert_eq!(clear.learn(group.members[0].own_hello()), Err(Refused::OtherTerms));
    assert_eq!(group.members[0].learn(clear.own_hello()), Err(Refused::OtherTerms));
    // Clear contents by a member.
    let mut bare = draft(group.members[1].me(), 2);
    bare.items = text("in the clear");
    bare.sig = identity(1).sign("frame", room().id(), &bare.signed_form());
    assert_eq!(group.members[0].verify_frame(&bare), Err(Refused::OtherTerms));
    // Sealed ones in a clear room.
    let (mut clear, other) = (Seal::clear(room(), identity(9)), Seal::clear(room(), identity(1)));
    assert_eq!(clear.learn(other.own_hello()), Ok(true));
    let sealed = group.say(1, 2, "hi");
    assert_eq!(clear.verify_frame(&sealed), Err(Refused::OtherTerms));
    assert!(clear.learn_mint(&group.mint_alone(1), group.now).is_err());
    assert!(clear.lock(group.now).is_none() && clear.quoted().is_none());
    // What says nothing is the same in both.
    let last = Frame { is_final: true, ..draft(other.me(), 2) };
    let last = { other }.close(last, &[]).unwrap().0;
    assert!(clear.verify_frame(&last).is_ok());
}

#[test]
fn the_room_id_follows_from_the_invite_alone() {
    let invite = |byte| Invite { secret: [byte; 20].into(), clear: true, history: true };
    let id = |byte| RoomKeys::private(&invite(byte)).id();
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
    let shown = format!("{:?}", RoomKeys::private(&invite(1)));
    assert!(shown.len() < 50, "{shown} shows more than the id");
}

#[test]
fn after_a_lock_the_invite_lets_nobody_in() {
    let mut group = Group::new(3, true);
    let lock = group.members[0].lock(group.now).unwrap();
    for at in [1, 2] {
        let learned = group.members[at].learn_mint(&lock, group.now).unwrap();
        assert!(learned.opened && learned.locked && group.members[at].is_locked());
    }
    let late = group.arrive(true);
    let hello = group.members[late].own_hello().clone();
    for at in 0..3 {
        assert_eq!(group.members[at].learn(&hello), Err(Refused::BadGate), "{at}");
    }
    // It isn't left to wait: a member tells it so, and nobody else can.
    let late_id = group.members[late].me();
    assert!(group.members[late].is_refused(&group.members[0].refuse(late_id)));
    let other = group.members[0].refuse(group.members[1].me());
    assert!(!group.members[late].is_refused(&other), "meant for another");
    let director = RoomKeys::public(room().id());
    let outsider = Seal::sealed(director, identity(8), entropy(8, &group.world), true);
    assert!(!group.members[late].is_refused(&outsider.refuse(late_id)));
    // Members still change their keys: who is in need not know the gate that came later.
    group.members.truncate(late);
    group.pass(Duration::from_secs(6));
}

#[test]
fn who_has_missed_a_lock_learns_of_it_from_any_later_mint() {
    let mut group = Group::new(3, true);
    let lock = group.members[0].lock(group.now).unwrap();
    group.members[1].learn_mint(&lock, group.now).unwrap();
    assert!(!group.members[2].is_locked());
    // By another member that was told of it.
    let later = group.mint(1);
    assert!(later.lock && group.members[2].is_locked());
    let late = group.arrive(true);
    let hello = group.members[late].own_hello().clone();
    assert_eq!(group.members[2].learn(&hello), Err(Refused::BadGate));
}

#[test]
fn after_an_expulsion_the_next_mint_locks() {
    let mut group = Group::new(3, true);
    let (expelled, hello) = (group.members[2].me(), group.members[2].own_hello().clone());
    for at in [0, 1] {
        group.members[at].lock_next();
        let view = [group.members[0].me(), group.members[1].me()];
        group.members[at].set_view(view.into_iter(), group.now);
    }
    let mint = group.mint(0);
    assert!(mint.lock && !mint.audience.contains_key(&expelled));
    // It comes back as another node, by the invite that it has.
    let again = group.arrive(true);
    let fresh = group.members[again].own_hello().clone();
    assert_eq!(group.members[1].learn(&fresh), Err(Refused::BadGate));
    // It can't even follow the gate: the mint isn't sealed to it.
    assert!(!group.members[2].is_locked() && group.members[2].hello(&hello.from).is_some());
    let own = group.members[2].own_hello().clone();
    assert_eq!(group.members[1].learn(&own), Ok(false));
}

#[test]
fn an_id_belongs_to_one_key_in_one_room() {
    let group = Group::new(1, true);
    let genuine = group.members[0].own_hello();
    let mut wrong = genuine.clone();
    wrong.from = NodeId([9; 10]);
    assert_eq!(member(9, true, &group.world).learn(&wrong), Err(Refused::BadKey));
    let elsewhere = Identity::from_seed(RoomId([1; 16]), &[0; 32]);
    assert_ne!(elsewhere.id(), genuine.from);
}
