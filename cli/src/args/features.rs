//! `-W`: WebAssembly proposals by name.

use std::fmt::Write as _;
use std::process;

use wasmc_compiler::features::{Features, PROPOSALS, Status};

use crate::output;

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

/// Parses `FEATURE` and `no-FEATURE`. `help` prints the list and ends the process, as `--help`
/// does: there is nothing to compile.
pub(super) fn parse_switch(text: &str) -> Result<FeatureSwitch, String> {
    if text == "help" {
        let printed = output::print(&list());
        process::exit(if printed.is_ok() { 0 } else { 1 });
    }
    let (name, enabled) = match text.strip_prefix("no-") {
        Some(name) => (name, false),
        None => (text, true),
    };
    Features::default()
        .set(name, enabled)
        .map_err(|cause| format!("{cause}; `-W help` lists the proposals"))?;
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
            (Status::Heapless, _) => "what needs no heap, on by default",
            (_, true) => "on by default",
            (_, false) => "off by default",
        };
        writeln!(text, "  {:width$}  {state}", proposal.name).expect("a String takes all");
    }
    text
}
