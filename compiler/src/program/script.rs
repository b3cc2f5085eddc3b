//! The commands of a spec-suite driver, with names resolved to entities.

use cranelift_codegen::entity::EntityRef;

use super::world::World;
use crate::error::{Error, Result};
use crate::index::{FuncId, GlobalId, InstanceId, MemoryId};
use crate::instances::Command;
use crate::module::Entity;

/// A command; [`wasmc_abi::script::ScriptCommandKind`] says what each does.
#[derive(Clone, Debug)]
pub enum ScriptStep {
    Instantiate(InstanceId),
    Invoke { func: FuncId, args: Vec<u128> },
    ReadGlobal(GlobalId),
    HashMemory(MemoryId),
}

/// Resolves the exports that commands name.
pub(super) fn resolve(world: &World<'_>, commands: &[Command]) -> Result<Vec<ScriptStep>> {
    let export = |instance: usize, name: &str| {
        let instance = &world.instances[InstanceId::new(instance)];
        let missing = || Error::Link {
            message: format!("instance `{}` has no export `{name}`", instance.name),
            hint: None,
        };
        instance
            .module
            .export(name)
            .map(|entity| (instance, entity))
            .ok_or_else(missing)
    };
    let wrong_kind = |name: &str| Error::Link {
        message: format!("export `{name}` is of another kind than the command needs"),
        hint: None,
    };
    let resolve_one = |command: &Command| match command {
        Command::Instantiate(instance) => Ok(ScriptStep::Instantiate(InstanceId::new(*instance))),
        Command::Invoke {
            instance,
            export: name,
            args,
        } => match export(*instance, name)? {
            (instance, Entity::Func(func)) => Ok(ScriptStep::Invoke {
                func: instance.funcs[func],
                args: args.clone(),
            }),
            _ => Err(wrong_kind(name)),
        },
        Command::ReadGlobal {
            instance,
            export: name,
        } => match export(*instance, name)? {
            (instance, Entity::Global(global)) => {
                Ok(ScriptStep::ReadGlobal(instance.globals[global]))
            }
            _ => Err(wrong_kind(name)),
        },
        Command::HashMemory {
            instance,
            export: name,
        } => match export(*instance, name)? {
            (instance, Entity::Memory(memory)) => {
                Ok(ScriptStep::HashMemory(instance.memories[memory]))
            }
            _ => Err(wrong_kind(name)),
        },
    };
    commands.iter().map(resolve_one).collect()
}
