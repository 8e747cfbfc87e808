//! What is measured: one module a picture.

mod bound;
mod deliveries;
mod directors;
mod engine;
mod gateway;
mod gateways;
mod members;
mod rooms;
mod transcript;

use crate::{Failure, picture::Picture};
use clap::ValueEnum;

/// A picture.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Subject {
    /// Deliveries a second and latencies, against raw NATS
    Deliveries,
    /// The engine, as a room grows
    Members,
    /// The engine, as more has been said
    Transcript,
    /// A process with many rooms
    Gateways,
    /// A server, as there are more rooms
    Rooms,
    /// Directors, as there are more rooms
    Directors,
}

impl Subject {
    pub(crate) const ALL: [Self; 6] = [
        Self::Deliveries,
        Self::Members,
        Self::Transcript,
        Self::Gateways,
        Self::Rooms,
        Self::Directors,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Members => "members",
            Self::Transcript => "transcript",
            Self::Gateways => "gateways",
            Self::Rooms => "rooms",
            Self::Directors => "directors",
        }
    }

    pub(crate) fn measure(self) -> Result<Picture, Failure> {
        match self {
            Self::Deliveries => deliveries::measure(),
            Self::Members => Ok(members::measure()),
            Self::Transcript => Ok(transcript::measure()),
            Self::Gateways => gateways::measure(),
            Self::Rooms => rooms::measure(),
            Self::Directors => directors::measure(),
        }
    }
}
