//! What a program may do beside computing, and how far: what `--dir`, `--env`, `--net` and their kind
//! say.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::Duration;

pub use wasmc_abi::options::{Confine, TrapEnd};
use wasmc_abi::options::{MAX_BYTES, MAX_OPTIONS, OptionError, Options as Words, RunOption};

use crate::error::{Error, Location};

/// One grant, limit or setting of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Grant {
    /// A folder of the host, under the name that the program knows it by (`--dir`).
    Dir {
        /// Path on the host, where the program is started.
        host: OsString,
        /// Name for the program.
        guest: OsString,
        /// What it may do there.
        access: Access,
    },
    /// An environment variable (`--env`).
    Env {
        /// Its name.
        name: OsString,
        /// Its value; that of the environment in which the program is started when `None`.
        value: Option<OsString>,
    },
    /// Every environment variable (`--inherit-env`).
    InheritEnv,
    /// A socket that listens on a TCP address from the start (`--listen`).
    Listen(SocketAddr),
    /// Sockets of TCP and UDP, connections and the names of hosts (`--net`).
    Net,
    /// How long the program may run, in steps of a nanosecond and at least one; the last one counts
    /// (`--timeout`).
    Timeout(Duration),
    /// How many instructions it may carry out, at most `i64::MAX`, if it is compiled with
    /// [`Options::fuel`](crate::Options::fuel); the last one counts (`--fuel`).
    Fuel(u64),
    /// Most bytes of a file that it writes; the last one counts (`--max-file-size`).
    MaxFileSize(u64),
    /// Most descriptors that it may have open; the last one counts (`--max-fds`).
    MaxFds(u64),
    /// Most bytes that the garbage-collected objects in use may have; the last one counts
    /// (`--max-heap`, at most 1792 MiB).
    MaxHeap(u64),
    /// Move every garbage-collected object whenever one is allocated (`--gc-stress`).
    GcStress,
    /// Most processes of a server that answer requests, from 1 to 1024; the last one counts
    /// (`--workers`).
    Workers(u64),
    /// How many requests an instance of a server answers before there is a new one, at least 1; the
    /// last one counts (`--reuse`).
    Reuse(u64),
    /// How long a request to a server may take, at least a nanosecond; the last one counts
    /// (`--request-timeout`).
    RequestTimeout(Duration),
    /// Most bytes that the runtime keeps for the program; the last one counts (`--max-host-memory`).
    MaxHostMemory(u64),
    /// A line on standard error for each request to a server (`--access-log`).
    AccessLog,
    /// Whether the kernel confines it to what it can need; the last one counts (`--confine`).
    Confine(Confine),
    /// How it ends after a trap; the last one counts (`--trap`).
    Trap(TrapEnd),
}

/// What a program may do in a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Access {
    /// Read, and nothing else.
    ReadOnly,
    /// Whatever whoever starts the program may do.
    ReadWrite,
}

/// The grants of a program, in order: descriptors of folders and sockets are numbered in it.
///
/// A program without grants sees its arguments and its standard streams, and nothing else of the
/// system.
///
/// ```
/// use wasmc_compiler::grants::{Access, Grant, Grants};
///
/// let grants = Grants::new()
///     .with(Grant::Dir {
///         host: "/srv/data".into(),
///         guest: "/data".into(),
///         access: Access::ReadOnly,
///     })
///     .with(Grant::Net);
/// assert_eq!(grants, Grants::parse(["--dir=/srv/data::/data:ro", "--net"])?);
/// # Ok::<(), wasmc_compiler::grants::GrantError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants(Vec<Grant>);

/// Why words are no grants, or grants cannot be given to a program.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// What was written is none.
    #[error("`{}` is no grant", .0.escape_debug())]
    Unknown(String),
    /// What follows an option's name is not of its form.
    #[error("`{option}` takes {form}")]
    Form {
        /// The option.
        option: &'static str,
        /// What it takes, as `--help` writes it.
        form: &'static str,
    },
    /// There are more of them, or longer ones, than a program accepts.
    #[error("a program takes {MAX_OPTIONS} grants of {MAX_BYTES} bytes in all, and no more")]
    TooMany,
    /// It has a part that a program would read as something else, such as a NUL, or `::` in the path
    /// of a folder, or that it does not accept.
    #[error("a program would not read the grant `{0}` as it is meant")]
    Ambiguous(Grant),
}

impl Grants {
    /// No grants.
    pub fn new() -> Grants {
        Grants::default()
    }

    /// The same with one more, at the end.
    #[must_use]
    pub fn with(mut self, grant: Grant) -> Grants {
        self.0.push(grant);
        self
    }

    /// Adds one, at the end.
    pub fn push(&mut self, grant: Grant) {
        self.0.push(grant);
    }

    /// What a command line says: `--dir=.::/data`, or `--dir` and its value as two words.
    ///
    /// # Errors
    /// The first word that is no grant.
    pub fn parse<W: AsRef<OsStr>>(
        words: impl IntoIterator<Item = W>,
    ) -> Result<Grants, GrantError> {
        let mut bytes = Vec::new();
        for word in words {
            let word = word.as_ref().as_bytes();
            if word.contains(&0) {
                return Err(GrantError::Unknown(
                    String::from_utf8_lossy(word).into_owned(),
                ));
            }
            bytes.extend_from_slice(word);
            bytes.push(0);
        }
        if bytes.len() > MAX_BYTES {
            return Err(GrantError::TooMany);
        }
        read(&bytes)
    }

    /// The grants, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Grant> {
        self.0.iter()
    }

    /// The words of the grants with a NUL behind each, as a program's image has them.
    ///
    /// # Errors
    /// What the program would not accept, or would not read as what it is.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, GrantError> {
        let mut bytes = Vec::new();
        for grant in &self.0 {
            let word = grant.word();
            let mut encoded = word.as_bytes().to_vec();
            encoded.push(0);
            let same = |read: Grants| read.0.as_slice() == std::slice::from_ref(grant);
            if !read(&encoded).is_ok_and(same) {
                return Err(GrantError::Ambiguous(grant.clone()));
            }
            bytes.append(&mut encoded);
        }
        match bytes.len() > MAX_BYTES || self.0.len() > MAX_OPTIONS {
            true => Err(GrantError::TooMany),
            false => Ok(bytes),
        }
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Grants {
        Grants(grants.into_iter().collect())
    }
}

impl Extend<Grant> for Grants {
    fn extend<I: IntoIterator<Item = Grant>>(&mut self, grants: I) {
        self.0.extend(grants);
    }
}

impl IntoIterator for Grants {
    type Item = Grant;
    type IntoIter = std::vec::IntoIter<Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Grants {
    type Item = &'a Grant;
    type IntoIter = std::slice::Iter<'a, Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Grant {
    /// The grant as a word of a command line, such as `--dir=.::/data`.
    pub fn word(&self) -> OsString {
        let mut word = Vec::new();
        let mut push = |part: &[u8]| word.extend_from_slice(part);
        match self {
            Grant::Dir {
                host,
                guest,
                access,
            } => {
                push(b"--dir=");
                push(host.as_bytes());
                if guest != host {
                    push(b"::");
                    push(guest.as_bytes());
                }
                if *access == Access::ReadOnly {
                    push(b":ro");
                }
            }
            Grant::Env { name, value } => {
                push(b"--env=");
                push(name.as_bytes());
                if let Some(value) = value {
                    push(b"=");
                    push(value.as_bytes());
                }
            }
            Grant::InheritEnv => push(b"--inherit-env"),
            Grant::Listen(address) => push(format!("--listen={address}").as_bytes()),
            Grant::Net => push(b"--net"),
            Grant::Timeout(duration) => {
                push(format!("--timeout={}", Nanoseconds(duration.as_nanos())).as_bytes());
            }
            Grant::Fuel(amount) => push(format!("--fuel={amount}").as_bytes()),
            Grant::MaxFileSize(bytes) => {
                push(format!("--max-file-size={}", Size(*bytes)).as_bytes())
            }
            Grant::MaxFds(count) => push(format!("--max-fds={count}").as_bytes()),
            Grant::MaxHeap(bytes) => push(format!("--max-heap={}", Size(*bytes)).as_bytes()),
            Grant::GcStress => push(b"--gc-stress"),
            Grant::Workers(count) => push(format!("--workers={count}").as_bytes()),
            Grant::Reuse(count) => push(format!("--reuse={count}").as_bytes()),
            Grant::RequestTimeout(duration) => {
                let duration = Nanoseconds(duration.as_nanos());
                push(format!("--request-timeout={duration}").as_bytes());
            }
            Grant::MaxHostMemory(bytes) => {
                push(format!("--max-host-memory={}", Size(*bytes)).as_bytes());
            }
            Grant::AccessLog => push(b"--access-log"),
            Grant::Confine(Confine::Auto) => push(b"--confine=auto"),
            Grant::Confine(Confine::Require) => push(b"--confine=require"),
            Grant::Confine(Confine::Off) => push(b"--confine=off"),
            Grant::Trap(TrapEnd::Exit) => push(b"--trap=exit"),
            Grant::Trap(TrapEnd::Abort) => push(b"--trap=abort"),
        }
        OsString::from_vec(word)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.word().to_string_lossy().escape_debug())
    }
}

/// A number of bytes, in the largest unit of which it is a multiple.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let unit = units
            .into_iter()
            .find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift);
        let (shift, unit) = unit.unwrap_or((0, ""));
        write!(f, "{}{unit}", self.0 >> shift)
    }
}

/// A duration, in the largest unit of which it is a multiple.
struct Nanoseconds(u128);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
        ];
        let unit = units
            .into_iter()
            .find(|(scale, _)| self.0 > 0 && self.0.is_multiple_of(*scale));
        match unit {
            Some((scale, unit)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}.{:03}us", self.0 / 1_000, self.0 % 1_000),
        }
    }
}

impl From<GrantError> for Error {
    fn from(error: GrantError) -> Error {
        Error::Unsupported {
            message: error.to_string(),
            location: Location::default(),
            hint: None,
        }
    }
}

/// The grants that NUL-terminated words are.
fn read(bytes: &[u8]) -> Result<Grants, GrantError> {
    Words::new(bytes)
        .map(|option| option.map_err(refusal).and_then(grant))
        .collect()
}

fn grant(option: RunOption<'_>) -> Result<Grant, GrantError> {
    let os = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    Ok(match option {
        RunOption::Dir {
            host,
            guest,
            read_only,
        } => Grant::Dir {
            host: os(host),
            guest: os(guest),
            access: match read_only {
                true => Access::ReadOnly,
                false => Access::ReadWrite,
            },
        },
        RunOption::Env { name, value } => Grant::Env {
            name: os(name),
            value: value.map(os),
        },
        RunOption::InheritEnv => Grant::InheritEnv,
        RunOption::Listen { address } => {
            let address = str::from_utf8(address).ok();
            let address = address.and_then(|address| address.parse().ok());
            Grant::Listen(address.ok_or(GrantError::Form {
                option: "--listen",
                form: "ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080",
            })?)
        }
        RunOption::Net => Grant::Net,
        RunOption::Timeout { nanoseconds } => Grant::Timeout(Duration::from_nanos(nanoseconds)),
        RunOption::Fuel { amount } => Grant::Fuel(amount),
        RunOption::Confine(confine) => Grant::Confine(confine),
        RunOption::MaxFileSize(bytes) => Grant::MaxFileSize(bytes),
        RunOption::MaxFds(count) => Grant::MaxFds(count),
        RunOption::Trap(end) => Grant::Trap(end),
        RunOption::MaxHeap(bytes) => Grant::MaxHeap(bytes),
        RunOption::GcStress => Grant::GcStress,
        RunOption::Workers(count) => Grant::Workers(count),
        RunOption::Reuse(count) => Grant::Reuse(count),
        RunOption::RequestTimeout { nanoseconds } => {
            Grant::RequestTimeout(Duration::from_nanos(nanoseconds))
        }
        RunOption::MaxHostMemory(bytes) => Grant::MaxHostMemory(bytes),
        RunOption::AccessLog => Grant::AccessLog,
    })
}

fn refusal(error: OptionError<'_>) -> GrantError {
    match error {
        OptionError::BadValue { option, form, .. } => GrantError::Form { option, form },
        OptionError::TooLong => GrantError::TooMany,
        OptionError::Unknown(word)
        | OptionError::MissingValue(word)
        | OptionError::UnexpectedValue(word) => {
            GrantError::Unknown(String::from_utf8_lossy(word).into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written() {
        let words = [
            "--dir=/srv/a b::/data:ro",
            "--dir=.",
            "--env=A=b=c",
            "--env=HOME",
            "--inherit-env",
            "--net",
            "--listen=127.0.0.1:80",
            "--listen=[::1]:8080",
            "--timeout=90m",
            "--timeout=1001us",
            "--timeout=2h",
            "--timeout=0.007us",
            "--timeout=1.500us",
            "--fuel=9223372036854775807",
            "--max-file-size=3KiB",
            "--max-file-size=1025",
            "--max-file-size=0",
            "--max-fds=12",
            "--max-heap=5MiB",
            "--gc-stress",
            "--workers=1024",
            "--reuse=1",
            "--request-timeout=2500ms",
            "--max-host-memory=1GiB",
            "--access-log",
            "--confine=auto",
            "--confine=require",
            "--confine=off",
            "--trap=abort",
            "--trap=exit",
        ];
        let grants = Grants::parse(words).expect("all are grants");
        let written: Vec<_> = grants.iter().map(Grant::word).collect();
        assert_eq!(written, words);
        let encoded = grants.encode().expect("a program takes them");
        assert_eq!(
            encoded,
            words.map(|word| format!("{word}\0")).concat().into_bytes()
        );
        // Another way to write the same.
        let other = Grants::parse([
            "--no-confine",
            "--timeout",
            "1.5m",
            "--max-file-size=2048KiB",
        ]);
        let other: Vec<_> = other.unwrap().iter().map(Grant::word).collect();
        assert_eq!(
            other,
            ["--confine=off", "--timeout=90s", "--max-file-size=2MiB"]
        );
    }

    #[test]
    fn what_a_program_would_read_otherwise_is_refused() {
        let dir = |host: &str, guest: &str| Grant::Dir {
            host: host.into(),
            guest: guest.into(),
            access: Access::ReadWrite,
        };
        let env = |name: &str, value: Option<&str>| Grant::Env {
            name: name.into(),
            value: value.map(Into::into),
        };
        let encode = |grant: &Grant| Grants::new().with(grant.clone()).encode();
        for grant in [
            dir("a::b", "/data"),
            dir("a::b", "a::b"),
            dir("a", "/data:ro"),
            dir("", "/data"),
            dir("/data", ""),
            dir("a\0--net", "/data"),
            env("", None),
            env("A=B", None),
            env("A=B", Some("C")),
            env("A", Some("B\0--net")),
            Grant::Timeout(Duration::ZERO),
            Grant::Timeout(Duration::MAX),
            Grant::Fuel(u64::MAX),
        ] {
            assert_eq!(encode(&grant), Err(GrantError::Ambiguous(grant)));
        }
        for grant in [dir("a:b", "/c::d"), env("A", Some("B=C"))] {
            assert!(encode(&grant).is_ok(), "{grant}");
        }
        let many: Grants = std::iter::repeat_n(Grant::Net, MAX_OPTIONS + 1).collect();
        assert_eq!(many.encode(), Err(GrantError::TooMany));
        let long = Grants::new().with(env("A", Some(&"x".repeat(MAX_BYTES))));
        assert_eq!(long.encode(), Err(GrantError::TooMany));
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        let error = |words: &[&str]| Grants::parse(words).unwrap_err().to_string();
        assert_eq!(error(&["--dri=."]), "`--dri=.` is no grant");
        assert_eq!(error(&["--net=1"]), "`--net` is no grant");
        assert_eq!(error(&["--dir"]), "`--dir` is no grant");
        assert_eq!(error(&["--dir=::/x"]), "`--dir` takes HOST[::GUEST][:ro]");
        assert_eq!(
            error(&["--listen=8080"]),
            "`--listen` takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080"
        );
        assert_eq!(
            error(&["--env=A=\0--net"]),
            "`--env=A=\\0--net` is no grant"
        );
    }
}
