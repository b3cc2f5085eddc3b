//! The compilation as text, for users and golden tests.

use std::fmt::Write as _;

use cranelift_codegen::entity::EntityRef;

use crate::codegen;
use crate::error::Result;
use crate::isa::CodeTarget;
use crate::program::{CodeItem, FuncKind, Program};

/// Cranelift IR of every part of the text, before optimisation.
pub(crate) fn clif(program: &Program<'_>, target: &CodeTarget) -> Result<Vec<u8>> {
    codegen::print_ir(program, target).map(|parts| join(program, parts))
}

/// Assembly of every part of the text.
pub(crate) fn asm(program: &Program<'_>, target: &CodeTarget) -> Result<Vec<u8>> {
    codegen::disassemble(program, target).map(|parts| join(program, parts))
}

fn join(program: &Program<'_>, parts: Vec<String>) -> Vec<u8> {
    let mut text = String::new();
    for (&item, part) in program.code.iter().zip(parts) {
        let _ = writeln!(text, ";; {}", title(program, item));
        text.push_str(part.trim_end());
        text.push_str("\n\n");
    }
    text.into_bytes()
}

fn title(program: &Program<'_>, item: CodeItem) -> String {
    match item {
        CodeItem::Trampoline(sig) => format!("trampoline of signature {}", sig.index()),
        CodeItem::Func(id) => {
            let func = &program.funcs[id];
            match (func.kind, &func.name) {
                (FuncKind::Defined { index, .. }, Some(name)) => {
                    format!("function {} `{}`", index.index(), name.escape_debug())
                }
                (FuncKind::Defined { index, .. }, None) => format!("function {}", index.index()),
                (FuncKind::Wasi { function, .. }, _) => format!("thunk of `{}`", function.name),
            }
        }
    }
}
