//! `chat-director`: a director as a process of its own.

use chat_connect::{ConnectError, Credentials, NatsArgs, Patience, Settings, connect};
use chat_director::{Director, Metrics, Passes, keys, pages};
use clap::{Parser, Subcommand, ValueEnum, value_parser};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// Assigns rooms of transient discussions, from soft state only
///
/// Any number of directors share the work. It waits for its server, and forgets everything
/// when it ends: discussions go on without it.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    nats: NatsArgs,
    /// Say more
    #[arg(short, long)]
    verbose: bool,
    /// How to log, on stderr
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
    /// Serve /metrics (Prometheus), /healthz and /readyz here; counts only, nothing of a room
    #[arg(long, value_name = "ADDR", env = "CHAT_METRICS")]
    metrics: Option<SocketAddr>,
    /// Give passes: permissions per room. A file with the seed of the account's signing key for
    /// them; needs --creds of the same account
    #[arg(long, value_name = "FILE", env = "CHAT_PASS_KEY")]
    pass_key: Option<PathBuf>,
    /// How long a pass is valid; nodes renew theirs at half of it
    #[arg(long, value_name = "SECONDS", env = "CHAT_PASS_LIFETIME", default_value = "86400",
        value_parser = value_parser!(u64).range(10..=31_536_000))]
    pass_lifetime: u64,
}

#[derive(Subcommand)]
enum Command {
    /// Make keys, credentials and a server's configuration for permissions per room
    Keys {
        /// Where to; nothing in it is overwritten
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Command::Keys { folder }) = &args.command {
        return make_keys(folder);
    }
    log(&args);
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, error)) => {
            tracing::error!("{error}");
            ExitCode::from(code)
        }
    }
}

async fn run(args: &Args) -> Result<(), (u8, String)> {
    let settings = Settings::resolve(&args.nats).map_err(|error| (2, error.to_string()))?;
    let passes = args.pass_key.as_deref().map(|key| {
        let creds = match &settings.credentials {
            Credentials::Creds(file) => Some(file.as_str()),
            _ => None,
        };
        Passes::new(key, creds, Duration::from_secs(args.pass_lifetime))
    });
    let passes = passes.transpose().map_err(|error| (2, error.to_string()))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| (1, error.to_string()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| (1, error.to_string()))?;
    let mut shutdown = std::pin::pin!(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let metrics = Arc::<Metrics>::default();
    if let Some(address) = args.metrics {
        let served = pages::serve(address, metrics.clone()).await;
        served.map_err(|error| (2, format!("--metrics {address}: {error}")))?;
    }
    let connection = tokio::select! {
        connected = connect(&settings, "chat-director", Patience::KeepTrying) => {
            connected.map_err(|error| (code(&error), told(&error)))?
        }
        () = &mut shutdown => return Ok(()),
    };
    let director = Director::start(connection, metrics, passes)
        .await
        .map_err(|error| (6, error.to_string()))?;
    tracing::info!("director ready");
    director.run(shutdown).await.map_err(|error| (1, error.to_string()))?;
    tracing::info!("director stopped");
    Ok(())
}

fn make_keys(folder: &Path) -> ExitCode {
    match keys::make(folder) {
        Ok(made) => {
            for (file, purpose) in made {
                println!("{}: {purpose}", file.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}

/// In one line, as logs are.
fn told(error: &ConnectError) -> String {
    match error.next() {
        Some(next) => format!("{error}; {next}"),
        None => error.to_string(),
    }
}

fn code(error: &ConnectError) -> u8 {
    match error {
        ConnectError::Unreachable { .. } | ConnectError::Tls { .. } => 3,
        ConnectError::Refused { .. } => 6,
        ConnectError::File { .. } => 2,
    }
}

/// Nothing that a room's members said, and no room's id, is ever logged.
fn log(args: &Args) {
    let level = if args.verbose {
        "chat_director=debug,chat_connect=debug,info"
    } else {
        "chat_director=info,chat_connect=info,warn"
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
