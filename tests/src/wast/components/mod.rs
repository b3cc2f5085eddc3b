//! Scripts about components: each instance and the calls of its functions become one executable.
//!
//! Values never pass through the host: a [`driver`] component beside the tested one calls its
//! functions, with [`values`] in core memory, and compares what they return.

mod driver;
mod values;

use std::collections::HashMap;
use std::time::Duration;

use wasmc_compiler::features::Features;
use wasmc_compiler::{Error, Options, compile, validate};
use wast::component::WastVal;
use wast::parser;
use wast::token::Span;
use wast::{
    QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat,
};

use super::report::{Kind, Report};
use super::script::tokens;
use crate::jobs::caught;
use crate::process::{Executable, Launch};
use driver::{Call, driver};

/// How long the calls of an instance may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs a script.
pub fn run(text: &str, options: &Options) -> Report {
    let mut report = Report::default();
    let line = |span: Span| span.linecol_in(text).0 + 1;
    let failed = |error: wast::Error| {
        let message = format!("the script does not parse: {}", error.message());
        let mut report = Report::default();
        report.fail(Kind::Step, line(error.span()), message);
        report
    };
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(error) => return failed(error),
    };
    let script: Wast<'_> = match parser::parse(&tokens) {
        Ok(script) => script,
        Err(error) => return failed(error),
    };
    let mut directives = script.directives;
    let mut components = Vec::new();
    for directive in &mut directives {
        components.push(component_of(directive).map(encode));
    }
    let mut running = Running {
        report: &mut report,
        options,
        definitions: HashMap::new(),
        last_definition: None,
        instances: Vec::new(),
        named: HashMap::new(),
    };
    for (directive, component) in directives.iter().zip(&components) {
        running.directive(line(directive.span()), directive, component.as_ref());
    }
    running.finish();
    report
}

/// What becomes of the component of a directive: its bytes, or why it does not parse.
type Encoded = Result<Vec<u8>, String>;

fn encode(component: &mut QuoteWat<'_>) -> Encoded {
    let bytes = component.to_test().map_err(|error| error.message())?;
    match bytes {
        QuoteWatTest::Binary(bytes) => Ok(bytes),
        QuoteWatTest::Text(text) => {
            let text = std::str::from_utf8(&text).map_err(|_| "malformed UTF-8 encoding")?;
            let encode = || {
                let tokens = tokens(text)?;
                parser::parse::<Wat<'_>>(&tokens)?.encode()
            };
            encode().map_err(|error: wast::Error| error.message())
        }
    }
}

/// The component that a directive has in it.
fn component_of<'d, 'a>(directive: &'d mut WastDirective<'a>) -> Option<&'d mut QuoteWat<'a>> {
    match directive {
        WastDirective::Module(module)
        | WastDirective::ModuleDefinition(module)
        | WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertInvalid { module, .. } => Some(module),
        _ => None,
    }
}

/// An instance of a component, and the calls of its functions.
struct Instance<'s> {
    line: usize,
    component: &'s Encoded,
    /// The line and kind of each, and what it must trap with if it must.
    calls: Vec<(usize, Kind, Call<'s>, Option<&'s str>)>,
}

struct Running<'r, 's> {
    report: &'r mut Report,
    options: &'r Options,
    definitions: HashMap<&'s str, &'s Encoded>,
    last_definition: Option<&'s Encoded>,
    instances: Vec<Instance<'s>>,
    named: HashMap<&'s str, usize>,
}

impl<'s> Running<'_, 's> {
    fn directive(
        &mut self,
        line: usize,
        directive: &'s WastDirective<'s>,
        component: Option<&'s Encoded>,
    ) {
        match directive {
            WastDirective::Module(module) => {
                let component = component.expect("a module has bytes");
                if let Some(id) = module.name() {
                    self.definitions.insert(id.name(), component);
                }
                self.instantiate(line, module.name().map(|id| id.name()), component);
            }
            WastDirective::ModuleDefinition(module) => {
                let component = component.expect("a module has bytes");
                if let Some(id) = module.name() {
                    self.definitions.insert(id.name(), component);
                }
                self.last_definition = Some(component);
                self.accept(line, component);
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let component = match module {
                    Some(id) => self.definitions.get(id.name()).copied(),
                    None => self.last_definition,
                };
                match component {
                    Some(component) => {
                        self.instantiate(line, instance.map(|id| id.name()), component);
                    }
                    None => self.report.fail(Kind::Step, line, "no such definition"),
                }
            }
            WastDirective::AssertMalformed { .. } => {
                self.refuse(Kind::Malformed, line, component.expect("it has bytes"));
            }
            WastDirective::AssertInvalid { .. } => {
                self.refuse(Kind::Invalid, line, component.expect("it has bytes"));
            }
            WastDirective::Invoke(invoke) => self.call(line, Kind::Step, invoke, None, None),
            WastDirective::AssertReturn { exec, results, .. } => {
                let result = match &results[..] {
                    [] => None,
                    [WastRet::Component(value)] => Some(value),
                    _ => return self.report.skip(Kind::Return, "several results"),
                };
                match exec {
                    WastExecute::Invoke(invoke) => {
                        self.call(line, Kind::Return, invoke, Some(result), None);
                    }
                    _ => self.report.skip(Kind::Return, "no call"),
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => match exec {
                WastExecute::Invoke(invoke) => {
                    self.call(line, Kind::Trap, invoke, None, Some(message));
                }
                _ => self.report.skip(Kind::Trap, "a trap while instantiating"),
            },
            _ => self.report.skip(Kind::Other, "other directives"),
        }
    }

    fn instantiate(&mut self, line: usize, id: Option<&'s str>, component: &'s Encoded) {
        if let Some(id) = id {
            self.named.insert(id, self.instances.len());
        }
        self.instances.push(Instance {
            line,
            component,
            calls: Vec::new(),
        });
    }

    fn call(
        &mut self,
        line: usize,
        kind: Kind,
        invoke: &'s WastInvoke<'s>,
        expected: Option<Option<&'s WastVal<'s>>>,
        trap: Option<&'s str>,
    ) {
        let instance = match invoke.module {
            Some(id) => self.named.get(id.name()).copied(),
            None => self.instances.len().checked_sub(1),
        };
        let Some(instance) = instance else {
            return self.report.fail(kind, line, "no such instance");
        };
        let args = invoke.args.iter().map(|arg| match arg {
            WastArg::Component(value) => Some(value),
            _ => None,
        });
        let Some(args) = args.collect() else {
            return self.report.skip(kind, "arguments of core WebAssembly");
        };
        let call = Call {
            function: invoke.name,
            args,
            expected,
        };
        self.instances[instance]
            .calls
            .push((line, kind, call, trap));
    }

    /// A component that must be accepted.
    fn accept(&mut self, line: usize, component: &Encoded) {
        let bytes = match component {
            Ok(bytes) => bytes,
            Err(text) => {
                let text = format!("the text does not parse: {text}");
                return self.report.fail(Kind::Step, line, text);
            }
        };
        match caught(|| validate(bytes, Features::complete())) {
            Ok(Ok(())) => {}
            Ok(Err(Error::Unsupported { message, .. })) => self.report.skip(Kind::Step, &message),
            Ok(Err(error)) => {
                let text = format!("the component is refused: {error}");
                self.report.fail(Kind::Step, line, text);
            }
            Err(panic) => self
                .report
                .fail(Kind::Step, line, format!("a panic: {panic}")),
        }
    }

    /// A component that must be refused.
    fn refuse(&mut self, kind: Kind, line: usize, component: &Encoded) {
        let Ok(bytes) = component else {
            return self.report.pass(kind);
        };
        match caught(|| validate(bytes, Features::complete())) {
            Ok(Err(Error::Invalid { .. })) => self.report.pass(kind),
            Ok(Err(error)) => self.report.skip(kind, &error.to_string()),
            Ok(Ok(())) => self.report.fail(kind, line, "the component is accepted"),
            Err(panic) => self.report.fail(kind, line, format!("a panic: {panic}")),
        }
    }

    /// Makes an executable of each instance that has calls, and judges them.
    fn finish(mut self) {
        for instance in std::mem::take(&mut self.instances) {
            match instance.calls.is_empty() {
                true => self.accept(instance.line, instance.component),
                false => self.execute(instance),
            }
        }
    }

    fn execute(&mut self, instance: Instance<'s>) {
        // Nothing can be called any more once something has trapped.
        let mut calls = instance.calls;
        let trap = calls.iter().position(|(_, _, _, trap)| trap.is_some());
        let later = trap.map_or(Vec::new(), |trap| calls.split_off(trap + 1));
        for (_, kind, ..) in later {
            self.report.skip(kind, "a call after a trap");
        }
        let expected = trap.and_then(|_| calls.last()?.3);
        let outline: Vec<_> = calls
            .iter()
            .map(|(line, kind, ..)| (*line, *kind))
            .collect();
        let calls: Vec<_> = calls.into_iter().map(|(_, _, call, _)| call).collect();
        let outcome = instance
            .component
            .as_ref()
            .map_err(|text| anyhow::anyhow!("the text does not parse: {text}"))
            .and_then(|bytes| self.outcome(bytes, &calls));
        let (status, stderr) = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(reason)) => {
                for (_, kind) in outline {
                    self.report.skip(kind, &reason);
                }
                return;
            }
            Err(error) => {
                for (line, kind) in outline {
                    self.report.fail(kind, line, format!("{error:#}"));
                }
                return;
            }
        };
        // The call that ended the program, if one did: it exits with its number, or traps.
        let (wrong, text) = match (status, expected) {
            (0, None) => (outline.len(), String::new()),
            (134, Some(message)) if is_trap(&stderr, message) => (outline.len(), String::new()),
            (134, Some(message)) => (
                outline.len() - 1,
                format!("expected the trap `{message}`, got {stderr}"),
            ),
            (134, None) => (
                outline.len() - 1,
                format!("a trap in one of them: {stderr}"),
            ),
            (0, Some(_)) => (outline.len() - 1, "it returned".to_owned()),
            (number, _) => (number as usize - 1, "another result".to_owned()),
        };
        for (at, (line, kind)) in outline.into_iter().enumerate() {
            match at.cmp(&wrong) {
                std::cmp::Ordering::Less => self.report.pass(kind),
                std::cmp::Ordering::Equal => self.report.fail(kind, line, text.clone()),
                std::cmp::Ordering::Greater => self.report.skip(kind, "not reached"),
            }
        }
    }

    /// How a program ends that makes the calls: its status and standard error. The inner error is
    /// why there is none, which is no failure.
    fn outcome(
        &self,
        component: &[u8],
        calls: &[Call<'_>],
    ) -> anyhow::Result<Result<(i32, String), String>> {
        let text = match driver(component, calls)? {
            Ok(text) => text,
            Err(reason) => return Ok(Err(reason)),
        };
        let driver = wat::parse_str(&text)?;
        let options = self.options.clone().features(Features::complete());
        let artifact = match caught(|| compile(&driver, &options)) {
            Ok(Ok(artifact)) => artifact,
            Ok(Err(Error::Unsupported { message, .. })) => return Ok(Err(message)),
            Ok(Err(Error::Link { message, .. })) => return Ok(Err(message)),
            Ok(Err(error)) => anyhow::bail!("it does not compile: {error}"),
            Err(panic) => anyhow::bail!("a panic: {panic}"),
        };
        let launch = Launch::on(options.target.arch);
        let outcome = Executable::new(&artifact.bytes)?.run(&launch, LIMIT)?;
        let Some(status) = outcome.code() else {
            anyhow::bail!("{}", outcome.describe());
        };
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        let first = stderr.lines().next().unwrap_or_default();
        Ok(Ok((status, first.to_owned())))
    }
}

/// Texts of scripts, and those of ours that mean the same. Here all values pass through adapters,
/// which do not say as much as a host that lifts and lowers values itself.
const SAME: &[(&str, &str)] = &[
    (
        "string content out-of-bounds",
        "string pointer/length out of bounds of memory",
    ),
    (
        "list content out-of-bounds",
        "list pointer/length out of bounds of memory",
    ),
    (
        "realloc return: beyond end of memory",
        "list pointer/length out of bounds of memory",
    ),
    ("realloc return: result not aligned", "unaligned pointer"),
    (
        "handle index 1 used with the wrong type",
        "handle used with the wrong type: index 1",
    ),
];

/// Whether a trap is the one that a script means.
fn is_trap(stderr: &str, message: &str) -> bool {
    let mut same = SAME.iter();
    stderr.contains(message)
        || same.any(|(theirs, ours)| message.contains(theirs) && stderr.contains(ours))
}
