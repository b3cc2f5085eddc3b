//! The grants of a program (`--dir`, `--env`, `--inherit-env`, `--listen`, `--net`), the limits of
//! its run (`--timeout`, `--fuel`, `--max-file-size`, `--max-fds`, `--max-heap`, `--max-host-memory`),
//! its confinement (`--confine`, `--no-confine`), what it does as a server (`--workers`, `--reuse`,
//! `--request-timeout`, `--access-log`) and its end by a trap (`--trap`).
//!
//! They reach the program as the words that `wasmc_abi::options` parses, in the order of the
//! command line: file descriptors are numbered in that order.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use wasmc_abi::options::{MAX_BYTES, OptionError, Options, RunOption};

/// The grants of a program.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// A word for each, such as `--dir=.::/data`, valid for `wasmc_abi::options`.
    pub words: Vec<OsString>,
}

impl Grants {
    /// The words with a NUL behind each, as the program's image has them; an error when a program
    /// would refuse that many.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        let bytes = encode(&self.words);
        if bytes.len() > MAX_BYTES {
            return Err(format!("the grants have more than {MAX_BYTES} bytes"));
        }
        match Options::new(&bytes).find_map(Result::err) {
            Some(error) => Err(explain(error)),
            None => Ok(bytes),
        }
    }

    /// Whether the program is given fuel, and so has to count.
    pub fn has_fuel(&self) -> bool {
        let bytes = encode(&self.words);
        Options::new(&bytes).any(|option| matches!(option, Ok(RunOption::Fuel { .. })))
    }

    /// Calls `use_grant` for each grant, in order.
    pub fn for_each(&self, use_grant: impl FnMut(RunOption<'_>)) {
        let bytes = encode(&self.words);
        Options::new(&bytes)
            .filter_map(Result::ok)
            .for_each(use_grant);
    }
}

/// Headings of the help.
const GRANTS: &str = "Grants";
const LIMITS: &str = "Limits and confinement";
const SERVERS: &str = "Servers";
const DEBUGGING: &str = "Debugging";

/// The flags: heading, name, value's form (none for a switch), help.
const FLAGS: &[(&str, &str, Option<&str>, &str)] = &[
    (
        GRANTS,
        "dir",
        Some("HOST[::GUEST][:ro]"),
        "Let the program use a folder, under the name GUEST, with `:ro` without changing it",
    ),
    (
        GRANTS,
        "env",
        Some("NAME[=VALUE]"),
        "Set an environment variable, or pass the one of this name on",
    ),
    (
        GRANTS,
        "inherit-env",
        None,
        "Pass every environment variable on",
    ),
    (
        GRANTS,
        "listen",
        Some("ADDR:PORT"),
        "Let the program accept connections at a TCP address; where a server listens",
    ),
    (
        GRANTS,
        "net",
        None,
        "Let the program open TCP and UDP sockets, connect and look names up",
    ),
    (
        LIMITS,
        "timeout",
        Some("DURATION"),
        "End the program with a trap after this time, such as `500ms`, `5s` or `2m`",
    ),
    (
        LIMITS,
        "fuel",
        Some("N"),
        "End the program with a trap after N instructions; it counts them, and is slower",
    ),
    (
        LIMITS,
        "max-file-size",
        Some("SIZE"),
        "Most bytes of a file that the program writes, such as `64MiB`",
    ),
    (
        LIMITS,
        "max-fds",
        Some("N"),
        "Most descriptors that the program may have open, standard streams included",
    ),
    (
        LIMITS,
        "max-heap",
        Some("SIZE"),
        "Most bytes that the garbage-collected objects in use may have, such as `64MiB`",
    ),
    (
        LIMITS,
        "max-host-memory",
        Some("SIZE"),
        "Most bytes that the runtime keeps for a program that speaks HTTP, such as `64MiB`",
    ),
    (
        SERVERS,
        "workers",
        Some("N"),
        "Most processes of a server that answer requests, a connection each",
    ),
    (
        SERVERS,
        "reuse",
        Some("N"),
        "How many requests an instance answers before there is a new one",
    ),
    (
        SERVERS,
        "request-timeout",
        Some("DURATION"),
        "How long a request may take, such as `500ms`, `5s` or `2m`",
    ),
    (
        SERVERS,
        "access-log",
        None,
        "Write a line for each request to standard error",
    ),
    (
        LIMITS,
        "confine",
        Some("WHEN"),
        "Let the kernel refuse what the program cannot need: `auto` where it can, `require` or do \
         not start, `off`",
    ),
    (LIMITS, "no-confine", None, "Short for `--confine=off`"),
    (
        DEBUGGING,
        "gc-stress",
        None,
        "Move every garbage-collected object whenever one is allocated, to find faults of wasmc",
    ),
    (
        DEBUGGING,
        "trap",
        Some("HOW"),
        "How the program ends after a trap, with status 134 either way: `exit`, or `abort` by \
         SIGABRT at the instruction that trapped, for a debugger or a core file",
    ),
];

impl Args for Grants {
    fn augment_args(command: Command) -> Command {
        FLAGS
            .iter()
            .fold(command, |command, &(heading, name, form, help)| {
                let arg = Arg::new(name).long(name).help(help).help_heading(heading);
                command.arg(match form {
                    None => arg.action(ArgAction::SetTrue),
                    Some(form) => arg.value_name(form).action(ArgAction::Append).value_parser(
                        OsStringValueParser::new().try_map(move |value| {
                            let word = word(name, Some(&value));
                            check(&word).map(|()| word)
                        }),
                    ),
                })
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Grants::augment_args(command)
    }
}

impl FromArgMatches for Grants {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Grants, Error> {
        let mut words = Vec::new();
        for &(_, name, form, _) in FLAGS {
            let indices = matches.indices_of(name).into_iter().flatten();
            if form.is_some() {
                let values = matches.get_many::<OsString>(name).into_iter().flatten();
                words.extend(indices.zip(values.cloned()));
            } else if matches.get_flag(name) {
                words.extend(indices.take(1).map(|index| (index, word(name, None))));
            }
        }
        words.sort_by_key(|&(index, _)| index);
        Ok(Grants {
            words: words.into_iter().map(|(_, word)| word).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Grants::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `--name=value`, or `--name`.
fn word(name: &str, value: Option<&OsStr>) -> OsString {
    let mut word = format!("--{name}").into_bytes();
    if let Some(value) = value {
        word.push(b'=');
        word.extend_from_slice(value.as_bytes());
    }
    OsString::from_vec(word)
}

fn encode(words: &[OsString]) -> Vec<u8> {
    words
        .iter()
        .flat_map(|word| word.as_bytes().iter().copied().chain([0]))
        .collect()
}

/// Whether the program will accept the word.
fn check(word: &OsStr) -> Result<(), String> {
    let bytes = encode(&[word.to_owned()]);
    match Options::new(&bytes).next() {
        Some(Ok(RunOption::Listen { address })) => str::from_utf8(address)
            .ok()
            .and_then(|address| address.parse::<SocketAddr>().ok())
            .map(|_| ())
            .ok_or_else(|| listen_form(address)),
        Some(Ok(RunOption::Dir { host, guest, .. })) if host == guest => colon_form(host),
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(explain(error)),
        None => unreachable!("the word ends with a NUL"),
    }
}

/// What `--listen` takes, in terms of what was given.
fn listen_form(given: &[u8]) -> String {
    let given = String::from_utf8_lossy(given);
    let port = given
        .trim_start_matches(':')
        .trim_start_matches("localhost:");
    match port.parse::<u16>() {
        Ok(port) => format!(
            "expected ADDR:PORT: 127.0.0.1:{port} for this machine alone, 0.0.0.0:{port} for all"
        ),
        Err(_) => "expected ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080".to_owned(),
    }
}

/// Refuses a folder that is not there, but would be if its name meant what it means elsewhere.
fn colon_form(host: &[u8]) -> Result<(), String> {
    let host = String::from_utf8_lossy(host);
    match host.split_once(':') {
        Some((folder, name))
            if !Path::new(&*host).exists() && Path::new(folder).is_dir() && !name.is_empty() =>
        {
            Err(format!("the form is HOST::GUEST: write `{folder}::{name}`"))
        }
        _ => Ok(()),
    }
}

fn explain(error: OptionError<'_>) -> String {
    match error {
        OptionError::BadValue { form, .. } => format!("expected {form}"),
        OptionError::TooLong => "there are too many grants".to_owned(),
        OptionError::Unknown(word)
        | OptionError::MissingValue(word)
        | OptionError::UnexpectedValue(word) => {
            format!("`{}` is no grant", String::from_utf8_lossy(word))
        }
    }
}
