//! Requests to directors, their answers and announcements survive the round trip.

use crate::values::{rooms, texts};
use chat_protocol::director::{
    Announcement, AnnouncementKind, Assignment, Holder, JoinRequest, ListedRoom, Listing,
    OpenRequest, Passed, RandomRequest, Refusal, Visibility,
};
use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// What a room was opened with, as requests, answers and announcements all tell it.
type Opened = (Visibility, Option<String>, Option<u32>, bool, bool);

fn opened() -> impl Strategy<Value = Opened> {
    let visibility = prop::sample::select(vec![Visibility::Private, Visibility::Public]);
    (visibility, option::of(texts()), option::of(any::<u32>()), any::<bool>(), any::<bool>())
}

fn is_read_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
) -> Result<(), TestCaseError> {
    let mut json = serde_json::to_value(value).expect("it is JSON");
    prop_assert_eq!(&serde_json::from_value::<T>(json.clone()).expect("it was written"), value);
    json["novelty"] = serde_json::json!({ "of": "a later version" });
    prop_assert_eq!(&serde_json::from_value::<T>(json).expect("only a field was added"), value);
    Ok(())
}

proptest! {
    #[test]
    fn requests_are_read_as_written(
        room in option::of(rooms()), opened in opened(), except in vec(rooms(), 0..4),
    ) {
        if let Some(room) = room {
            is_read_again(&JoinRequest { room })?;
        }
        let (visibility, topic, capacity, history, sealed) = opened;
        is_read_again(&OpenRequest { room, visibility, topic, capacity, history, sealed })?;
        is_read_again(&RandomRequest { except })?;
    }

    #[test]
    fn passes_are_asked_for_and_given_as_written(
        user in option::of(texts()), pass in option::of(texts()),
    ) {
        if let Some(pass) = pass.clone() {
            is_read_again(&Passed { pass })?;
        }
        is_read_again(&Holder { user, pass })?;
    }

    #[test]
    fn answers_are_read_as_written(
        room in rooms(), members in option::of(any::<u32>()), terms in opened(),
        opened in any::<bool>(), ages in vec(any::<u64>(), 0..4),
        pass in option::of(texts()),
    ) {
        let (visibility, topic, capacity, history, sealed) = terms;
        let listed = |age_s: &u64| {
            let topic = topic.clone();
            ListedRoom { room, topic, members: members.unwrap_or_default(), capacity, age_s: *age_s }
        };
        is_read_again(&Listing { rooms: ages.iter().map(listed).collect() })?;
        is_read_again(&Assignment {
            room, members, visibility, topic, capacity, history, sealed, opened, pass,
        })?;
    }

    #[test]
    fn announcements_are_read_as_written(
        v in any::<u64>(), room in rooms(), members in any::<u32>(), opened in opened(),
        closing in any::<bool>(), locked in any::<bool>(),
    ) {
        let (visibility, topic, capacity, history, sealed) = opened;
        let kind = AnnouncementKind::Room;
        is_read_again(&Announcement {
            v, kind, room, members, visibility, topic, capacity, history, sealed, closing, locked,
        })?;
    }

    #[test]
    fn a_refusal_is_told_by_its_code(code in any::<u16>()) {
        let refusal = Refusal::from_code(code);
        prop_assert!(refusal.is_none_or(|refusal| refusal.code() == code));
    }
}
