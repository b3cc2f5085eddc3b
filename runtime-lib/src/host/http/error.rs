//! Why a message could not be received or sent.
//!
//! Streams tell errors by numbers of the system's. Those of HTTP have numbers there that Linux does not
//! use.

use rustix::io::Errno;

/// Why a message could not be received or sent. A part of the error codes of `wasi:http`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum HttpError {
    /// The other side has closed before the end.
    Terminated = 1,
    /// The other side sends what is no HTTP.
    Protocol,
    /// Trailers are too large.
    Trailers,
    /// A body is longer or shorter than its head says.
    BodySize,
    /// Something that the runtime does not do.
    Denied,
    /// No memory for it.
    Internal,
}

/// Numbers from this one on are none of Linux's.
pub const FIRST_OF_RUNTIME: i32 = 3000;
/// Below the number of the first.
const FIRST: i32 = FIRST_OF_RUNTIME - 1;

impl HttpError {
    /// As a number of the system's.
    pub fn errno(self) -> Errno {
        Errno::from_raw_os_error(FIRST + self as i32)
    }

    /// The error that a number of the system's stands for, if it is one of these.
    pub fn of(errno: Errno) -> Option<HttpError> {
        Some(match errno.raw_os_error() - FIRST {
            1 => HttpError::Terminated,
            2 => HttpError::Protocol,
            3 => HttpError::Trailers,
            4 => HttpError::BodySize,
            5 => HttpError::Denied,
            6 => HttpError::Internal,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back() {
        for error in [
            HttpError::Terminated,
            HttpError::Protocol,
            HttpError::Trailers,
            HttpError::BodySize,
            HttpError::Denied,
            HttpError::Internal,
        ] {
            assert_eq!(HttpError::of(error.errno()), Some(error));
        }
        assert_eq!(HttpError::of(Errno::PIPE), None);
    }
}
