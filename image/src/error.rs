//! Why an image could not be made, read, pushed or pulled.

use std::io;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an image could not be made, read, pushed or pulled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of this machine cannot be read or written.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Something that was read is not what it has to be.
    #[error("{0}")]
    Malformed(String),
    /// Something is larger than what is accepted.
    #[error("{0}")]
    Limit(String),
    /// Something is not there.
    #[error("{0}")]
    Missing(String),
    /// What was asked for cannot be, or would not be safe.
    #[error("{message}")]
    Refused {
        /// What, and why not.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A registry answers with an error.
    #[error("{request}: the registry answers {status}{}", .detail.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Registry {
        /// Method and address, without credentials.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says about it.
        detail: Option<String>,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A registry cannot be reached, or the connection broke.
    #[error("{request}: {message}")]
    Network {
        /// Method and address, without credentials.
        request: String,
        /// What happened.
        message: String,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Refused { hint, .. } | Error::Registry { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// Turns an I/O error into one that says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Error {
        Error::Malformed(message.into())
    }
}
