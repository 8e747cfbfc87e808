//! Single situations, with their figures.

use chat_engine::{Entry, Input, Time};
use chat_protocol::NodeId;
use chat_simulation::{Setup, World, liar::Lie, log::Log, peer::Link};

const SECOND: Time = Time::from_secs(1);

/// A room without faults but what the test does.
fn calm(seed: u64) -> World {
    let mut setup = Setup::drawn(seed, false);
    setup.config = chat_engine::Config::default();
    (setup.real, setup.skew) = (false, false);
    (setup.weather.loss, setup.weather.duplicates) = (0.0, 0.0);
    setup.weather.delay = Time::from_millis(20);
    setup.weather.backlog = 65_536;
    setup.most = usize::MAX;
    World::new(setup, Log::default())
}

fn settled(world: &World) -> bool {
    assert_eq!(world.violation, None, "seed {}", world.setup.seed);
    world.unsettled().is_none()
}

/// Runs until the transcripts are equal; how long that took.
fn settle(world: &mut World, patience: Time) -> Time {
    let begun = world.now;
    while !settled(world) {
        assert!(world.now < begun + patience, "{:?}", world.unsettled());
        world.run(world.now + Time::from_millis(100));
    }
    world.now - begun
}

#[test]
fn a_healed_partition_leaves_no_difference_within_ten_seconds() {
    for seed in 0..40 {
        let mut world = calm(seed);
        for peer in 0..6 {
            world.enter(peer == 0, 0);
            world.run(world.now + SECOND);
        }
        for peer in 0..6 {
            world.peers[peer].side = u8::from(peer % 2 == 0);
        }
        world.weather.walls = vec![(0, 1), (1, 0)];
        for turn in 0..20 {
            world.say(turn % 6);
            world.run(world.now + SECOND);
        }
        assert!(!settled(&world));
        world.weather.walls.clear();
        settle(&mut world, 10 * SECOND);
        assert_eq!(world.gaps(), 0, "nothing was lost");
    }
}

#[test]
fn groups_that_began_apart_become_one() {
    for seed in 0..40 {
        let mut world = calm(seed);
        world.weather.walls = vec![(0, 1), (1, 0)];
        for peer in 0..6 {
            world.enter(peer < 2, u8::from(peer % 2 == 1));
            world.run(world.now + SECOND);
            world.say(peer);
        }
        world.weather.walls.clear();
        settle(&mut world, 15 * SECOND);
        assert_eq!(world.gaps(), 0, "nothing was lost");
        for peer in world.members() {
            assert_eq!(world.engine(peer).transcript().count(), world.truth.said().len());
        }
    }
}

#[test]
fn those_who_leave_are_let_go_within_two_seconds() {
    for seed in 0..50 {
        let mut world = calm(seed);
        world.weather.loss = 0.1;
        for peer in 0..4 {
            world.enter(peer == 0, 0);
            world.run(world.now + 2 * SECOND);
        }
        for peer in 0..4 {
            world.leave(peer);
            world.run(world.now + 2 * SECOND);
            assert!(world.is_out(peer), "{seed}: {peer} stays");
        }
    }
}

#[test]
fn a_late_joiner_is_given_what_was_said() {
    let mut world = calm(1);
    world.enter(true, 0);
    world.enter(false, 0);
    world.run(2 * SECOND);
    for _ in 0..200 {
        world.say(0);
        world.say(1);
    }
    world.run(world.now + SECOND);
    let late = world.enter(false, 0);
    world.run(world.now + SECOND);
    assert!(settled(&world));
    assert_eq!(world.engine(late).transcript().count(), 403);
}

/// A room of so many, in which so many things were said while the last one was cut off.
fn missed_by_one(seed: u64, members: usize, said: usize) -> World {
    let mut world = calm(seed);
    for peer in 0..members {
        world.enter(peer == 0, 0);
        world.run(world.now + SECOND);
    }
    world.peers[members - 1].side = 1;
    world.weather.walls = vec![(0, 1), (1, 0)];
    for turn in 0..said {
        world.say(turn % (members - 1));
        world.run(world.now + Time::from_millis(40));
    }
    world.weather.walls.clear();
    world
}

#[test]
fn what_one_missed_is_given_to_it_about_once() {
    for seed in 0..4 {
        let mut world = missed_by_one(seed, 20, 1000);
        world.given = 0;
        // More is said meanwhile, by all: each frame shows that others are missing.
        for turn in 0..40 {
            world.say(turn % 20);
            world.run(world.now + Time::from_millis(20));
        }
        settle(&mut world, 20 * SECOND);
        let given = world.given;
        assert!((1000..2000).contains(&given), "seed {seed}: {given} frames given for 1000");
        assert_eq!(world.gaps(), 0, "nothing was lost");
    }
}

#[test]
fn a_joiner_far_away_goes_live_with_all_that_was_said() {
    for seed in 0..4 {
        let mut world = missed_by_one(seed, 3, 1000);
        settle(&mut world, 20 * SECOND);
        // A page takes longer than a joiner waits for one: it comes twice.
        world.weather.delay = Time::from_millis(1200);
        let late = world.enter(false, 0);
        while !world.peers[late].live {
            assert_eq!(world.violation, None, "seed {seed}");
            world.run(world.now + Time::from_millis(100));
        }
        assert!(world.engine(late).transcript().count() > 1000, "seed {seed}");
        settle(&mut world, 20 * SECOND);
        assert_eq!(world.gaps(), 0, "nothing was lost");
    }
}

#[test]
fn nobody_goes_live_in_a_room_where_nobody_answers() {
    let mut world = calm(1);
    world.enter(true, 0);
    world.run(2 * SECOND);
    // The server notices the death only between the two who come.
    world.crash(0, 25 * SECOND);
    for _ in 0..2 {
        let late = world.enter(false, 0);
        world.run(world.now + 20 * SECOND);
        assert!(!world.peers[late].live);
        world.crash(late, Time::ZERO);
        world.run(world.now + 10 * SECOND);
    }
}

#[test]
fn flow_control_waits_for_a_member_that_stalls_and_not_for_one_that_is_lost() {
    let mut world = calm(3);
    for peer in 0..3 {
        world.enter(peer == 0, 0);
        world.run(world.now + 3 * SECOND);
    }
    world.impair(2, Link::Stalled);
    let burst = (0..5000).take_while(|_| world.say(0)).count();
    assert_eq!(burst as u64, chat_protocol::limits::UNACKNOWLEDGED, "then it waits");
    let suspected = world.now + 30 * SECOND;
    while !world.say(0) {
        assert!(world.now < suspected, "nobody waits for whoever can't be reached");
        world.run(world.now + SECOND);
    }
    world.mend(2);
    settle(&mut world, 20 * SECOND);
    assert_eq!(world.gaps(), 0, "nothing was lost");
}

#[test]
fn one_lost_frame_costs_one_gap_and_not_one_for_each_that_follows() {
    let mut world = calm(4);
    for peer in 0..4 {
        world.enter(peer == 0, 0);
        world.run(world.now + 3 * SECOND);
    }
    // Only one hears it, says something in answer, and then neither is there any more.
    world.peers[0].side = 1;
    world.peers[1].side = 1;
    world.weather.walls = vec![(1, 0)];
    world.say(0);
    world.run(world.now + SECOND);
    world.weather.walls.clear();
    world.crash(0, Time::ZERO);
    world.say(1);
    world.crash(1, Time::ZERO);
    for _ in 0..300 {
        world.say(2);
        world.run(world.now + Time::from_millis(40));
    }
    settle(&mut world, 30 * SECOND);
    // A member is told of it once, and a joiner is told at once.
    let before = world.gaps();
    assert!(before <= 4, "{before} gaps");
    let late = world.enter(false, 0);
    world.run(world.now + 2 * SECOND);
    assert!(world.peers[late].live && settled(&world));
    assert!(world.gaps() <= before + 2, "{} gaps", world.gaps());
}

#[test]
fn a_joiner_of_a_room_that_has_trimmed_is_told_where_it_begins_and_waits_for_nothing() {
    let mut world = calm(5);
    world.setup.config.transcript_frames = 50;
    world.enter(true, 0);
    world.enter(false, 0);
    world.run(2 * SECOND);
    for _ in 0..100 {
        world.say(0);
        world.say(1);
        world.run(world.now + Time::from_millis(50));
    }
    let late = world.enter(false, 0);
    world.run(world.now + SECOND);
    assert!(settled(&world), "{:?}", world.unsettled());
    assert_eq!(world.engine(late).transcript().count(), 50);
    assert_eq!(world.gaps(), 0, "what was trimmed is no gap");
}

#[test]
fn nothing_is_stable_while_a_member_lacks_it() {
    let mut world = calm(6);
    for peer in 0..3 {
        world.enter(peer == 0, 0);
        world.run(world.now + 3 * SECOND);
    }
    assert!(world.engine(0).is_stable());
    // One frame and every answer to it are lost on the way to the third; the next isn't.
    world.impair(2, Link::Deaf);
    world.say(0);
    world.run(world.now + Time::from_millis(100));
    world.mend(2);
    world.peers[2].side = 1;
    world.say(0);
    world.run(world.now + Time::from_millis(25));
    world.weather.walls = vec![(0, 1)];
    for _ in 0..8 {
        world.run(world.now + Time::from_millis(500));
        let has_all = world.engine(2).transcript().count() == world.truth.said().len();
        assert!(has_all || !world.engine(0).is_stable());
    }
    world.weather.walls.clear();
    settle(&mut world, 20 * SECOND);
    world.run(world.now + 5 * SECOND);
    assert!(world.engine(0).is_stable());
}

#[test]
fn the_last_word_of_one_who_leaves_survives_its_loss() {
    for seed in 0..20 {
        let mut world = calm(seed);
        for peer in 0..3 {
            world.enter(peer == 0, 0);
            world.run(world.now + 3 * SECOND);
        }
        world.peers[0].side = 1;
        world.weather.walls = vec![(1, 0)];
        world.leave(0);
        world.run(world.now + Time::from_millis(300));
        world.weather.walls.clear();
        world.run(world.now + 2 * SECOND);
        assert!(world.is_out(0));
        for peer in [1, 2] {
            assert_eq!(world.engine(peer).members().count(), 1, "{seed}: {peer} knows");
        }
    }
}

#[test]
fn a_fork_that_no_past_commits_to_shows_in_the_digest_of_the_transcript() {
    for seed in 0..40 {
        let mut world = calm(seed);
        world.setup.liars = 1;
        for peer in 0..6 {
            world.enter(peer == 0, 0);
            world.run(world.now + SECOND);
        }
        world.enter_liar();
        world.run(world.now + SECOND);
        for _ in 0..3 {
            world.lie(Lie::Bury);
            world.run(world.now + 2 * SECOND);
        }
        settle(&mut world, 60 * SECOND);
    }
}

#[test]
fn who_tells_each_half_something_else_is_expelled_by_all_within_the_suspicion_time() {
    let mut slowest = Time::ZERO;
    for seed in 0..40 {
        let mut world = calm(seed);
        world.setup.liars = 1;
        for peer in 0..6 {
            world.enter(peer == 0, 0);
            world.run(world.now + SECOND);
        }
        let liar = world.enter_liar();
        world.run(world.now + SECOND);
        world.say(0);
        world.run(world.now + SECOND);
        world.lie(Lie::Frame);
        world.lie(Lie::Equivocate);
        let begun = world.now;
        for turn in 0..6 {
            world.run(world.now + Time::from_millis(300));
            world.say(turn);
        }
        let expelled = |world: &World| {
            let honest = (0..world.peers.len()).filter(|peer| *peer != liar);
            honest.map(|peer| &world.peers[peer].view).all(|view| !view.void.is_empty())
        };
        while !(expelled(&world) && settled(&world)) {
            assert!(world.now < begun + 30 * SECOND, "{seed}: {:?}", world.unsettled());
            world.run(world.now + Time::from_millis(100));
        }
        slowest = slowest.max(world.now - begun);
    }
    println!("expelled by all, and equal, {slowest:?} after the fork at the latest");
}

/// A room of four. One said five things that nobody heard, and left. The frames.
fn with_unheard_frames(seed: u64) -> (World, Vec<Entry>) {
    let mut world = calm(seed);
    for peer in 0..4 {
        world.enter(peer == 0, 0);
        world.run(world.now + 3 * SECOND);
    }
    world.peers[0].side = 1;
    world.weather.walls = vec![(1, 0)];
    let author = world.engine(0).me();
    for _ in 0..5 {
        world.say(0);
    }
    world.leave(0);
    world.run(world.now + 10 * SECOND);
    assert!(world.is_out(0));
    let of = |author: NodeId| move |entry: &&Entry| entry.frame.from == author;
    let unheard = world.engine(0).transcript().filter(of(author)).skip(1).cloned().collect();
    world.weather.walls.clear();
    (world, unheard)
}

/// Someone who had recorded a frame says it again, and only these hear it.
fn replay(world: &mut World, frame: &Entry, to: &[usize]) {
    for peer in to {
        world.input(*peer, Input::OldFrame(frame.clone()));
    }
}

#[test]
fn a_frame_replayed_to_some_whose_successor_is_lost_comes_to_all() {
    for seed in 0..20 {
        let (mut world, unheard) = with_unheard_frames(seed);
        replay(&mut world, &unheard[2], &[1, 2]);
        replay(&mut world, &unheard[4], &[1, 2, 3]);
        world.run(world.now + 12 * SECOND);
        settle(&mut world, 60 * SECOND);
        assert!(world.engine(3).has(unheard[2].dot()), "{seed}");
    }
}

#[test]
fn a_frame_replayed_long_after_comes_to_all() {
    for seed in 0..5 {
        let (mut world, unheard) = with_unheard_frames(seed);
        replay(&mut world, &unheard[4], &[1, 2, 3]);
        world.run(world.now + 300 * SECOND);
        replay(&mut world, &unheard[2], &[1, 2]);
        world.run(world.now + 12 * SECOND);
        settle(&mut world, 600 * SECOND);
    }
}
