//! The options of a compiled program, and their parser: one grammar for the options that
//! `wasmc compile` bakes in and for those that `WASMC_OPTIONS` adds at start.
//!
//! Options are words. In memory they are NUL-terminated ([`Program::options`]); in the environment
//! variable they are separated by spaces, and a backslash takes the next byte as it is
//! ([`decode_variable`]).
//!
//! [`Program::options`]: crate::layout::Program::options

/// The environment variable that adds options at start; the guest never sees it.
pub const VARIABLE: &[u8] = b"WASMC_OPTIONS";
/// The environment variable that says how much of a backtrace a trap prints: `full` for every frame,
/// `0` for none, anything else for the ends of a deep stack.
pub const BACKTRACE_VARIABLE: &[u8] = b"WASMC_BACKTRACE";
/// Most bytes of options, baked in or from the variable.
pub const MAX_BYTES: usize = 64 * 1024;
/// What `--max-heap` means at most: beyond it there are no addresses.
pub const MAX_HEAP: u64 = 0x7000_0000;
/// Most options of one kind that a program accepts.
pub const MAX_OPTIONS: usize = 1024;

/// One option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunOption<'a> {
    /// `--dir HOST[::GUEST][:ro]`: preopen the host folder under the guest's name.
    Dir {
        /// Path on the host.
        host: &'a [u8],
        /// Name for the guest; the host's path when not given.
        guest: &'a [u8],
        /// Without rights to change anything.
        read_only: bool,
    },
    /// `--env NAME[=VALUE]`: set a variable, or pass the host's on.
    Env {
        /// The variable's name.
        name: &'a [u8],
        /// Its value; the host's when `None`.
        value: Option<&'a [u8]>,
    },
    /// `--inherit-env`: pass every variable of the host on, but for [`VARIABLE`].
    InheritEnv,
    /// `--listen ADDR:PORT`: a preopened listening TCP socket, and binding to exactly its address.
    Listen {
        /// Address and port, as written.
        address: &'a [u8],
    },
    /// `--net`: the guest may open sockets, connect them and look names up.
    Net,
    /// `--timeout DURATION`: how long the program may run; the last one counts.
    Timeout {
        /// Nanoseconds, at least 1.
        nanoseconds: u64,
    },
    /// `--fuel N`: how many instructions the guest may carry out, in a program that counts them;
    /// the last one counts.
    Fuel {
        /// Instructions, at most `i64::MAX`.
        amount: u64,
    },
    /// `--confine WHEN`, `--no-confine`: whether the kernel confines the program; the last one
    /// decides.
    Confine(Confine),
    /// `--max-file-size SIZE`: most bytes of a file that the program writes; the last one decides.
    MaxFileSize(u64),
    /// `--max-fds N`: most descriptors that the guest may have open; the last one decides.
    MaxFds(u64),
    /// `--max-heap SIZE`: most bytes that live objects may have, in a program with heap types; the
    /// last one decides.
    MaxHeap(u64),
    /// `--gc-stress`: every allocation moves every object, to find out what is not told of it.
    GcStress,
    /// `--trap HOW`: how the process ends after a trap was reported; the last one decides.
    Trap(TrapEnd),
    /// `--workers N`: most processes of a server that answer requests; the last one counts.
    Workers(u64),
    /// `--reuse N`: how many requests an instance answers before there is a new one; the last one
    /// counts.
    Reuse(u64),
    /// `--request-timeout DURATION`: how long a request may take; the last one counts.
    RequestTimeout {
        /// Nanoseconds, at least 1.
        nanoseconds: u64,
    },
    /// `--max-host-memory SIZE`: most bytes that the runtime keeps for the guest; the last one counts.
    MaxHostMemory(u64),
    /// `--access-log`: a line on standard error for each request.
    AccessLog,
}

/// Where a server listens if nothing is said.
pub const DEFAULT_LISTEN: &[u8] = b"0.0.0.0:8080";
/// The port of [`DEFAULT_LISTEN`].
pub const DEFAULT_PORT: u16 = 8080;
/// Most processes of a server that answer requests, if nothing is said.
pub const DEFAULT_WORKERS: u64 = 64;
/// Most processes of a server that may answer requests.
pub const MAX_WORKERS: u64 = 1024;
/// Nanoseconds that a request may take, if nothing is said.
pub const DEFAULT_REQUEST_TIMEOUT: u64 = 60_000_000_000;
/// Bytes that the runtime keeps for the guest, if nothing is said.
pub const DEFAULT_HOST_MEMORY: u64 = 64 << 20;
/// Most bytes that the runtime may keep for the guest.
pub const MAX_HOST_MEMORY: u64 = 1 << 30;

/// How a process ends after a trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrapEnd {
    /// It exits.
    Exit,
    /// SIGABRT ends it at the instruction that trapped, so that there can be a core file.
    Abort,
}

/// Kinds of options: what a part of the runtime is about.
pub mod kinds {
    /// [`RunOption::Dir`](super::RunOption::Dir).
    pub const DIR: u8 = 1;
    /// [`RunOption::Env`](super::RunOption::Env) and
    /// [`RunOption::InheritEnv`](super::RunOption::InheritEnv).
    pub const ENVIRONMENT: u8 = 1 << 1;
    /// [`RunOption::Listen`](super::RunOption::Listen).
    pub const LISTEN: u8 = 1 << 2;
    /// [`RunOption::Net`](super::RunOption::Net).
    pub const NET: u8 = 1 << 3;
    /// How long and how far the guest may run, how much it may open and write, how it ends.
    pub const LIMITS: u8 = 1 << 4;
    /// [`RunOption::Confine`](super::RunOption::Confine).
    pub const CONFINE: u8 = 1 << 5;
    /// How large the heap may become, and when it is collected.
    pub const HEAP: u8 = 1 << 6;
    /// What a server does, and what the runtime keeps for the guest.
    pub const SERVER: u8 = 1 << 7;
}

impl RunOption<'_> {
    /// Its kind, one of [`kinds`].
    pub fn kind(self) -> u8 {
        match self {
            RunOption::Dir { .. } => kinds::DIR,
            RunOption::Env { .. } | RunOption::InheritEnv => kinds::ENVIRONMENT,
            RunOption::Listen { .. } => kinds::LISTEN,
            RunOption::Net => kinds::NET,
            RunOption::Timeout { .. }
            | RunOption::Fuel { .. }
            | RunOption::MaxFileSize(_)
            | RunOption::MaxFds(_)
            | RunOption::Trap(_) => kinds::LIMITS,
            RunOption::Confine(_) => kinds::CONFINE,
            RunOption::MaxHeap(_) | RunOption::GcStress => kinds::HEAP,
            RunOption::Workers(_)
            | RunOption::Reuse(_)
            | RunOption::RequestTimeout { .. }
            | RunOption::MaxHostMemory(_)
            | RunOption::AccessLog => kinds::SERVER,
        }
    }
}

/// Whether the kernel confines a program to what it can need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confine {
    /// As far as the kernel can.
    Auto,
    /// The program does not start where the kernel cannot.
    Require,
    /// It does not.
    Off,
}

/// What is wrong with an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OptionError<'a> {
    /// No option has this name.
    Unknown(&'a [u8]),
    /// The option needs a value.
    MissingValue(&'a [u8]),
    /// The option takes no value.
    UnexpectedValue(&'a [u8]),
    /// The value is not of the option's form.
    BadValue {
        /// The option's name.
        option: &'static str,
        /// The value.
        value: &'a [u8],
        /// The form it should have.
        form: &'static str,
    },
    /// More than [`MAX_BYTES`] or [`MAX_OPTIONS`].
    TooLong,
}

/// Parses NUL-terminated words into options.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    words: Words<'a>,
    count: usize,
}

impl<'a> Options<'a> {
    /// A parser over NUL-terminated words.
    pub fn new(words: &'a [u8]) -> Self {
        Options {
            words: Words(words),
            count: 0,
        }
    }
}

/// An option, or what is wrong with it.
type Parsed<'a> = Result<RunOption<'a>, OptionError<'a>>;

impl<'a> Iterator for Options<'a> {
    type Item = Parsed<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_with(server_option)
    }
}

impl<'a> Options<'a> {
    /// The next option, of those that a program has that is no server; others are unknown. Apart, as
    /// it is part of most programs.
    pub fn next_of_program(&mut self) -> Option<Parsed<'a>> {
        self.next_with(|_, _, _| None)
    }

    /// The next option. `other` says what a name means that not all programs have.
    #[inline(always)]
    fn next_with(
        &mut self,
        other: impl FnOnce(&'a [u8], Option<&'a [u8]>, &mut Words<'a>) -> Option<Parsed<'a>>,
    ) -> Option<Parsed<'a>> {
        let word = self.words.next()?;
        self.count += 1;
        if self.count > MAX_OPTIONS {
            self.words = Words(&[]);
            return Some(Err(OptionError::TooLong));
        }
        let (name, inline_value) = match split_once(word, b"=") {
            Some((name, value)) if word.starts_with(b"--") => (name, Some(value)),
            _ => (word, None),
        };
        let mut value = || {
            inline_value
                .or_else(|| self.words.next())
                .ok_or(OptionError::MissingValue(name))
        };
        let option = match name {
            b"--dir" => value().and_then(parse_dir),
            b"--env" => value().and_then(parse_env),
            b"--listen" => value().map(|address| RunOption::Listen { address }),
            b"--timeout" => value().and_then(parse_timeout),
            b"--fuel" => value().and_then(parse_fuel),
            b"--confine" => value().and_then(parse_confine),
            // One arm for both: this is part of most programs.
            b"--max-file-size" | b"--max-heap" => {
                let is_heap = name == b"--max-heap";
                let option = match is_heap {
                    true => "--max-heap",
                    false => "--max-file-size",
                };
                value()
                    .and_then(|value| parse_size(option, value))
                    .map(|size| match is_heap {
                        true => RunOption::MaxHeap(size),
                        false => RunOption::MaxFileSize(size),
                    })
            }
            b"--max-fds" => value().and_then(parse_max_fds),
            b"--trap" => value().and_then(parse_trap),
            b"--inherit-env" | b"--net" | b"--no-confine" | b"--gc-stress"
                if inline_value.is_some() =>
            {
                Err(OptionError::UnexpectedValue(name))
            }
            b"--inherit-env" => Ok(RunOption::InheritEnv),
            b"--net" => Ok(RunOption::Net),
            b"--no-confine" => Ok(RunOption::Confine(Confine::Off)),
            b"--gc-stress" => Ok(RunOption::GcStress),
            _ => other(name, inline_value, &mut self.words)
                .unwrap_or(Err(OptionError::Unknown(word))),
        };
        if option.is_err() {
            self.words = Words(&[]);
        }
        Some(option)
    }
}

/// Parses an option that servers alone have; `None` for another name.
fn server_option<'a>(
    name: &'a [u8],
    inline_value: Option<&'a [u8]>,
    words: &mut Words<'a>,
) -> Option<Parsed<'a>> {
    let mut value = || {
        inline_value
            .or_else(|| words.next())
            .ok_or(OptionError::MissingValue(name))
    };
    Some(match name {
        b"--workers" => value().and_then(parse_workers),
        b"--reuse" => value().and_then(parse_reuse),
        b"--request-timeout" => value().and_then(parse_request_timeout),
        b"--max-host-memory" => value()
            .and_then(|value| parse_size("--max-host-memory", value))
            .map(RunOption::MaxHostMemory),
        b"--access-log" if inline_value.is_some() => Err(OptionError::UnexpectedValue(name)),
        b"--access-log" => Ok(RunOption::AccessLog),
        _ => return None,
    })
}

/// Parses the value of `--dir`: `HOST[::GUEST][:ro]`.
pub fn parse_dir(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    let (spec, read_only) = match value.strip_suffix(b":ro") {
        Some(spec) => (spec, true),
        None => (value, false),
    };
    let (host, guest) = split_once(spec, b"::").unwrap_or((spec, spec));
    if host.is_empty() || guest.is_empty() {
        return Err(OptionError::BadValue {
            option: "--dir",
            value,
            form: "HOST[::GUEST][:ro]",
        });
    }
    Ok(RunOption::Dir {
        host,
        guest,
        read_only,
    })
}

/// Parses the value of `--env`: `NAME[=VALUE]`.
pub fn parse_env(word: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    let (name, value) = match split_once(word, b"=") {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    if name.is_empty() {
        return Err(OptionError::BadValue {
            option: "--env",
            value: word,
            form: "NAME[=VALUE]",
        });
    }
    Ok(RunOption::Env { name, value })
}

/// Parses the value of `--confine`.
fn parse_confine(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    let confine = match value {
        b"auto" => Confine::Auto,
        b"require" => Confine::Require,
        b"off" => Confine::Off,
        _ => {
            return Err(OptionError::BadValue {
                option: "--confine",
                value,
                form: "auto, require or off",
            });
        }
    };
    Ok(RunOption::Confine(confine))
}

/// Parses the value of `--trap`.
fn parse_trap(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    let end = match value {
        b"exit" => TrapEnd::Exit,
        b"abort" => TrapEnd::Abort,
        _ => {
            return Err(OptionError::BadValue {
                option: "--trap",
                value,
                form: "exit or abort",
            });
        }
    };
    Ok(RunOption::Trap(end))
}

/// Parses a number of bytes: decimal digits, and a unit or none.
pub fn parse_size<'a>(option: &'static str, value: &'a [u8]) -> Result<u64, OptionError<'a>> {
    // Not a table: its pointers would have to be relocated at start.
    let (digits, shift) = if let Some(digits) = value.strip_suffix(b"KiB") {
        (digits, 10)
    } else if let Some(digits) = value.strip_suffix(b"MiB") {
        (digits, 20)
    } else if let Some(digits) = value.strip_suffix(b"GiB") {
        (digits, 30)
    } else {
        (value, 0)
    };
    let bytes = parse_number(digits).and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or(OptionError::BadValue {
        option,
        value,
        form: "SIZE, such as 64MiB",
    })
}

/// Parses the value of `--max-fds`: a decimal number.
fn parse_max_fds(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_number(value) {
        Some(count) => Ok(RunOption::MaxFds(count)),
        None => Err(OptionError::BadValue {
            option: "--max-fds",
            value,
            form: "N, a number of descriptors",
        }),
    }
}

/// Parses the value of `--timeout`: a decimal number and a unit.
pub fn parse_timeout(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_duration(value) {
        Some(nanoseconds @ 1..) => Ok(RunOption::Timeout { nanoseconds }),
        _ => Err(OptionError::BadValue {
            option: "--timeout",
            value,
            form: "DURATION, such as 500ms, 5s, 1.5m or 2h",
        }),
    }
}

/// Parses the value of `--request-timeout`: a decimal number and a unit.
fn parse_request_timeout(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_duration(value) {
        Some(nanoseconds @ 1..) => Ok(RunOption::RequestTimeout { nanoseconds }),
        _ => Err(OptionError::BadValue {
            option: "--request-timeout",
            value,
            form: "DURATION, such as 500ms, 5s, 1.5m or 2h",
        }),
    }
}

/// Parses the value of `--workers`: a decimal number.
fn parse_workers(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_number(value) {
        Some(count @ 1..=MAX_WORKERS) => Ok(RunOption::Workers(count)),
        _ => Err(OptionError::BadValue {
            option: "--workers",
            value,
            form: "N, a number of processes from 1 to 1024",
        }),
    }
}

/// Parses the value of `--reuse`: a decimal number.
fn parse_reuse(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_number(value) {
        Some(count @ 1..) => Ok(RunOption::Reuse(count)),
        _ => Err(OptionError::BadValue {
            option: "--reuse",
            value,
            form: "N, a number of requests from 1",
        }),
    }
}

/// Parses the value of `--fuel`: a decimal number.
pub fn parse_fuel(value: &[u8]) -> Result<RunOption<'_>, OptionError<'_>> {
    match parse_number(value) {
        Some(amount) if amount <= i64::MAX as u64 => Ok(RunOption::Fuel { amount }),
        _ => Err(OptionError::BadValue {
            option: "--fuel",
            value,
            form: "N, a number of instructions",
        }),
    }
}

/// The nanoseconds that a text such as `500ms` or `1.5s` means, seconds without a unit; parts of a
/// nanosecond are dropped.
fn parse_duration(text: &[u8]) -> Option<u64> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale: u64 = match unit {
        b"us" => 1_000,
        b"ms" => 1_000_000,
        b"" | b"s" => 1_000_000_000,
        b"m" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = match split_once(number, b".") {
        Some((whole, fraction)) => (whole, fraction),
        None => (number, &b"0"[..]),
    };
    let mut total = parse_number(whole)?.checked_mul(scale)?;
    let mut share = scale;
    if fraction.is_empty() {
        return None;
    }
    for &byte in fraction {
        if !byte.is_ascii_digit() {
            return None;
        }
        share /= 10;
        total = total.checked_add(share * u64::from(byte - b'0'))?;
    }
    Some(total)
}

/// A decimal number without sign.
fn parse_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Decodes the value of [`VARIABLE`] into NUL-terminated words in `out`; returns how many bytes
/// were written, or an error when they do not fit.
pub fn decode_variable(value: &[u8], out: &mut [u8]) -> Result<usize, OptionError<'static>> {
    let mut len = 0;
    let mut in_word = false;
    let mut bytes = value.iter().copied();
    let mut push = |byte: u8| {
        let slot = out.get_mut(len).ok_or(OptionError::TooLong)?;
        *slot = byte;
        len += 1;
        Ok(())
    };
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' if in_word => {
                push(0)?;
                in_word = false;
            }
            b' ' => {}
            b'\\' => {
                push(bytes.next().unwrap_or(b'\\'))?;
                in_word = true;
            }
            _ => {
                push(byte)?;
                in_word = true;
            }
        }
    }
    if in_word {
        push(0)?;
    }
    Ok(len)
}

/// Calls `push` with the bytes of `word` as [`decode_variable`] reads them back.
pub fn encode_word(word: &[u8], mut push: impl FnMut(u8)) {
    for &byte in word {
        if byte == b' ' || byte == b'\\' {
            push(b'\\');
        }
        push(byte);
    }
}

/// NUL-terminated words.
#[derive(Clone, Debug)]
struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| byte == 0)?;
        let word = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(word)
    }
}

fn split_once<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_option() {
        let words = b"--dir\0/tmp::/t:ro\0--dir=.\0--env\0A=b=c\0--env=HOME\0--inherit-env\0--net\0--listen\x00127.0.0.1:80\0";
        let mut options = Options::new(words).map(Result::unwrap);
        assert_eq!(
            options.next(),
            Some(RunOption::Dir {
                host: b"/tmp",
                guest: b"/t",
                read_only: true
            })
        );
        assert_eq!(
            options.next(),
            Some(RunOption::Dir {
                host: b".",
                guest: b".",
                read_only: false
            })
        );
        assert_eq!(
            options.next(),
            Some(RunOption::Env {
                name: b"A",
                value: Some(b"b=c")
            })
        );
        assert_eq!(
            options.next(),
            Some(RunOption::Env {
                name: b"HOME",
                value: None
            })
        );
        assert_eq!(options.next(), Some(RunOption::InheritEnv));
        assert_eq!(options.next(), Some(RunOption::Net));
        assert_eq!(
            options.next(),
            Some(RunOption::Listen {
                address: b"127.0.0.1:80"
            })
        );
        assert_eq!(options.next(), None);
    }

    #[test]
    fn reads_confinement_and_limits() {
        let words = b"--no-confine\0--confine=require\0--max-fds\x0012\0--max-file-size=3KiB\0--trap=abort\0--trap\0exit\0--max-heap=5MiB\0--gc-stress\0";
        let mut options = Options::new(words).map(Result::unwrap);
        assert_eq!(options.next(), Some(RunOption::Confine(Confine::Off)));
        assert_eq!(options.next(), Some(RunOption::Confine(Confine::Require)));
        assert_eq!(options.next(), Some(RunOption::MaxFds(12)));
        assert_eq!(options.next(), Some(RunOption::MaxFileSize(3072)));
        assert_eq!(options.next(), Some(RunOption::Trap(TrapEnd::Abort)));
        assert_eq!(options.next(), Some(RunOption::Trap(TrapEnd::Exit)));
        assert_eq!(options.next(), Some(RunOption::MaxHeap(5 << 20)));
        assert_eq!(options.next(), Some(RunOption::GcStress));
        for size in [
            "",
            "KiB",
            "x",
            "1kb",
            "-1",
            "99999999999999999999",
            "18014398509481984KiB",
        ] {
            assert!(parse_size("--x", size.as_bytes()).is_err(), "{size}");
        }
        assert_eq!(parse_size("--x", b"0"), Ok(0));
        assert_eq!(parse_size("--x", b"7GiB"), Ok(7 << 30));
        let error = |words| Options::new(words).find_map(Result::err);
        assert!(matches!(
            error(b"--confine=maybe\0"),
            Some(OptionError::BadValue { .. })
        ));
        assert_eq!(
            error(b"--no-confine=1\0"),
            Some(OptionError::UnexpectedValue(b"--no-confine"))
        );
        assert!(matches!(
            error(b"--max-heap=much\0"),
            Some(OptionError::BadValue {
                option: "--max-heap",
                ..
            })
        ));
    }

    #[test]
    fn rejects_what_it_does_not_know() {
        let error = |words| Options::new(words).find_map(Result::err);
        assert_eq!(error(b"--dri\0"), Some(OptionError::Unknown(b"--dri")));
        assert_eq!(error(b"--dir\0"), Some(OptionError::MissingValue(b"--dir")));
        assert_eq!(
            error(b"--net=1\0"),
            Some(OptionError::UnexpectedValue(b"--net"))
        );
        assert!(matches!(
            error(b"--env\0=x\0"),
            Some(OptionError::BadValue { .. })
        ));
        assert!(matches!(
            error(b"--dir\0::/x\0"),
            Some(OptionError::BadValue { .. })
        ));
    }

    #[test]
    fn reads_limits() {
        let option = |words| Options::new(words).next().unwrap();
        let timeout = |nanoseconds| Ok(RunOption::Timeout { nanoseconds });
        assert_eq!(option(b"--timeout=5s\0"), timeout(5_000_000_000));
        assert_eq!(option(b"--timeout\x00500ms\0"), timeout(500_000_000));
        assert_eq!(option(b"--timeout=2\0"), timeout(2_000_000_000));
        assert_eq!(option(b"--timeout=1.5m\0"), timeout(90_000_000_000));
        assert_eq!(option(b"--timeout=0.25ms\0"), timeout(250_000));
        assert_eq!(option(b"--timeout=7us\0"), timeout(7_000));
        assert_eq!(option(b"--timeout=1h\0"), timeout(3_600_000_000_000));
        let fuel = |amount| Ok(RunOption::Fuel { amount });
        assert_eq!(option(b"--fuel=0\0"), fuel(0));
        assert_eq!(
            option(b"--fuel\x009223372036854775807\0"),
            fuel(i64::MAX as u64)
        );
        for wrong in [
            &b"--timeout=\0"[..],
            b"--timeout=0\0",
            b"--timeout=-1s\0",
            b"--timeout=s\0",
            b"--timeout=1.s\0",
            b"--timeout=.5s\0",
            b"--timeout=1.5.5s\0",
            b"--timeout=5 s\0",
            b"--timeout=1d\0",
            b"--timeout=99999999999h\0",
            b"--fuel=\0",
            b"--fuel=-1\0",
            b"--fuel=1k\0",
            b"--fuel=9223372036854775808\0",
        ] {
            let result = option(wrong);
            assert!(
                matches!(result, Err(OptionError::BadValue { .. })),
                "{result:?}"
            );
        }
    }

    #[test]
    fn reads_what_servers_are_told() {
        let option = |words| Options::new(words).next().unwrap();
        assert_eq!(option(b"--workers=8\0"), Ok(RunOption::Workers(8)));
        assert_eq!(option(b"--reuse\x00100\0"), Ok(RunOption::Reuse(100)));
        let timeout = |nanoseconds| Ok(RunOption::RequestTimeout { nanoseconds });
        assert_eq!(option(b"--request-timeout=2s\0"), timeout(2_000_000_000));
        let memory = Ok(RunOption::MaxHostMemory(1 << 20));
        assert_eq!(option(b"--max-host-memory=1MiB\0"), memory);
        assert_eq!(option(b"--access-log\0"), Ok(RunOption::AccessLog));
        assert_eq!(RunOption::AccessLog.kind(), kinds::SERVER);
        let unknown = Options::new(b"--workers=8\0").next_of_program();
        assert_eq!(unknown, Some(Err(OptionError::Unknown(b"--workers=8"))));
        for wrong in [
            &b"--workers=0\0"[..],
            b"--workers=1025\0",
            b"--workers=\0",
            b"--reuse=0\0",
            b"--reuse=x\0",
            b"--request-timeout=0\0",
            b"--max-host-memory=1MB\0",
        ] {
            let result = option(wrong);
            assert!(
                matches!(result, Err(OptionError::BadValue { .. })),
                "{result:?}"
            );
        }
        assert_eq!(
            option(b"--access-log=1\0"),
            Err(OptionError::UnexpectedValue(b"--access-log"))
        );
    }

    #[test]
    fn the_variable_round_trips() {
        let mut out = [0; 64];
        let len = decode_variable(br"--dir  a\ b\\c --net", &mut out).unwrap();
        assert_eq!(&out[..len], b"--dir\0a b\\c\0--net\0");
        let mut encoded = [0; 16];
        let mut at = 0;
        encode_word(br"a b\c", |byte| {
            encoded[at] = byte;
            at += 1;
        });
        assert_eq!(&encoded[..at], br"a\ b\\c");
        assert_eq!(
            decode_variable(b"0123456789", &mut [0; 4]),
            Err(OptionError::TooLong)
        );
    }
}
