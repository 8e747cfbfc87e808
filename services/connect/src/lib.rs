//! NATS options as in the `nats` tool (flags, environment, contexts), and connecting with
//! them: the one way in which commands and directors reach a server.
//!
//! [`NatsArgs`] is what was typed, [`Settings`] what it means, [`Connection`] what comes of
//! it.

mod args;
mod connection;
mod context;
mod credentials;
mod error;
mod link;
mod moving;
mod options;
mod pass;
mod settings;
mod subscriber;
mod tls;
mod trace;

pub use args::NatsArgs;
pub use async_nats::ServerAddr;
pub use connection::{Connection, Patience, connect};
pub use credentials::Credentials;
pub use error::{ConnectError, SettingsError};
pub use link::Link;
pub use pass::{Claims, GUEST, Pass};
pub use settings::{DEFAULT_SERVER, Settings};
pub use subscriber::Subscriber;
pub use tls::TlsTrouble;
pub use trace::{NoTrace, Reach, Server, Subscription, trace};
