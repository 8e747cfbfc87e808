//! Names of frames and their order: dots, Lamport times and display keys.

use crate::{NodeId, encoding::from_text, limits};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Defines a counter that stays within what JSON numbers hold exactly (2^53 - 1).
macro_rules! counter {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The largest value, 2^53 - 1.
            pub const MAX: Self = Self(limits::COUNTER_MAX);

            /// One more, saturating at [`Self::MAX`].
            #[must_use]
            pub fn next(self) -> Self {
                Self((self.0 + 1).min(limits::COUNTER_MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match u64::deserialize(deserializer)? {
                    value if value <= limits::COUNTER_MAX => Ok(Self(value)),
                    value => Err(serde::de::Error::custom(format_args!("{value} is over 2^53 - 1"))),
                }
            }
        }
    };
}

counter!(
    /// A sender's count of its own frames, from 1.
    Number
);
counter!(
    /// Lamport time (Lamport, CACM 1978): 1 + the highest delivered when a frame is said.
    Lamport
);

/// The name of a frame: who sent it and the how-many-eth of its frames it is.
///
/// Written `node:number`. (Almeida et al., dotted version vectors.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// The author.
    pub node: NodeId,
    /// The author's count.
    pub number: Number,
}

impl Dot {
    /// The frame `number` of `node`.
    #[must_use]
    pub fn new(node: NodeId, number: Number) -> Self {
        Self { node, number }
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.number)
    }
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no dot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dot is written node:number")]
pub struct DotError;

impl FromStr for Dot {
    type Err = DotError;

    fn from_str(text: &str) -> Result<Self, DotError> {
        let (node, number) = text.split_once(':').ok_or(DotError)?;
        let number = number.parse().map_err(|_| DotError)?;
        if number > limits::COUNTER_MAX {
            return Err(DotError);
        }
        Ok(Self::new(node.parse().map_err(|_| DotError)?, Number(number)))
    }
}

impl Serialize for Dot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, str::parse)
    }
}

/// The place of a frame in the transcript: Lamport time, then node, then number.
///
/// Immutable, the same at every node, and an extension of the causal order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    /// First by Lamport time,
    pub lamport: Lamport,
    /// then by author,
    pub node: NodeId,
    /// then by the author's count.
    pub number: Number,
}

impl Key {
    /// Below every frame's key.
    pub const ZERO: Self = Self { lamport: Lamport(0), node: NodeId([0; 10]), number: Number(0) };
}
