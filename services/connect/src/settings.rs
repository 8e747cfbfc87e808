//! What the options mean, after flag > environment > context > default.

use crate::{
    Claims, Credentials, NatsArgs, SettingsError,
    context::Context,
    credentials::{Given, Sourced},
};
use async_nats::ServerAddr;
use std::time::Duration;

/// Where a server is looked for when none is named.
pub const DEFAULT_SERVER: &str = "nats://127.0.0.1:4222";

/// Everything that is needed to connect.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The servers named, if any: else [`DEFAULT_SERVER`], and the caller may start one.
    pub servers: Option<Vec<ServerAddr>>,
    /// Who connects.
    pub credentials: Credentials,
    /// Client certificate and its key, as files.
    pub certificate: Option<(String, String)>,
    /// Nothing that a connection publishes comes back to it.
    pub no_echo: bool,
    /// Certificate authority, as a file.
    pub ca: Option<String>,
    /// TLS before anything else.
    pub tls_first: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Prefix of reply subjects.
    pub inbox_prefix: Option<String>,
}

impl Settings {
    /// The meaning of `args` in the process's environment.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn resolve(args: &NatsArgs) -> Result<Self, SettingsError> {
        Self::resolve_in(args, |name| std::env::var(name).ok())
    }

    /// The meaning of `args` in an environment.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn resolve_in(
        args: &NatsArgs,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        let named = args.context.clone().or_else(|| environment("NATS_CONTEXT"));
        let (context, context_name) = if args.no_context {
            (Context::default(), String::new())
        } else {
            Context::load(named.as_deref(), &environment)?
        };
        let pick = |flag: &Option<String>, flag_name: &str, variable: &str, in_context: &str| {
            let sourced = |value: String, source: String| Sourced { value, source };
            let flag = flag.clone().map(|value| sourced(value, flag_name.to_owned()));
            let variable =
                || environment(variable).map(|value| sourced(value, variable.to_owned()));
            let context = || {
                let value = Some(in_context).filter(|value| !value.is_empty())?;
                Some(sourced(value.to_owned(), format!("context {context_name:?}")))
            };
            flag.or_else(variable).or_else(context)
        };
        let value = |sourced: Option<Sourced>| sourced.map(|sourced| sourced.value);

        let url = pick(&args.server, "--server", "NATS_URL", &context.url);
        let mut given = Given {
            user: pick(&args.user, "--user", "NATS_USER", &context.user),
            password: pick(&args.password, "--password", "NATS_PASSWORD", &context.password),
            token: pick(&args.token, "--token", "NATS_TOKEN", &context.token),
            creds: pick(&args.creds, "--creds", "NATS_CREDS", &context.creds),
            nkey: pick(&args.nkey, "--nkey", "NATS_NKEY", &context.nkey),
        };
        let servers = url.map(|url| servers(&url, &mut given)).transpose()?;
        let certificate = pick(&args.tlscert, "--tlscert", "NATS_CERT", &context.cert);
        let key = pick(&args.tlskey, "--tlskey", "NATS_KEY", &context.key);
        let certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate.value, key.value)),
            (Some(alone), None) | (None, Some(alone)) => {
                return Err(SettingsError::HalfACertificate { given: alone.source });
            }
            (None, None) => None,
        };
        let timeout = args.timeout.clone().or_else(|| environment("NATS_TIMEOUT"));
        let prefix = args.inbox_prefix.clone();
        let prefix =
            prefix.or_else(|| Some(context.inbox_prefix).filter(|prefix| !prefix.is_empty()));
        if let Some(prefix) = prefix.iter().find(|prefix| !prefix.starts_with("_INBOX")) {
            return Err(SettingsError::InboxPrefix(prefix.clone()));
        }
        Ok(Self {
            no_echo: false,
            servers,
            credentials: given.choose()?,
            certificate,
            ca: value(pick(&args.tlsca, "--tlsca", "NATS_CA", &context.ca)),
            tls_first: args.tlsfirst || context.tls_first,
            timeout: timeout.map_or(Ok(Duration::from_secs(5)), |text| duration(&text))?,
            inbox_prefix: prefix,
        })
    }

    /// The servers as they may be shown: no credentials.
    #[must_use]
    pub fn shown(&self) -> String {
        let Some(servers) = &self.servers else { return DEFAULT_SERVER.to_owned() };
        let shown: Vec<_> = servers.iter().map(shown).collect();
        shown.join(",")
    }

    /// The servers to try: those named, else the default.
    pub(crate) fn servers(&self) -> Vec<ServerAddr> {
        self.servers.clone().unwrap_or_else(|| {
            vec![DEFAULT_SERVER.parse::<ServerAddr>().expect("the default is a URL")]
        })
    }

    /// Whether these credentials are a guest's.
    pub(crate) fn is_guest(&self) -> bool {
        let Credentials::Creds(file) = &self.credentials else { return false };
        let text = std::fs::read_to_string(file).ok();
        text.and_then(|text| Claims::of_file(&text)).is_some_and(|claims| claims.is_guest())
    }

    /// How many servers there are to try.
    pub(crate) fn count_of_servers(&self) -> u32 {
        let count = self.servers.as_ref().map_or(1, Vec::len);
        u32::try_from(count).unwrap_or(u32::MAX).max(1)
    }
}

fn shown(server: &ServerAddr) -> String {
    let (scheme, host, port) = (server.scheme(), server.host(), server.port());
    if host.contains(':') {
        format!("{scheme}://[{host}]:{port}")
    } else {
        format!("{scheme}://{host}:{port}")
    }
}

/// Parses a list of URLs; credentials in them count as given by them.
fn servers(url: &Sourced, given: &mut Given) -> Result<Vec<ServerAddr>, SettingsError> {
    let malformed = || SettingsError::Url { given: url.source.clone() };
    let mut servers = Vec::new();
    for text in url.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let server: ServerAddr = text.parse().map_err(|_| malformed())?;
        if server.host().is_empty() {
            return Err(malformed());
        }
        let source = format!("the URL of {}", url.source);
        if let Some(user) = server.username().map(str::to_owned) {
            match server.password().map(str::to_owned) {
                Some(password) => {
                    once(&mut given.user, user, &source)?;
                    once(&mut given.password, password, &source)?;
                }
                None => once(&mut given.token, user, &source)?,
            }
        }
        // Without its credentials, so that it can be shown and logged.
        servers.push(if server.username().is_some() || server.password().is_some() {
            shown(&server).parse().map_err(|_| malformed())?
        } else {
            server
        });
    }
    if servers.is_empty() { Err(malformed()) } else { Ok(servers) }
}

/// Servers of one cluster are named with the same credentials: only others are too many.
fn once(given: &mut Option<Sourced>, value: String, source: &str) -> Result<(), SettingsError> {
    if let Some(other) = given.as_ref().filter(|other| other.value != value) {
        let first = other.source.clone();
        return Err(SettingsError::TwoCredentials { first, second: source.to_owned() });
    }
    *given = Some(Sourced { value, source: source.to_owned() });
    Ok(())
}

fn duration(text: &str) -> Result<Duration, SettingsError> {
    let malformed = || SettingsError::Duration(text.to_owned());
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| malformed())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" | "" => number,
        "m" => number * 60.0,
        _ => return Err(malformed()),
    };
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| malformed())?;
    if duration.is_zero() { Err(malformed()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &NatsArgs, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let find = |name: &str| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::resolve_in(args, find)
    }

    fn with(set: impl FnOnce(&mut NatsArgs)) -> NatsArgs {
        let mut args = NatsArgs::default();
        set(&mut args);
        args
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_context() {
        let folder = tempfile::tempdir().unwrap();
        let contexts = folder.path().join("nats/context");
        std::fs::create_dir_all(&contexts).unwrap();
        std::fs::write(contexts.join("lab.json"), r#"{"url":"nats://ctx:1","nkey":"","other":1}"#)
            .unwrap();
        std::fs::write(folder.path().join("nats/context.txt"), "lab\n").unwrap();
        let config = ("XDG_CONFIG_HOME", folder.path().to_str().unwrap());
        let shown = |args: &NatsArgs, environment: &[(&str, &str)]| {
            resolve(args, environment).unwrap().shown()
        };
        let flag = with(|args| args.server = Some("nats://flag:1".into()));
        assert_eq!(shown(&flag, &[config, ("NATS_URL", "nats://env:1")]), "nats://flag:1");
        assert_eq!(shown(&NatsArgs::default(), &[config, ("NATS_URL", "env")]), "nats://env:4222");
        assert_eq!(shown(&NatsArgs::default(), &[config]), "nats://ctx:1");
        assert_eq!(shown(&with(|args| args.no_context = true), &[config]), DEFAULT_SERVER);
        let missing = resolve(&with(|args| args.context = Some("nowhere".into())), &[config]);
        assert!(matches!(missing, Err(SettingsError::NoContext { .. })));
    }

    #[test]
    fn two_kinds_of_credentials_are_refused_and_both_named() {
        let args = with(|args| args.token = Some("t".into()));
        let error = resolve(&args, &[("NATS_USER", "ann")]).unwrap_err().to_string();
        assert!(error.contains("--token") && error.contains("NATS_USER"), "{error}");
        let args = with(|args| args.server = Some("nats://ann:secret@host".into()));
        let error = resolve(&args, &[("NATS_CREDS", "file")]).unwrap_err().to_string();
        assert!(error.contains("--server") && error.contains("NATS_CREDS"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn credentials_in_a_url_are_used_and_never_shown() {
        let args = with(|args| args.server = Some("nats://ann:secret@host:4333".into()));
        let settings = resolve(&args, &[]).unwrap();
        let Credentials::User { user, password } = &settings.credentials else { panic!("a user") };
        assert_eq!((user.as_str(), password.as_str()), ("ann", "secret"));
        assert_eq!(settings.shown(), "nats://host:4333");
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn servers_of_a_cluster_may_repeat_their_credentials_but_not_contradict() {
        let servers = |text: &str| resolve(&with(|args| args.server = Some(text.into())), &[]);
        let same = servers("nats://ann:secret@a,nats://ann:secret@b:4333,nats://c").unwrap();
        assert_eq!(same.shown(), "nats://a:4222,nats://b:4333,nats://c:4222");
        assert!(matches!(same.credentials, Credentials::User { .. }));
        assert!(servers("nats://token@a,nats://token@b").is_ok());
        for other in ["nats://ann:a@a,nats://ann:b@b", "nats://t@a,nats://u@b"] {
            let error = servers(other).unwrap_err();
            assert!(matches!(error, SettingsError::TwoCredentials { .. }), "{error}");
        }
    }

    #[test]
    fn servers_are_shown_as_they_may_be_typed() {
        let args = with(|args| args.server = Some("[::1]:1,nats://127.0.0.1,tls://host".into()));
        let shown = "nats://[::1]:1,nats://127.0.0.1:4222,tls://host:4222";
        assert_eq!(resolve(&args, &[]).unwrap().shown(), shown);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let error = |args: NatsArgs| resolve(&args, &[]).unwrap_err();
        assert!(matches!(
            error(with(|a| a.timeout = Some("soon".into()))),
            SettingsError::Duration(_)
        ));
        assert!(matches!(
            error(with(|a| a.timeout = Some("0s".into()))),
            SettingsError::Duration(_)
        ));
        assert!(matches!(
            error(with(|a| a.inbox_prefix = Some("chat.room".into()))),
            SettingsError::InboxPrefix(_)
        ));
        assert!(matches!(
            error(with(|a| a.server = Some(":::".into()))),
            SettingsError::Url { .. }
        ));
        assert!(matches!(
            error(with(|a| a.server = Some("nats://".into()))),
            SettingsError::Url { .. }
        ));
        assert!(matches!(
            error(with(|a| a.password = Some("p".into()))),
            SettingsError::PasswordWithoutUser { .. }
        ));
        assert!(matches!(
            error(with(|a| a.tlscert = Some("cert.pem".into()))),
            SettingsError::HalfACertificate { .. }
        ));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    }
}
