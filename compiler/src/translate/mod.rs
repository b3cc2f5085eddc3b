//! One part of the text → one function of Cranelift IR.
//!
//! The bodies were validated when the module was parsed, so translation asks no question twice:
//! what would be a validation error is a broken invariant here.

mod arrays;
mod atomics;
mod bulk;
mod calls;
mod casts;
mod control;
mod env;
mod exceptions;
mod frame;
mod fuel;
mod globals;
mod init;
mod legacy_exceptions;
mod memory;
mod numeric;
mod objects;
mod operands;
mod operators;
mod refs;
mod simd;
mod stack;
mod tables;
mod thunks;
mod traps;

pub(crate) use env::{Symbol, host_function, libcall, symbol_of};
pub(crate) use traps::trap_of;

use cranelift_codegen::ir::{self, InstBuilder, types};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use wasmparser::{FuncType, Operator, ValType};

use crate::error::{Error, Location, Result};
use crate::program::{CodeItem, FuncKind, Program};
use env::Translator;

/// Translates a part of the text into `func`, which must be empty.
pub(crate) fn translate(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    item: CodeItem,
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<()> {
    match item {
        CodeItem::Trampoline(sig) => {
            thunks::trampoline(program, isa, sig, func, context);
            Ok(())
        }
        CodeItem::Init(instance) => init::translate(program, isa, instance, func, context),
        CodeItem::Func(id) => match program.world.funcs[id].kind {
            FuncKind::Wasi { .. } | FuncKind::Host { .. } => {
                thunks::runtime(program, isa, id, func, context);
                Ok(())
            }
            FuncKind::Defined { instance, index } => {
                let sig = program.world.funcs[id].ty;
                func.signature = env::guest_signature(program.world.types.func(sig));
                let mut translator = Translator::new(
                    program,
                    &program.world.instances[instance],
                    isa,
                    FunctionBuilder::new(func, context),
                );
                let body = program.world.body(instance, index);
                translator.rethrows = body.rethrows;
                if let Some(tracked) = &program.tracked {
                    translator.tracked = tracked[id];
                }
                let module = &program.world.instances[instance].module;
                let hints = module.branch_hints.of_func(index.as_u32());
                let ty = program.world.types.func(sig);
                translate_body(&mut translator, ty, &body.bytes, hints).map_err(|error| {
                    Error::Invalid {
                        message: error.message().to_owned(),
                        location: Location {
                            function: Some((index.as_u32(), program.world.funcs[id].name.clone())),
                            offset: Some(error.offset()),
                            instance: None,
                        },
                    }
                })?;
                let frontend_config = isa.frontend_config();
                translator.builder.finalize(frontend_config);
                Ok(())
            }
        },
    }
}

fn translate_body(
    fx: &mut Translator<'_, '_>,
    ty: &FuncType,
    body: &wasmparser::FunctionBody<'_>,
    mut hints: &[(u32, bool)],
) -> Result<(), wasmparser::Error> {
    let entry = fx.builder.create_block();
    fx.builder.append_block_params_for_function_params(entry);
    fx.builder.switch_to_block(entry);
    fx.builder.seal_block(entry);
    fx.set_spill_region();
    let params: Vec<_> = fx.builder.block_params(entry).to_vec();
    for (param, &ty) in params.into_iter().zip(ty.params()) {
        fx.declare_local(ty);
        fx.define_local(fx.locals.len() as u32 - 1, param);
    }
    // Nulls that a collection must see as well as what replaces them are one value.
    let mut null = None;
    let mut locals = body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let (count, ty) = locals.read()?;
        let ty = fx.program_type(ty);
        let zero = match ty {
            ValType::Ref(reference) if fx.program.world.types.may_be_object(reference) => {
                *null.get_or_insert_with(|| zero(fx, ty))
            }
            _ => zero(fx, ty),
        };
        for _ in 0..count {
            fx.declare_local(ty);
            fx.define_local(fx.locals.len() as u32 - 1, zero);
        }
    }
    control::open_function(fx, ty.results());
    let mut operators = body.get_operators_reader()?;
    let start = ir::SourceLoc::new(operators.original_position() as u32);
    fx.builder.set_srcloc(start);
    fx.open_fuel();
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        fx.builder.set_srcloc(ir::SourceLoc::new(offset as u32));
        fx.hint = None;
        while let [(at, taken), rest @ ..] = hints
            && u64::from(*at) <= offset - body.range().start
        {
            let is_here = u64::from(*at) == offset - body.range().start;
            fx.hint = is_here.then_some(*taken);
            hints = rest;
        }
        operators::translate(fx, &operator);
        fx.constant = match operator {
            Operator::I32Const { value } => Some(value as u32),
            _ => None,
        };
    }
    debug_assert!(fx.control.is_empty(), "the body closes its frames");
    Ok(())
}

/// The initial value of a local.
fn zero(fx: &mut Translator<'_, '_>, ty: ValType) -> ir::Value {
    match env::value_type(ty) {
        types::F32 => fx.builder.ins().f32const(0.0),
        types::F64 => fx.builder.ins().f64const(0.0),
        types::I8X16 => fx.vector_constant(types::I8X16, [0; 16]),
        ty => fx.builder.ins().iconst(ty, 0),
    }
}
