//! What the end-to-end tests share: real programs, started and waited for.
//!
//! Nothing here sleeps for a condition that it could wait for, and nothing here knows more
//! of the programs than their command line and their JSON.

pub mod authority;
pub mod causal;
pub mod chat;
pub mod identity;
pub mod passes;
pub mod programs;
pub mod proxy;
pub mod recorder;
pub mod spying;
pub mod terminal;
pub mod trio;
pub mod wait;

pub use authority::Authority;
pub use chat::Chat;
pub use chat_cli::demo::Cable;
pub use passes::Keys;
pub use programs::{Director, Server};
pub use proxy::Proxy;
pub use recorder::Recorder;
pub use trio::Trio;
