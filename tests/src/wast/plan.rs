//! From a script's directives to the instances and commands of an executable.
//!
//! Names are resolved here: `$id`s and registered names to instances, at their place in the
//! script. What wasmc refuses is judged here too.

use std::collections::{BTreeMap, HashMap};

use wasmc_compiler::testing::{Command, check_imports};
use wasmc_compiler::{Error, InstanceSpec};
use wasmparser::{Parser, Payload};

use super::level::{self, Level};
use super::report::{Kind, Report};
use super::script::{Action, Body, COMPONENT, Directive, Encoded, Expect};
use super::spectest;
use crate::jobs::caught;

/// What a script's executable consists of.
pub(super) struct Plan<'a> {
    /// Its instances.
    pub instances: Vec<InstanceSpec<'a>>,
    /// Its commands.
    pub commands: Vec<Command>,
    /// What must happen at each command.
    pub checks: Vec<Check<'a>>,
}

/// What must happen at a command.
pub(super) struct Check<'a> {
    /// The directive's line.
    pub line: usize,
    /// What its directive counts as.
    pub kind: Kind,
    /// What must happen.
    pub expect: Expect<'a>,
}

/// What makes a script's modules: the same for every attempt to plan it.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub directives: &'a [Directive<'a>],
    pub level: &'a Level,
    /// The module `spectest`, if the script mentions it.
    pub spectest: Option<&'a [u8]>,
}

/// Plans a script. Modules named in `refused` (by instance name) are left out for the reason
/// given: the compiler turned out not to compile them.
pub(super) fn plan<'a>(
    inputs: Inputs<'a>,
    refused: &BTreeMap<String, String>,
) -> (Plan<'a>, Report) {
    let mut planner = Planner {
        level: inputs.level,
        refused,
        plan: Plan {
            instances: Vec::new(),
            commands: Vec::new(),
            checks: Vec::new(),
        },
        report: Report::default(),
        last: None,
        named: HashMap::new(),
        registered: HashMap::new(),
        definitions: HashMap::new(),
        last_definition: None,
    };
    if let Some(bytes) = inputs.spectest {
        let handle = planner.instantiate(0, spectest::NAME.into(), bytes);
        planner.registered.insert(spectest::NAME, handle);
    }
    for (number, directive) in inputs.directives.iter().enumerate() {
        planner.directive(number, directive);
    }
    (planner.plan, planner.report)
}

/// Whether a module of the script imports from a module of this name.
pub(super) fn imports_from(directives: &[Directive<'_>], name: &str) -> bool {
    directives
        .iter()
        .filter_map(level::valid_module)
        .any(|module| imports_of(module).iter().any(|&(from, _)| from == name))
}

/// What a name means.
#[derive(Clone)]
enum Handle {
    /// An instance of the executable.
    Live(usize),
    /// There is none; what depends on it is skipped for this reason.
    Skipped(String),
    /// There is none; what depends on it fails for this reason.
    Failed(String),
}

/// Why a module is no instance of the executable.
enum Refusal {
    /// It needs what wasmc does not offer.
    Unsupported(String),
    /// It is malformed or does not validate.
    Invalid(String),
    /// An import does not match.
    Unlinkable(String),
    /// Something else went wrong.
    Failed(String),
}

impl Refusal {
    fn into_handle(self) -> Handle {
        match self {
            Refusal::Unsupported(reason) => Handle::Skipped(reason),
            Refusal::Invalid(text) => Handle::Failed(format!("the module is refused: {text}")),
            Refusal::Unlinkable(text) => {
                Handle::Failed(format!("the module does not link: {text}"))
            }
            Refusal::Failed(text) => Handle::Failed(text),
        }
    }
}

struct Planner<'a, 'b> {
    level: &'a Level,
    refused: &'b BTreeMap<String, String>,
    plan: Plan<'a>,
    report: Report,
    last: Option<Handle>,
    named: HashMap<&'a str, Handle>,
    registered: HashMap<&'a str, Handle>,
    definitions: HashMap<&'a str, &'a Encoded>,
    last_definition: Option<&'a Encoded>,
}

impl<'a> Planner<'a, '_> {
    fn directive(&mut self, number: usize, directive: &'a Directive<'a>) {
        let line = directive.line;
        match &directive.body {
            Body::Module { id, module } => self.module(number, line, *id, module),
            Body::Definition { id, module } => {
                if let Some(id) = id {
                    self.definitions.insert(id, module);
                }
                self.last_definition = Some(module);
            }
            Body::Instance { id, definition } => {
                let module = match definition {
                    Some(name) => self.definitions.get(name).copied(),
                    None => self.last_definition,
                };
                match module {
                    Some(module) => self.module(number, line, *id, module),
                    None => self
                        .report
                        .fail(Kind::Step, line, "no such module definition"),
                }
            }
            Body::Register { name, id } => match self.handle(*id) {
                Ok(handle) => {
                    self.registered.insert(name, handle);
                }
                Err(text) => self.report.fail(Kind::Step, line, text),
            },
            Body::Action { action, expect } => self.action(number, line, action, expect),
            Body::Refuse { kind, module } => self.refuse(*kind, line, module),
            Body::Unlinkable { module, message } => {
                self.unlinkable(number, line, module, message);
            }
            Body::Skip { reason, assertions } => {
                for _ in 0..*assertions {
                    self.report.skip(Kind::Other, reason);
                }
            }
        }
    }

    /// A module that must instantiate.
    fn module(&mut self, number: usize, line: usize, id: Option<&'a str>, module: &'a Encoded) {
        let handle = match module {
            Encoded::Component => Handle::Skipped(COMPONENT.into()),
            Encoded::Malformed(text) => Handle::Failed(format!("the text does not parse: {text}")),
            Encoded::Bytes(bytes) => self.instantiate(line, instance_name(number, line, id), bytes),
        };
        match &handle {
            Handle::Live(_) => {}
            Handle::Skipped(reason) => self.report.skip(Kind::Step, reason),
            Handle::Failed(text) => self.report.fail(Kind::Step, line, text.clone()),
        }
        if let Some(id) = id {
            self.named.insert(id, handle.clone());
        }
        self.last = Some(handle);
    }

    /// Adds an instance and the command that instantiates it, which must succeed.
    fn instantiate(&mut self, line: usize, name: String, bytes: &'a [u8]) -> Handle {
        match self.add(name, bytes) {
            Ok(instance) => {
                self.command(line, Command::Instantiate(instance), Expect::Completion);
                Handle::Live(instance)
            }
            Err(refusal) => refusal.into_handle(),
        }
    }

    fn action(&mut self, number: usize, line: usize, action: &'a Action<'a>, expect: &Expect<'a>) {
        let kind = expect.kind();
        let (id, export) = match action {
            Action::Instantiate(module) => {
                let refusal = match module {
                    Encoded::Component => Refusal::Unsupported(COMPONENT.into()),
                    Encoded::Malformed(text) => Refusal::Failed(text.clone()),
                    Encoded::Bytes(bytes) => {
                        match self.add(instance_name(number, line, None), bytes) {
                            Ok(instance) => {
                                let command = Command::Instantiate(instance);
                                return self.command(line, command, expect.clone());
                            }
                            Err(refusal) => refusal,
                        }
                    }
                };
                return self.absent(kind, line, refusal.into_handle());
            }
            Action::Invoke { id, export, .. } | Action::Get { id, export } => (*id, *export),
        };
        let instance = match self.handle(id) {
            Ok(Handle::Live(instance)) => instance,
            Ok(handle) => return self.absent(kind, line, handle),
            Err(text) => return self.report.fail(kind, line, text),
        };
        let export = export.to_owned();
        let command = match action {
            Action::Invoke { args: None, .. } => return self.report.skip(kind, COMPONENT),
            Action::Invoke {
                args: Some(args), ..
            } => Command::Invoke {
                instance,
                export,
                args: args.clone(),
            },
            _ => Command::ReadGlobal { instance, export },
        };
        self.command(line, command, expect.clone());
    }

    /// An assertion that a module is invalid or malformed.
    fn refuse(&mut self, kind: Kind, line: usize, module: &Encoded) {
        let bytes = match module {
            Encoded::Component => return self.report.skip(kind, COMPONENT),
            Encoded::Malformed(_) => return self.report.pass(kind),
            Encoded::Bytes(bytes) => bytes,
        };
        match self.validate(bytes) {
            Err(Refusal::Invalid(_)) => self.report.pass(kind),
            Err(Refusal::Unsupported(_)) if self.level.standard_refuses(bytes) => {
                self.report.pass(kind);
            }
            Err(Refusal::Unsupported(reason)) => self.report.skip(kind, &reason),
            Err(Refusal::Unlinkable(text) | Refusal::Failed(text)) => {
                self.report.fail(kind, line, text);
            }
            Ok(()) => self.report.fail(kind, line, "the module is accepted"),
        }
    }

    fn unlinkable(&mut self, number: usize, line: usize, module: &'a Encoded, message: &'a str) {
        let kind = Kind::Unlinkable;
        let refusal = match module {
            Encoded::Component => Refusal::Unsupported(COMPONENT.into()),
            Encoded::Malformed(text) => Refusal::Failed(text.clone()),
            Encoded::Bytes(bytes) => match self.add(instance_name(number, line, None), bytes) {
                Ok(instance) => {
                    // The current size of an imported memory or table may still be too small.
                    let expect = Expect::Unlinkable(message);
                    return self.command(line, Command::Instantiate(instance), expect);
                }
                Err(refusal) => refusal,
            },
        };
        match refusal {
            Refusal::Unlinkable(text) if text.contains(message) => self.report.pass(kind),
            Refusal::Unlinkable(text) => {
                let text = format!("expected `{message}`, got `{text}`");
                self.report.fail(kind, line, text);
            }
            refusal => self.absent(kind, line, refusal.into_handle()),
        }
    }

    /// Judges an assertion about an instance that does not exist.
    fn absent(&mut self, kind: Kind, line: usize, handle: Handle) {
        match handle {
            Handle::Skipped(reason) => self.report.skip(kind, &reason),
            Handle::Failed(text) => self.report.fail(kind, line, text),
            Handle::Live(_) => unreachable!("the instance exists"),
        }
    }

    fn command(&mut self, line: usize, command: Command, expect: Expect<'a>) {
        self.plan.commands.push(command);
        self.plan.checks.push(Check {
            line,
            kind: expect.kind(),
            expect,
        });
    }

    /// What an `$id`, or its absence, means at this place in the script.
    fn handle(&self, id: Option<&str>) -> Result<Handle, String> {
        match id {
            Some(id) => self
                .named
                .get(id)
                .cloned()
                .ok_or_else(|| format!("no module is named ${id}")),
            None => self
                .last
                .clone()
                .ok_or_else(|| "there is no module yet".into()),
        }
    }

    /// Adds an instance to the executable, if wasmc accepts its module and its imports.
    fn add(&mut self, name: String, module: &'a [u8]) -> Result<usize, Refusal> {
        if let Some(reason) = self.refused.get(&name) {
            return Err(Refusal::Unsupported(reason.clone()));
        }
        let validated = match name == spectest::NAME {
            // Its two memories are no matter of the script's standard.
            true => Ok(()),
            false => self.validate(module),
        };
        match (validated, self.level.not_yet) {
            // The parser knows another version of the proposal.
            (Err(Refusal::Invalid(_)), Some(proposal)) => {
                return Err(Refusal::Unsupported(proposal.into()));
            }
            (result, _) => result?,
        }
        let mut imports = HashMap::new();
        for (from, item) in imports_of(module) {
            if from == spectest::NAME
                && let Some(proposal) = spectest::left_out(item, self.level.features)
            {
                return Err(Refusal::Unsupported(proposal.into()));
            }
            match self.registered.get(from) {
                Some(Handle::Live(instance)) => {
                    imports.insert(from.to_owned(), *instance);
                }
                Some(Handle::Skipped(reason)) => return Err(Refusal::Unsupported(reason.clone())),
                Some(Handle::Failed(_)) => {
                    let text = format!("it imports from `{from}`, which failed");
                    return Err(Refusal::Failed(text));
                }
                None => {}
            }
        }
        let spec = InstanceSpec::new(name, module).imports(imports);
        self.check_imports(&spec)?;
        self.plan.instances.push(spec);
        Ok(self.plan.instances.len() - 1)
    }

    /// Validates a module by wasmc's front end.
    fn validate(&self, module: &[u8]) -> Result<(), Refusal> {
        match caught(|| wasmc_compiler::validate(module, self.level.features)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::Unsupported { message, .. })) => {
                let missing = level::missing(module, self.level.features);
                let reason = missing.unwrap_or_else(|| level::reason(&message));
                Err(Refusal::Unsupported(reason))
            }
            Ok(Err(Error::Invalid { message, .. })) => Err(Refusal::Invalid(message)),
            Ok(Err(error)) => Err(Refusal::Failed(error.to_string())),
            Err(panic) => Err(Refusal::Failed(format!("validate panicked: {panic}"))),
        }
    }

    /// Checks imports against the instances that they come from, directly or not.
    fn check_imports(&self, spec: &InstanceSpec<'a>) -> Result<(), Refusal> {
        let mut needed: Vec<usize> = spec.imports.values().copied().collect();
        let mut at = 0;
        while let Some(&instance) = needed.get(at) {
            needed.extend(self.plan.instances[instance].imports.values());
            at += 1;
        }
        needed.sort_unstable();
        needed.dedup();
        let mut specs: Vec<_> = needed
            .iter()
            .map(|&instance| self.plan.instances[instance].clone())
            .collect();
        specs.push(spec.clone());
        for spec in &mut specs {
            for instance in spec.imports.values_mut() {
                *instance = needed.binary_search(instance).expect("it is needed");
            }
        }
        let index = specs.len() - 1;
        match caught(|| check_imports(&specs, index)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::Link { message, .. })) => Err(Refusal::Unlinkable(message)),
            Ok(Err(error)) => Err(Refusal::Failed(error.to_string())),
            Err(panic) => Err(Refusal::Failed(format!("check_imports panicked: {panic}"))),
        }
    }
}

/// The module and item names of a module's imports, as far as it can be read.
fn imports_of(module: &[u8]) -> Vec<(&str, &str)> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Ok(Payload::ImportSection(reader)) = payload {
            let imports = reader.into_imports().flatten();
            names.extend(imports.map(|import| (import.module, import.name)));
        }
    }
    names
}

fn instance_name(number: usize, line: usize, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("${id} (line {line}, directive {number})"),
        None => format!("line {line}, directive {number}"),
    }
}
