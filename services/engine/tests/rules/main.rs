//! Each rule and each bound of the engine by itself: one node, and a room made up by hand.

mod bounds;
mod conviction;
mod delivery;
mod floors;
mod flow;
mod presence;
mod repair;
mod room;
