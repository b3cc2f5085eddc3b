//! Why does the host not do what the guest asks for? The same for every version of WASI, of which
//! each has numbers of its own.

use rustix::io::Errno;

/// Why an operation was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// What Linux says of it, or would say.
    System(Errno),
    /// The descriptor does not have the rights that it takes.
    NotCapable,
    /// A name could not be looked up.
    Lookup(LookupError),
}

/// Why a name could not be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LookupError {
    /// The name does not exist.
    NoName,
    /// The name exists, and has no address of the families asked for.
    NoAddress,
    /// No name server answers.
    NoAnswer,
    /// A name server answers with an error.
    Failed,
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        Error::System(errno)
    }
}

impl From<LookupError> for Error {
    fn from(error: LookupError) -> Error {
        Error::Lookup(error)
    }
}
