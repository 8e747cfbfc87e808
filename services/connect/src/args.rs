//! What was typed: the options of the `nats` tool, by the same names.

use clap::Args;

/// NATS options; the short help has the first only. Flag > environment > context > default; which environment variable stands
/// for which flag is told in the help.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "NATS")]
pub struct NatsArgs {
    /// Server URLs, comma separated [env: NATS_URL] [default: nats://127.0.0.1:4222]
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// User name [env: NATS_USER]
    #[arg(long, global = true, hide_short_help = true)]
    pub user: Option<String>,
    /// Password [env: NATS_PASSWORD]
    #[arg(long, global = true, hide_short_help = true)]
    pub password: Option<String>,
    /// Token [env: NATS_TOKEN]
    #[arg(long, global = true, hide_short_help = true)]
    pub token: Option<String>,
    /// Credentials file, JWT and seed [env: NATS_CREDS]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub creds: Option<String>,
    /// File with an nkey seed [env: NATS_NKEY]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub nkey: Option<String>,
    /// Client certificate [env: NATS_CERT]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tlscert: Option<String>,
    /// Key of the client certificate [env: NATS_KEY]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tlskey: Option<String>,
    /// Certificate authority that signed the server's certificate [env: NATS_CA]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tlsca: Option<String>,
    /// TLS handshake before the server says anything
    #[arg(long, global = true, hide_short_help = true)]
    pub tlsfirst: bool,
    /// Longest wait for an answer: 5s, 500ms, 2m [env: NATS_TIMEOUT] [default: 5s]
    #[arg(long, global = true, hide_short_help = true, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// Prefix of reply subjects; must begin with _INBOX
    #[arg(long, global = true, hide_short_help = true, value_name = "PREFIX")]
    pub inbox_prefix: Option<String>,
    /// Context of the nats tool, read from its folder [env: NATS_CONTEXT]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "NAME",
        conflicts_with = "no_context"
    )]
    pub context: Option<String>,
    /// Ignore the selected context
    #[arg(long, global = true, hide_short_help = true)]
    pub no_context: bool,
}
