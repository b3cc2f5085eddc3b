//! Does the program start threads of the guest (wasi-threads), and is everything there for that?
//!
//! Each thread is a new instantiation that shares the memories. Programs that cannot start any are
//! planned as if threads did not exist.

use wasmc_abi::wasi;
use wasmparser::ValType;

use super::world::{FuncKind, Instance, World};
use crate::error::{Error, Location, Result};
use crate::index::{FuncId, InstanceId};
use crate::module::Entity;
use crate::options::Options;

/// How threads start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threads {
    /// What a thread calls: `wasi_thread_start` of the instance that starts threads.
    pub entry: FuncId,
}

/// The imports of `thread-spawn`, by instance.
pub(super) fn spawners(world: &World<'_>) -> Vec<(InstanceId, FuncId)> {
    let is_spawn = |&func: &FuncId| match world.funcs[func].kind {
        FuncKind::Wasi { function, .. } => function.symbol == wasi::THREAD_SPAWN.symbol,
        FuncKind::Defined { .. } | FuncKind::Host { .. } => false,
    };
    let mut spawners = Vec::new();
    for (id, instance) in world.instances.iter() {
        let imported = instance.funcs.values().take(instance.module.imported_funcs);
        spawners.extend(imported.copied().filter(is_spawn).map(|func| (id, func)));
    }
    // An instance may have imported another's import.
    let mut seen = Vec::new();
    spawners.retain(|&(_, func)| {
        let is_new = !seen.contains(&func);
        seen.push(func);
        is_new
    });
    spawners
}

/// What threads of an instance call, if it exports that.
pub(super) fn entry(instance: &Instance<'_>) -> Option<FuncId> {
    let Some(Entity::Func(index)) = instance.module.export(wasi::THREAD_START) else {
        return None;
    };
    let ty = instance.module.func_type(index);
    let fits = ty.params() == [ValType::I32, ValType::I32] && ty.results().is_empty();
    fits.then(|| instance.funcs[index])
}

/// Decides how threads start, if live code starts any: `live` tells which functions are.
pub(super) fn choose(
    world: &World<'_>,
    live: impl Fn(FuncId) -> bool,
    options: &Options,
) -> Result<Option<Threads>> {
    let mut instances: Vec<InstanceId> = spawners(world)
        .into_iter()
        .filter(|&(_, func)| live(func))
        .map(|(id, _)| id)
        .collect();
    instances.dedup();
    let id = match instances[..] {
        [] => return Ok(None),
        [id] => id,
        _ => {
            return Err(unsupported(
                "several of the linked modules start threads",
                "link them into one module",
            ));
        }
    };
    if world.types.has_objects() {
        return Err(unsupported(
            "the program starts threads and has types of objects (`gc`): the standard says nothing \
             of objects that threads share",
            "build it without threads",
        ));
    }
    let instance = &world.instances[id];
    let Some(entry) = entry(instance) else {
        let message = match instance.module.export(wasi::THREAD_START) {
            None => "the module starts threads but does not export `wasi_thread_start`",
            Some(_) => "`wasi_thread_start` is not a function of type (param i32 i32)",
        };
        return Err(unsupported(
            message,
            "build for `wasm32-wasip1-threads`, or export the function that threads shall call",
        ));
    };
    // A memory that a module defines belongs to one instantiation, and each thread is one.
    if world
        .memories
        .values()
        .any(|memory| memory.made_for.is_none())
    {
        return Err(unsupported(
            "the module starts threads but defines a memory: each thread would have one of its own",
            "link with `--import-memory` and `--shared-memory`, so that threads share it",
        ));
    }
    if options.fuel {
        return Err(unsupported(
            "the module starts threads, and `--fuel` counts the instructions of one only",
            "use `--timeout`",
        ));
    }
    Ok(Some(Threads { entry }))
}

fn unsupported(message: &str, hint: &str) -> Error {
    Error::Unsupported {
        message: message.into(),
        location: Location::default(),
        hint: Some(hint.into()),
    }
}
