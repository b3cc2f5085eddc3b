//! Does a batch of modules, in one executable, do what it must?

use wasmc_compiler::testing::{Command, compile_driver};
use wasmc_compiler::{InstanceSpec, Options};

use super::reference::{self, Action, Expect, Step};
use super::{Disagreement, Variant, generate};
use crate::jobs::caught;
use crate::process::{Executable, Launch};
use crate::records::Records;

/// A module and what it must do.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub seed: u64,
    pub module: Vec<u8>,
    pub steps: Vec<Step>,
}

impl Case {
    /// The case of a seed; the error says why wasmi cannot judge it.
    pub(super) fn of(seed: u64) -> Result<Case, String> {
        let module = generate::module(seed);
        let steps = reference::steps(seed, &module)?;
        Ok(Case {
            seed,
            module,
            steps,
        })
    }
}

/// The disagreements of a batch: at most one for each module.
pub(super) fn check(cases: &[Case], variant: &Variant) -> Vec<Disagreement> {
    if cases.is_empty() {
        return Vec::new();
    }
    let bytes = match compile(cases, &variant.options) {
        Ok(bytes) => bytes,
        Err(text) if cases.len() == 1 => return vec![disagreement(&cases[0], variant, None, text)],
        // One of them does not compile: the half that it is in will not either.
        Err(_) => return halves(cases, variant),
    };
    let launch = Launch::on(variant.options.target.arch);
    let outcome = Executable::new(&bytes)
        .and_then(|executable| executable.run(&launch, variant.time_limit))
        .expect("the executable can be written and started");
    let mut records = Records::new(&outcome.stdout);
    let mut number = 0;
    let mut found = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let mut judged = false;
        for (step_number, step) in case.steps.iter().enumerate() {
            let event = match records.next(number) {
                Ok(event) => event,
                Err(text) => {
                    let text = format!(
                        "{text}: {}; {}",
                        outcome.describe(),
                        String::from_utf8_lossy(&outcome.stderr).trim()
                    );
                    found.push(disagreement(case, variant, Some(step_number), text));
                    // The modules after it have not run.
                    found.extend(check(&cases[at + 1..], variant));
                    return found;
                }
            };
            number += 1;
            if !judged && !reference::agrees(&step.expect, &event) {
                judged = true;
                let text = format!("expected {}, got {event:x?}", describe(&step.expect));
                found.push(disagreement(case, variant, Some(step_number), text));
            }
        }
    }
    found
}

fn halves(cases: &[Case], variant: &Variant) -> Vec<Disagreement> {
    let (first, second) = cases.split_at(cases.len() / 2);
    let mut found = check(first, variant);
    found.extend(check(second, variant));
    found
}

fn describe(expect: &Expect) -> String {
    match expect {
        Expect::Results(patterns) => format!("{patterns:x?}"),
        Expect::Trap(code) => format!("trap `{}`", code.trap_message()),
    }
}

fn disagreement(case: &Case, variant: &Variant, step: Option<usize>, text: String) -> Disagreement {
    Disagreement {
        seed: case.seed,
        variant: variant.name,
        text,
        case: case.clone(),
        step,
    }
}

/// The executable of a batch: an instance for each module, and the steps one after another.
fn compile(cases: &[Case], options: &Options) -> Result<Vec<u8>, String> {
    let instances: Vec<_> = cases
        .iter()
        .map(|case| InstanceSpec::new(format!("seed {:#x}", case.seed), &case.module))
        .collect();
    let commands: Vec<_> = cases
        .iter()
        .enumerate()
        .flat_map(|(instance, case)| case.steps.iter().map(move |step| command(instance, step)))
        .collect();
    match caught(|| compile_driver(&instances, &commands, options)) {
        Ok(Ok(artifact)) => Ok(artifact.bytes),
        Ok(Err(error)) => Err(format!("it does not compile: {error}")),
        Err(panic) => Err(format!("the compiler panicked: {panic}")),
    }
}

fn command(instance: usize, step: &Step) -> Command {
    match &step.action {
        Action::Instantiate => Command::Instantiate(instance),
        Action::Invoke { export, args } => Command::Invoke {
            instance,
            export: export.clone(),
            args: args.iter().map(|arg| arg.bits()).collect(),
        },
        Action::ReadGlobal(export) => Command::ReadGlobal {
            instance,
            export: export.clone(),
        },
        Action::HashMemory(export) => Command::HashMemory {
            instance,
            export: export.clone(),
        },
    }
}
