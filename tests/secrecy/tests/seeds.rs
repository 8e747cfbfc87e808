//! Random schedules never let anyone outside the sender's view read, and always recover.
//! A failure names its seed: `cargo run --release -p chat-secrecy -- --seed N` replays it.

use chat_secrecy::{Setup, run};

#[test]
fn nobody_outside_the_senders_view_reads_and_everybody_inside_does() {
    let (mut sealed, mut read) = (0, 0);
    for seed in 0..60 {
        let outcome = run(&Setup::from_seed(seed));
        assert_eq!(outcome.violation, None, "seed {seed}");
        (sealed, read) = (sealed + outcome.sealed, read + outcome.read);
    }
    assert!(sealed > 1000 && read > 1000, "{sealed} sealed, read {read} times");
}
