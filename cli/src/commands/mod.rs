//! One module a subcommand: its arguments, and what it does.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod join;
pub(crate) mod man;
pub(crate) mod random;
pub(crate) mod rooms;
pub(crate) mod serve;
pub(crate) mod start;
pub(crate) mod watch;
