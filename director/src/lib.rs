//! The way to a discussion: opens rooms, finds them, and puts strangers together.
//!
//! Everything a director knows it has from announcements that members make every few
//! seconds, and forgets soon after the last. Nothing is written anywhere; several instances
//! share the work; a discussion goes on unharmed while there is none. The members are the
//! truth, the director is only the way to them.
//!
//! [`Rooms`] is the soft state without I/O, [`Director`] the NATS micro-service (ADR-32)
//! around it, [`DirectorClient`] its other end; [`Metrics`] and [`pages`] are the operator's view.
//! [`Passes`] are by what a server with permissions per room lets in those assigned.

mod client;
mod holder;
mod jwt;
pub mod keys;
mod metrics;
pub mod pages;
mod passes;
mod rooms;
mod service;

pub use client::{DirectorClient, DirectorError};
pub use metrics::Metrics;
pub use passes::{PassKeyError, Passes};
pub use rooms::Rooms;
pub use service::{Director, ServeError};
