//! Attacks on whole nodes in a sealed room: what the seal alone can't show.

mod floods;
mod ghosts;
mod leaving;
mod outcasts;
mod room;
mod waiting;
