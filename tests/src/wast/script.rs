//! Reads a script: every directive with its line, modules encoded, arguments as bits.

use wast::core::WastRetCore;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{
    QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat,
};

use super::report::Kind;
use super::values;

/// A directive of a script.
pub(super) struct Directive<'a> {
    /// Its line, from 1.
    pub line: usize,
    /// What it says.
    pub body: Body<'a>,
}

/// What a directive says.
pub(super) enum Body<'a> {
    /// Instantiate a module.
    Module {
        id: Option<&'a str>,
        module: Encoded,
    },
    /// Keep a module for [`Body::Instance`].
    Definition {
        id: Option<&'a str>,
        module: Encoded,
    },
    /// Instantiate a kept module.
    Instance {
        id: Option<&'a str>,
        definition: Option<&'a str>,
    },
    /// Make an instance known to importers.
    Register { name: &'a str, id: Option<&'a str> },
    /// Do something and compare what happens.
    Action {
        action: Action<'a>,
        expect: Expect<'a>,
    },
    /// The module must be refused.
    Refuse { kind: Kind, module: Encoded },
    /// The module must not link.
    Unlinkable { module: Encoded, message: &'a str },
    /// Assertions that the harness cannot judge.
    Skip {
        reason: &'static str,
        assertions: usize,
    },
}

/// A module's bytes, or why there are none.
pub(super) enum Encoded {
    Bytes(Vec<u8>),
    /// The text does not parse.
    Malformed(String),
    /// It is a component.
    Component,
}

/// Something that can be done.
pub(super) enum Action<'a> {
    Invoke {
        id: Option<&'a str>,
        export: &'a str,
        /// `None` when an argument has no encoding (components').
        args: Option<Vec<u128>>,
    },
    Get {
        id: Option<&'a str>,
        export: &'a str,
    },
    Instantiate(Encoded),
}

/// What must happen.
#[derive(Clone)]
pub(super) enum Expect<'a> {
    /// It ends normally, whatever the results.
    Completion,
    /// It ends with these results.
    Results(std::rc::Rc<Vec<WastRetCore<'a>>>),
    /// It traps with this text.
    Trap(&'a str),
    /// It uses up the stack.
    Exhaustion(&'a str),
    /// It throws.
    Exception,
    /// An import does not match.
    Unlinkable(&'a str),
}

impl Expect<'_> {
    /// The kind of assertion that expects this.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Expect::Completion => Kind::Step,
            Expect::Results(_) => Kind::Return,
            Expect::Trap(_) => Kind::Trap,
            Expect::Exhaustion(_) => Kind::Exhaustion,
            Expect::Exception => Kind::Exception,
            Expect::Unlinkable(_) => Kind::Unlinkable,
        }
    }
}

/// Splits a script's text into tokens; the result must outlive the directives.
pub(super) fn tokens(text: &str) -> Result<ParseBuffer<'_>, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

/// Reads the directives of a script.
pub(super) fn directives<'a>(
    text: &'a str,
    tokens: &'a ParseBuffer<'a>,
) -> Result<Vec<Directive<'a>>, wast::Error> {
    let wast: Wast<'a> = parser::parse(tokens)?;
    let line = |span: Span| span.linecol_in(text).0 + 1;
    Ok(wast
        .directives
        .into_iter()
        .map(|directive| Directive {
            line: line(directive.span()),
            body: body(directive),
        })
        .collect())
}

fn body(directive: WastDirective<'_>) -> Body<'_> {
    match directive {
        WastDirective::Module(module) => Body::Module {
            id: name_of(module.name()),
            module: encode(module),
        },
        WastDirective::ModuleDefinition(module) => Body::Definition {
            id: name_of(module.name()),
            module: encode(module),
        },
        WastDirective::ModuleInstance {
            instance, module, ..
        } => Body::Instance {
            id: name_of(instance),
            definition: name_of(module),
        },
        WastDirective::Register { name, module, .. } => Body::Register {
            name,
            id: name_of(module),
        },
        WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertMalformedCustom { module, .. } => Body::Refuse {
            kind: Kind::Malformed,
            module: encode(module),
        },
        WastDirective::AssertInvalid { module, .. }
        | WastDirective::AssertInvalidCustom { module, .. } => Body::Refuse {
            kind: Kind::Invalid,
            module: encode(module),
        },
        WastDirective::AssertUnlinkable {
            module, message, ..
        } => Body::Unlinkable {
            module: encode(QuoteWat::Wat(module)),
            message,
        },
        WastDirective::Invoke(call) => Body::Action {
            action: invoke(call),
            expect: Expect::Completion,
        },
        WastDirective::AssertTrap { exec, message, .. } => Body::Action {
            action: action(exec),
            expect: Expect::Trap(message),
        },
        WastDirective::AssertExhaustion { call, message, .. } => Body::Action {
            action: invoke(call),
            expect: Expect::Exhaustion(message),
        },
        WastDirective::AssertException { exec, .. } => Body::Action {
            action: action(exec),
            expect: Expect::Exception,
        },
        WastDirective::AssertReturn { exec, results, .. } => match core_results(results) {
            Some(results) => Body::Action {
                action: action(exec),
                expect: Expect::Results(results.into()),
            },
            None => Body::Skip {
                reason: COMPONENT,
                assertions: 1,
            },
        },
        WastDirective::AssertSuspension { .. } => Body::Skip {
            reason: "stack-switching",
            assertions: 1,
        },
        WastDirective::Thread(thread) => Body::Skip {
            reason: "scripts with threads",
            assertions: thread.directives.iter().map(assertions).sum(),
        },
        WastDirective::Wait { .. } => Body::Skip {
            reason: "scripts with threads",
            assertions: 0,
        },
    }
}

/// The reason why components are skipped.
pub(super) const COMPONENT: &str = "component-model";

/// How many assertions a directive is or holds.
fn assertions(directive: &WastDirective<'_>) -> usize {
    match directive {
        WastDirective::Module(_)
        | WastDirective::ModuleDefinition(_)
        | WastDirective::ModuleInstance { .. }
        | WastDirective::Register { .. }
        | WastDirective::Invoke(_)
        | WastDirective::Wait { .. } => 0,
        WastDirective::Thread(thread) => thread.directives.iter().map(assertions).sum(),
        _ => 1,
    }
}

fn name_of(id: Option<Id<'_>>) -> Option<&str> {
    id.map(|id| id.name())
}

fn action(exec: WastExecute<'_>) -> Action<'_> {
    match exec {
        WastExecute::Invoke(call) => invoke(call),
        WastExecute::Wat(module) => Action::Instantiate(encode(QuoteWat::Wat(module))),
        WastExecute::Get { module, global, .. } => Action::Get {
            id: name_of(module),
            export: global,
        },
    }
}

fn invoke(call: WastInvoke<'_>) -> Action<'_> {
    let args = call.args.iter().map(|arg| match arg {
        WastArg::Core(value) => Some(values::argument(value)),
        _ => None,
    });
    Action::Invoke {
        id: name_of(call.module),
        export: call.name,
        args: args.collect(),
    }
}

fn core_results(results: Vec<WastRet<'_>>) -> Option<Vec<WastRetCore<'_>>> {
    let core = |result| match result {
        WastRet::Core(core) => Some(core),
        _ => None,
    };
    results.into_iter().map(core).collect()
}

fn encode(mut module: QuoteWat<'_>) -> Encoded {
    match &module {
        QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..) => {
            return Encoded::Component;
        }
        _ => {}
    }
    let bytes = module
        .to_test()
        .map_err(|error| error.message())
        .and_then(|test| match test {
            QuoteWatTest::Binary(bytes) => Ok(bytes),
            QuoteWatTest::Text(text) => encode_text(&text),
        });
    match bytes {
        Ok(bytes) => Encoded::Bytes(bytes),
        Err(message) => Encoded::Malformed(message),
    }
}

fn encode_text(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "malformed UTF-8 encoding".to_owned())?;
    let encode = || {
        let tokens = tokens(text)?;
        parser::parse::<Wat<'_>>(&tokens)?.encode()
    };
    encode().map_err(|error: wast::Error| error.message())
}
