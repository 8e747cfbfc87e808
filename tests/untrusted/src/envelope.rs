//! What comes on a room's subjects, and as an answer to requests on them.

use chat_protocol::{
    Envelope, Frame, Give, Hello, Key, Mint, Number, ParseError, envelope::json_bytes, hash,
    limits, text,
};

/// An envelope is read again as it is written, keeps its bounds, and can be signed and shown.
pub fn envelope(bytes: &[u8]) -> bool {
    let Ok(envelope) = Envelope::parse(bytes) else { return false };
    let json = envelope.to_json();
    match Envelope::parse(&json) {
        // Fields that were left out are written, so it may have become longer.
        Err(ParseError::TooLong(length)) => assert!(length > limits::ENVELOPE_BYTES),
        again => assert_eq!(again.expect("what was written is read"), envelope),
    }
    match &envelope {
        Envelope::Frame(frame) => check_frame(frame),
        Envelope::Beat(beat) => assert!(!beat.signed_form().is_empty()),
        Envelope::Hello(hello) => check_hello(hello),
        Envelope::Want(want) => {
            check_hello(&want.hello);
            assert!(!want.signed_form().is_empty());
        }
        Envelope::Give(give) => check_give(give),
        Envelope::Mint(mint) => check_mint(mint),
        Envelope::Refuse(_) => {}
    }
    true
}

fn check_give(give: &Give) {
    assert!(!give.signed_form().is_empty());
    give.hellos.iter().for_each(check_hello);
    give.mints.iter().for_each(|mint| check_mint(mint));
    give.frames.iter().chain(&give.joins).for_each(|frame| check_frame(frame));
}

fn check_mint(mint: &Mint) {
    assert!(mint.signed_form().starts_with(&mint.head()));
    assert!(mint.audience.contains_key(&mint.from));
    assert_eq!(mint.sealed.len() + 1, mint.audience.len());
}

fn check_hello(hello: &Hello) {
    assert!(hello.signed_form().starts_with(&hello.body()));
}

fn check_frame(frame: &Frame) {
    let signed_form = frame.signed_form();
    assert!(signed_form.len() <= limits::FRAME_BYTES, "{} bytes are signed", signed_form.len());
    let hash = hash::labelled("frame", [signed_form.as_slice()]);
    assert_eq!(frame.content_hash().0, hash);
    assert!(json_bytes(frame) <= limits::ENVELOPE_BYTES * 2);
    assert!(frame.key() > Key::ZERO && frame.clock.covers(frame.dot()));
    assert!(frame.named().all(|dot| dot.node != frame.from && dot.number > Number(0)));
    assert_eq!(frame.previous().is_none(), frame.number == Number(1));
    for item in &frame.items {
        let shown = text::lines(&item.text);
        assert!(!shown.contains('\u{1b}'), "{shown:?} steers the terminal");
    }
}
