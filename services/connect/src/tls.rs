//! What went wrong between two ends that encrypt, and what to do about it.

use crate::{ConnectError, Settings};
use async_nats::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
use std::{error::Error as StdError, fmt, io, path::PathBuf};

/// Why there is no TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsTrouble {
    /// Nobody here trusts who signed the server's certificate.
    Authority {
        /// The file with the authorities trusted; without it the system's are.
        trusted: Option<String>,
    },
    /// The server's certificate is too old, or this machine's clock is wrong.
    Expired,
    /// The server's certificate is for other names.
    Name(String),
    /// The server demands a certificate.
    CertificateDemanded,
    /// The server doesn't accept the client's certificate.
    CertificateRefused(String),
    /// The server answers without TLS.
    NotSpoken {
        /// It was asked to begin with TLS, which it may just not do first.
        first: bool,
    },
    /// The server waits for something that isn't said.
    Silent,
    /// Anything else, in the library's words.
    Other(String),
}

impl TlsTrouble {
    /// What an error of the library says of TLS, if it does.
    pub(crate) fn of(error: &(dyn StdError + 'static), settings: &Settings) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
                return Some(Self::of_library(tls, settings));
            }
            // This is all that the client's library says of it.
            if error.to_string().ends_with("expected INFO, got nothing") {
                return Some(Self::Silent);
            }
            cause = error.source();
        }
        None
    }

    fn of_library(error: &Error, settings: &Settings) -> Self {
        match error {
            Error::InvalidCertificate(
                // Two authorities of one name differ in their signatures only.
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => Self::Authority { trusted: settings.ca.clone() },
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Self::Expired,
            Error::InvalidCertificate(
                wrong @ (CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }),
            ) => Self::Name(wrong.to_string()),
            Error::AlertReceived(AlertDescription::CertificateRequired) => {
                Self::CertificateDemanded
            }
            Error::AlertReceived(
                alert @ (AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate),
            ) => Self::CertificateRefused(format!("{alert:?}")),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                Self::NotSpoken { first: settings.tls_first }
            }
            other => Self::Other(other.to_string()),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Authority { .. } => {
                "name the file of the authority that signed it with --tlsca (NATS_CA)"
            }
            Self::Expired => "renew it at the server; if it is valid, set this machine's clock",
            Self::Name(_) => {
                "name the server in --server as its certificate does, or make one for this name"
            }
            Self::CertificateDemanded => {
                "give one with --tlscert and --tlskey (NATS_CERT, NATS_KEY)"
            }
            Self::CertificateRefused(_) => {
                "use a certificate that the authority of this server has signed, and that is valid"
            }
            Self::NotSpoken { first: true } => {
                "drop --tlsfirst: the server has no TLS, or speaks first"
            }
            Self::NotSpoken { first: false } => {
                "set up TLS at the server; without it: nats:// instead of tls://, and no --tlsca"
            }
            Self::Silent => "if it wants TLS from the first byte add --tlsfirst",
            Self::Other(_) => "see --tlsca, --tlscert and --tlskey, and the server's log",
        }
    }
}

impl fmt::Display for TlsTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority { trusted: None } => {
                f.write_str("no authority that this machine knows has signed its certificate")
            }
            Self::Authority { trusted: Some(file) } => {
                write!(f, "no authority in {file} has signed its certificate")
            }
            Self::Expired => f.write_str("its certificate isn't valid now"),
            Self::Name(why) => write!(f, "its certificate is for another name ({why})"),
            Self::CertificateDemanded => f.write_str("it demands a client certificate"),
            Self::CertificateRefused(alert) => {
                write!(f, "it doesn't accept the client certificate ({alert})")
            }
            Self::NotSpoken { .. } => f.write_str("it doesn't answer in TLS"),
            Self::Silent => f.write_str("it accepts the connection and says nothing"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// What a PEM file must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pem {
    Certificate,
    Key,
}

/// A file that is missing, or holds something else, is told by its name instead of as trouble
/// with TLS.
pub(crate) fn pem(file: &str, holds: Pem) -> Result<PathBuf, ConnectError> {
    let unusable = |why: String| ConnectError::File { file: file.to_owned(), why };
    let text = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let text = String::from_utf8_lossy(&text);
    let (label, what) = match holds {
        Pem::Certificate => ("CERTIFICATE-----", "certificate"),
        Pem::Key => ("PRIVATE KEY-----", "private key"),
    };
    let mut lines = text.lines().map(str::trim_end);
    if lines.any(|line| line.starts_with("-----BEGIN ") && line.ends_with(label)) {
        Ok(file.into())
    } else {
        Err(unusable(format!("it holds no {what} in PEM: no line says -----BEGIN … {label}")))
    }
}
