//! From bytes to a validated [`Module`].
//!
//! One pass: each section is validated and recorded as it comes, then the function bodies are
//! validated in parallel, and what the planner must know of them is noted on the way.
//!
//! - [`walk`]: the order, which [`inspect`](crate::inspect()) follows too;
//! - [`sections`], [`facts`]: what sections and bodies say;
//! - [`operators`]: what is known of operators;
//! - [`refusal`]: why a module is refused.

mod facts;
mod operators;
mod refusal;
mod sections;
pub(crate) mod walk;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::wasi;
use wasmparser::{Parser, Payload};

use crate::error::{Error, Location, Result};
use crate::features::Features;
use crate::index::FuncIndex;
use crate::module::Module;
use facts::Facts;

pub(crate) use operators::{memory_of, proposal_of};
pub(crate) use refusal::is_a_component;

/// Most bytes of a module: text offsets and line tables are 32 bits.
const MAX_MODULE_BYTES: usize = 1 << 30;

/// Parses and validates a module.
pub(crate) fn parse(bytes: &[u8], features: Features) -> Result<Module<'_>> {
    if bytes.len() > MAX_MODULE_BYTES {
        return Err(Error::Limit {
            message: format!("the module has {} bytes, more than 1 GiB", bytes.len()),
            location: Location::default(),
        });
    }
    if Parser::is_component(bytes) {
        return Err(is_a_component());
    }
    let features = match spawns_threads(bytes) {
        true => features.with_threads(),
        false => features,
    };
    match parse_sections(bytes, features) {
        Err(Error::Invalid { message, location }) => {
            Err(refusal::explain(bytes, features, message, location))
        }
        result => result,
    }
}

fn parse_sections(bytes: &[u8], features: Features) -> Result<Module<'_>> {
    let mut module = Module::default();
    let bodies = walk::sections(bytes, features.bits(), |payload| {
        sections::record(&mut module, payload)
    })?;
    let name = |index| module.func_name(FuncIndex::from_u32(index));
    let bodies = walk::bodies(bodies, name, Facts::note, Facts::finish)?;
    let first = module.imported_funcs;
    for (index, body) in bodies.into_iter().enumerate() {
        module.funcs[FuncIndex::new(first + index)].body = Some(body);
    }
    Ok(module)
}

/// Whether a module imports `thread-spawn` of wasi-threads: it was built for threads, which need no
/// flag then.
fn spawns_threads(module: &[u8]) -> bool {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    let mut imports = payloads
        // Imports come before code, of which there may be much.
        .take_while(|payload| !matches!(payload, Payload::CodeSectionStart { .. }))
        .filter_map(|payload| match payload {
            Payload::ImportSection(reader) => Some(reader.into_imports()),
            _ => None,
        })
        .flatten()
        .flatten();
    imports.any(|import| {
        import.module == wasi::THREADS_MODULE && import.name == wasi::THREAD_SPAWN.name
    })
}
