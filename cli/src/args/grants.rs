//! The grants of a program (`--dir`, `--env`, `--inherit-env`, `--listen`, `--net`), the limits of
//! its run (`--timeout`, `--fuel`, `--max-file-size`, `--max-fds`, `--max-heap`, `--max-host-memory`),
//! its confinement (`--confine`, `--no-confine`), what it does as a server (`--workers`, `--reuse`,
//! `--request-timeout`, `--access-log`) and its end by a trap (`--trap`).
//!
//! Their words are those that a program reads, in the order of the command line: file descriptors
//! are numbered in that order.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use wasmc_compiler::grants::{self, Grant, GrantError};

/// The grants of a program.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// A word for each, such as `--dir=.::/data`, each of which a program accepts.
    pub words: Vec<OsString>,
}

impl Grants {
    /// What the words mean; an error when a program would refuse that many.
    pub fn parse(&self) -> Result<grants::Grants, GrantError> {
        grants::Grants::parse(&self.words)
    }

    /// Whether the program is given fuel, and so has to count.
    pub fn has_fuel(&self) -> bool {
        let is_fuel = |grant: &Grant| matches!(grant, Grant::Fuel(_));
        self.parse().is_ok_and(|grants| grants.iter().any(is_fuel))
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

/// Whether the program will accept the word.
fn check(word: &OsStr) -> Result<(), String> {
    if let Some(address) = word.as_bytes().strip_prefix(b"--listen=") {
        let parsed = str::from_utf8(address).ok();
        let parsed = parsed.and_then(|address| address.parse::<SocketAddr>().ok());
        return parsed.map(drop).ok_or_else(|| listen_form(address));
    }
    match grants::Grants::parse([word]) {
        Ok(grants) => match grants.iter().next() {
            Some(Grant::Dir { host, guest, .. }) if host == guest => colon_form(host.as_bytes()),
            _ => Ok(()),
        },
        Err(GrantError::Form { form, .. }) => Err(format!("expected {form}")),
        // Said once, of all of them, by who uses them.
        Err(GrantError::TooMany) => Ok(()),
        Err(other) => Err(other.to_string()),
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
