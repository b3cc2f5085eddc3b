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
/// Most bytes of options, baked in or from the variable.
pub const MAX_BYTES: usize = 64 * 1024;
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
    /// `--listen ADDR:PORT`: a preopened listening TCP socket.
    Listen {
        /// Address and port, as written.
        address: &'a [u8],
    },
    /// `--net`: the guest may open sockets.
    Net,
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

impl<'a> Iterator for Options<'a> {
    type Item = Result<RunOption<'a>, OptionError<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
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
            b"--inherit-env" | b"--net" if inline_value.is_some() => {
                Err(OptionError::UnexpectedValue(name))
            }
            b"--inherit-env" => Ok(RunOption::InheritEnv),
            b"--net" => Ok(RunOption::Net),
            _ => Err(OptionError::Unknown(word)),
        };
        if option.is_err() {
            self.words = Words(&[]);
        }
        Some(option)
    }
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
