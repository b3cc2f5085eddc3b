//! Why a compilation failed: four kinds, each with a place.

use std::fmt;

/// The result of a compilation step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in the input something is wrong; any part may be unknown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Location {
    /// Name of the instance, when the program has several.
    pub instance: Option<String>,
    /// Function index, and its name when it has one.
    pub function: Option<(u32, Option<String>)>,
    /// Byte offset in the module.
    pub offset: Option<u64>,
}

impl Location {
    /// A place that is only known by its byte offset.
    pub fn at(offset: u64) -> Location {
        Location {
            offset: Some(offset),
            ..Location::default()
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Location::default()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "in ";
        if let Some(instance) = &self.instance {
            write!(f, "{separator}instance `{instance}`")?;
            separator = ", ";
        }
        if let Some((index, name)) = &self.function {
            match name {
                Some(name) => write!(f, "{separator}function `{name}` (index {index})")?,
                None => write!(f, "{separator}function {index}")?,
            }
            separator = ", ";
        }
        if let Some(offset) = self.offset {
            let separator = if separator == "in " { "at " } else { separator };
            write!(f, "{separator}offset {offset:#x}")?;
        }
        Ok(())
    }
}

/// Why a compilation failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The module is malformed or does not validate.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where.
        location: Location,
    },
    /// The module is fine but needs what wasmc, or this choice of options, does not offer.
    #[error("{message}")]
    Unsupported {
        /// What is not supported.
        message: String,
        /// Where.
        location: Location,
        /// What to do, if something can be done.
        hint: Option<String>,
    },
    /// The module exceeds a limit of wasmc.
    #[error("{message}")]
    Limit {
        /// Which limit.
        message: String,
        /// Where.
        location: Location,
    },
    /// Imports that nothing satisfies, or a failure of the linker.
    #[error("{message}")]
    Link {
        /// What could not be linked; a line for each import.
        message: String,
        /// What to do, if something can be done.
        hint: Option<String>,
    },
}

impl Error {
    /// Where in the input it is, when that is known.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Error::Invalid { location, .. }
            | Error::Unsupported { location, .. }
            | Error::Limit { location, .. } => Some(location).filter(|l| !l.is_unknown()),
            Error::Link { .. } => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Unsupported { hint, .. } | Error::Link { hint, .. } => hint.as_deref(),
            Error::Invalid { .. } | Error::Limit { .. } => None,
        }
    }

    /// The same error, known to be in the instance of this name.
    pub(crate) fn in_instance(mut self, name: &str) -> Error {
        if let Error::Invalid { location, .. }
        | Error::Unsupported { location, .. }
        | Error::Limit { location, .. } = &mut self
        {
            // The only instance of a program has no name.
            location.instance = Some(name.to_owned()).filter(|name| !name.is_empty());
        }
        self
    }

    /// The same error, known to be in the function of this index and name.
    pub(crate) fn in_function(mut self, index: u32, name: Option<&str>) -> Error {
        if let Error::Invalid { location, .. }
        | Error::Unsupported { location, .. }
        | Error::Limit { location, .. } = &mut self
        {
            location.function = Some((index, name.map(str::to_owned)));
        }
        self
    }

    /// An [`Error::Invalid`] from wasmparser's error.
    pub(crate) fn invalid(error: &wasmparser::BinaryReaderError) -> Error {
        Error::Invalid {
            message: error.message().to_owned(),
            location: Location::at(error.offset()),
        }
    }
}
