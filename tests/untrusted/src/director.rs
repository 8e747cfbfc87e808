//! What directors are asked, and what nodes and directors are told.

use crate::json::read;
use chat_connect::Claims;
use chat_protocol::{
    director::{
        Announcement, Assignment, Holder, JoinRequest, Listing, OpenRequest, Passed, RandomRequest,
        clean_topic,
    },
    limits,
};

/// Requests, answers and announcements are read again as they are written, and their topics
/// can be shown.
pub fn director(bytes: &[u8]) -> bool {
    let open = read::<OpenRequest>(bytes);
    let join = read::<JoinRequest>(bytes);
    let random = read::<RandomRequest>(bytes);
    let assignment = read::<Assignment>(bytes);
    let listing = read::<Listing>(bytes);
    let announcement = read::<Announcement>(bytes);
    let holder = read::<Holder>(bytes);
    let passed = read::<Passed>(bytes);
    let passes = passed.as_ref().map(|passed| &passed.pass);
    let passes = passes.into_iter().chain(holder.as_ref().and_then(|holder| holder.pass.as_ref()));
    passes.for_each(|pass| drop(Claims::of(pass)));
    let taken = [
        open.is_some(),
        join.is_some(),
        random.is_some(),
        assignment.is_some(),
        listing.is_some(),
        announcement.is_some(),
        holder.is_some(),
        passed.is_some(),
    ];
    let topics = [
        open.and_then(|open| open.topic),
        assignment.and_then(|assignment| assignment.topic),
        announcement.and_then(|announcement| announcement.topic),
    ];
    let listed = listing.into_iter().flat_map(|listing| listing.rooms);
    topics.into_iter().chain(listed.map(|room| room.topic)).flatten().for_each(check_topic);
    taken.contains(&true)
}

fn check_topic(topic: String) {
    let Some(clean) = clean_topic(&topic) else { return };
    assert!(!clean.is_empty() && clean.chars().count() <= limits::TOPIC_CHARS);
    assert_eq!(clean_topic(&clean).as_ref(), Some(&clean), "cleaning twice is cleaning once");
}
