//! Nodes, directors and servers in containers built from this repository, on networks of
//! their own: what processes on one loopback cannot show.

mod discussion;
mod faults;
mod harness;
mod leaves_nothing;
mod operated;
mod raw_subscriber;
