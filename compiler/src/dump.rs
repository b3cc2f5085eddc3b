//! The compilation as text, for users and golden tests.

use std::fmt::Write as _;

use cranelift_codegen::entity::EntityRef;

use crate::codegen::{self, IrStage};
use crate::error::{Error, Result};
use crate::index::{FuncId, FuncIndex, InstanceId};
use crate::isa::CodeTarget;
use crate::module::Entity;
use crate::program::{CodeItem, FuncKind, Program};

/// Cranelift IR of the functions asked for.
pub(crate) fn clif(
    program: &Program<'_>,
    target: &CodeTarget,
    functions: &[String],
    stage: IrStage,
) -> Result<Vec<u8>> {
    let items = chosen(program, functions)?;
    let parts = codegen::print_ir(program, target, &items, stage)?;
    Ok(join(program, &items, parts))
}

/// Assembly of the functions asked for.
pub(crate) fn asm(
    program: &Program<'_>,
    target: &CodeTarget,
    functions: &[String],
) -> Result<Vec<u8>> {
    let items = chosen(program, functions)?;
    let parts = codegen::disassemble(program, target, &items)?;
    Ok(join(program, &items, parts))
}

/// The parts of the text that are asked for, in its order: all of them, or functions by name, name
/// of an export, or index, of whatever instance has them.
fn chosen(program: &Program<'_>, functions: &[String]) -> Result<Vec<CodeItem>> {
    if functions.is_empty() {
        return Ok(program.code.clone());
    }
    for function in functions {
        if !program.code.iter().any(|&item| is(program, item, function)) {
            return Err(missing(program, function));
        }
    }
    let is_chosen = |&&item: &&CodeItem| functions.iter().any(|name| is(program, item, name));
    Ok(program.code.iter().filter(is_chosen).copied().collect())
}

/// Whether a part of the text is the function that a user means.
fn is(program: &Program<'_>, item: CodeItem, function: &str) -> bool {
    let CodeItem::Func(id) = item else {
        return false;
    };
    match program.world.funcs[id].kind {
        FuncKind::Defined { instance, index } => is_defined(program, id, instance, index, function),
        FuncKind::Wasi { function: wasi, .. } => wasi.name == function,
        FuncKind::Host { function: host, .. } => host.name == function,
    }
}

fn is_defined(
    program: &Program<'_>,
    id: FuncId,
    instance: InstanceId,
    index: FuncIndex,
    function: &str,
) -> bool {
    let module = &program.world.instances[instance].module;
    program.world.funcs[id].name.as_deref() == Some(function)
        || module.export(function) == Some(Entity::Func(index))
        || function.parse() == Ok(index.as_u32())
}

/// Why a function is not part of the text.
fn missing(program: &Program<'_>, function: &str) -> Error {
    let is_dead = program
        .world
        .funcs
        .iter()
        .any(|(id, func)| match func.kind {
            FuncKind::Defined { instance, index } => {
                is_defined(program, id, instance, index, function)
            }
            FuncKind::Wasi { .. } | FuncKind::Host { .. } => false,
        });
    let (message, hint) = match is_dead {
        true => (
            format!("the function `{function}` is not compiled: nothing that can run calls it"),
            None,
        ),
        false => (
            format!("no function has the name or index `{function}`"),
            Some("names are those of the name section and of exports".to_owned()),
        ),
    };
    Error::Unsupported {
        message,
        location: crate::Location::default(),
        hint,
    }
}

fn join(program: &Program<'_>, items: &[CodeItem], parts: Vec<String>) -> Vec<u8> {
    let mut text = String::new();
    for (&item, part) in items.iter().zip(parts) {
        let _ = writeln!(text, ";; {}", title(program, item));
        text.push_str(part.trim_end());
        text.push_str("\n\n");
    }
    text.into_bytes()
}

/// What a part of the text is called where people read of it.
pub(crate) fn title(program: &Program<'_>, item: CodeItem) -> String {
    match item {
        CodeItem::Trampoline(sig) => format!("trampoline of signature {}", sig.index()),
        CodeItem::Init(instance) => format!("objects of instance {}", instance.index()),
        CodeItem::Func(id) => {
            let func = &program.world.funcs[id];
            match (func.kind, &func.name) {
                (FuncKind::Defined { index, .. }, Some(name)) => {
                    format!("function {} `{}`", index.index(), name.escape_debug())
                }
                (FuncKind::Defined { index, .. }, None) => format!("function {}", index.index()),
                (FuncKind::Wasi { function, .. }, _) => format!("thunk of `{}`", function.name),
                (FuncKind::Host { function, .. }, _) => format!("thunk of `{}`", function.name),
            }
        }
    }
}
