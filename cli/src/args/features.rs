//! `-W`: WebAssembly proposals by name.

use std::ffi::OsStr;
use std::fmt::Write as _;

use clap::builder::TypedValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};
use wasmc_compiler::features::{Features, PROPOSALS, Status};

use super::suggest::did_you_mean;

/// One `-W` value: a proposal turned on or off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureSwitch {
    /// The proposal's name; it exists and can be set so.
    pub name: String,
    /// On or off.
    pub enabled: bool,
}

/// The features that the switches leave on, the last one of a name deciding.
pub fn features(switches: &[FeatureSwitch]) -> Features {
    let mut features = Features::default();
    for switch in switches {
        features
            .set(&switch.name, switch.enabled)
            .expect("the parser accepted the switch");
    }
    features
}

/// Parses `FEATURE` and `no-FEATURE`; `help` asks for the list.
#[derive(Clone, Debug)]
pub(super) struct SwitchParser;

impl TypedValueParser for SwitchParser {
    type Value = FeatureSwitch;

    /// `help` is an error as `--help` is one: there is nothing to do but to print the list
    /// ([`asked_list`]), whatever else the command line lacks.
    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<FeatureSwitch, Error> {
        if value == "help" {
            let mut help = Error::new(ErrorKind::DisplayHelp).with_cmd(command);
            help.insert(ContextKind::Custom, ContextValue::String(list()));
            return Err(help);
        }
        let parser: fn(&str) -> Result<FeatureSwitch, String> = parse_switch;
        parser.parse_ref(command, arg, value)
    }
}

/// The list of proposals, if the error says that it was asked for.
pub fn asked_list(error: &Error) -> Option<&str> {
    match error.get(ContextKind::Custom) {
        Some(ContextValue::String(list)) if error.kind() == ErrorKind::DisplayHelp => Some(list),
        _ => None,
    }
}

fn parse_switch(text: &str) -> Result<FeatureSwitch, String> {
    let (name, enabled) = match text.strip_prefix("no-") {
        Some(name) => (name, false),
        None => (text, true),
    };
    Features::default().set(name, enabled).map_err(|cause| {
        let names = PROPOSALS.iter().map(|proposal| proposal.name);
        let meant = match names.clone().any(|known| known == name) {
            true => String::new(),
            false => did_you_mean(name, names),
        };
        format!("{cause}; `-W help` lists the proposals{meant}")
    })?;
    Ok(FeatureSwitch {
        name: name.to_owned(),
        enabled,
    })
}

/// The proposals, a line each.
fn list() -> String {
    let mut text = "WebAssembly proposals for -W FEATURE and -W no-FEATURE:\n\n".to_owned();
    let width = PROPOSALS.iter().map(|p| p.name.len()).max().unwrap_or(0);
    for proposal in PROPOSALS {
        let state = match (proposal.status, proposal.default) {
            (Status::NotYet, _) => "not supported yet",
            (Status::Synchronous, _) => "what is not asynchronous, on by default",
            (_, true) => "on by default",
            (_, false) => "off by default",
        };
        writeln!(text, "  {:width$}  {state}", proposal.name).expect("a String takes all");
    }
    text
}
