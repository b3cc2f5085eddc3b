//! A script from its text to its report.

use std::collections::BTreeMap;

use wasmc_compiler::features::Features;
use wasmc_compiler::testing::compile_driver;
use wasmc_compiler::{Artifact, Error, Options};

use super::level::Level;
use super::plan::{self, Inputs, Plan};
use super::report::{Kind, Report};
use super::{Config, judge, script, spectest};
use crate::jobs::caught;
use crate::process::{Executable, Launch};

/// Runs a script. `path` names the folder that the script is from: those of proposals turn the
/// proposal on.
pub fn run(path: &str, text: &str, config: &Config) -> Report {
    let mut report = Report::default();
    let failed = |mut report: Report, error: wast::Error| {
        let line = error.span().linecol_in(text).0 + 1;
        let message = format!("the script does not parse: {}", error.message());
        report.fail(Kind::Step, line, message);
        report
    };
    let tokens = match script::tokens(text) {
        Ok(tokens) => tokens,
        Err(error) => return failed(report, error),
    };
    let directives = match script::directives(text, &tokens) {
        Ok(directives) => directives,
        Err(error) => return failed(report, error),
    };
    let level = Level::of(path, &directives, config.options.features);
    // The script's modules are validated by its own standard, before they are compiled.
    let options = config.options.clone().features(Features::complete());
    let spectest =
        plan::imports_from(&directives, spectest::NAME).then(|| spectest::module(level.features));
    let inputs = Inputs {
        directives: &directives,
        level: &level,
        spectest: spectest.as_deref(),
    };
    let mut refused = BTreeMap::new();
    loop {
        let plan;
        (plan, report) = plan::plan(inputs, &refused);
        if plan.checks.iter().all(|check| check.line == 0) {
            return report;
        }
        match compile(&plan, &options) {
            Ok(artifact) => {
                execute(&plan, &artifact, config, &mut report);
                return report;
            }
            Err(Problem::Unsupported { instance, reason }) => {
                // Each round leaves out one more module, so this ends.
                refused.insert(instance, reason);
            }
            Err(Problem::Other(text)) => {
                for check in &plan.checks {
                    report.fail(check.kind, check.line, text.clone());
                }
                return report;
            }
        }
    }
}

/// Why a plan does not compile.
enum Problem {
    /// An instance's module needs what wasmc does not offer.
    Unsupported { instance: String, reason: String },
    /// Anything else.
    Other(String),
}

fn compile(plan: &Plan<'_>, options: &Options) -> Result<Artifact, Problem> {
    let error = match caught(|| compile_driver(&plan.instances, &plan.commands, options)) {
        Ok(Ok(artifact)) => return Ok(artifact),
        Ok(Err(error)) => error,
        Err(panic) => return Err(Problem::Other(format!("the compiler panicked: {panic}"))),
    };
    let name = error
        .location()
        .and_then(|location| location.instance.as_ref());
    let name = name.or(match &plan.instances[..] {
        [only] => Some(&only.name),
        _ => None,
    });
    let known = plan.instances.iter().find(|spec| Some(&spec.name) == name);
    match (&error, known) {
        (Error::Unsupported { message, .. }, Some(spec)) => Err(Problem::Unsupported {
            instance: spec.name.clone(),
            reason: message.clone(),
        }),
        _ => {
            let place = error.location().map(|location| format!(" {location}"));
            let place = place.unwrap_or_default();
            Err(Problem::Other(format!("failed to compile{place}: {error}")))
        }
    }
}

fn execute(plan: &Plan<'_>, artifact: &Artifact, config: &Config, report: &mut Report) {
    let launch = Launch::on(config.options.target.arch);
    let outcome = Executable::new(&artifact.bytes)
        .and_then(|executable| executable.run(&launch, config.time_limit));
    match outcome {
        Ok(outcome) => judge::judge(&plan.checks, &outcome, report),
        Err(error) => {
            for check in &plan.checks {
                report.fail(check.kind, check.line, format!("{error:#}"));
            }
        }
    }
}
