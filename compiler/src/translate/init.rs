//! What is done at instantiation of what constant expressions make: objects are made once, in the
//! order of the module, before active segments are copied.
//!
//! The code has the convention of a trampoline, whose parameters it does not need, so that the
//! runtime calls it as its own.

use cranelift_codegen::ir::{self, AbiParam, InstBuilder, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use wasmparser::{ConstExpr, Operator};

use super::env::{Region, Translator};
use super::operators;
use crate::error::{Error, Result};
use crate::index::InstanceId;
use crate::module::ElemItems;
use crate::program::{Program, Reference};

/// Translates what an instance's instantiation computes.
pub(super) fn translate(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    id: InstanceId,
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<()> {
    let instance = &program.world.instances[id];
    func.signature = ir::Signature::new(CallConv::SystemV);
    let pointer = AbiParam::new(types::I64);
    func.signature.params.extend([pointer, pointer]);
    let mut fx = Translator::new(program, instance, isa, FunctionBuilder::new(func, context));
    let entry = fx.builder.create_block();
    fx.builder.append_block_params_for_function_params(entry);
    fx.builder.switch_to_block(entry);
    fx.builder.seal_block(entry);
    fx.set_spill_region();
    compute_globals(&mut fx)?;
    compute_tables(&mut fx)?;
    compute_elems(&mut fx)?;
    fx.builder.ins().return_(&[]);
    fx.builder.finalize(isa.frontend_config());
    Ok(())
}

fn compute_globals(fx: &mut Translator<'_, '_>) -> Result<()> {
    let instance = fx.instance;
    for (index, global) in &instance.module.globals {
        let id = instance.globals[index];
        if let Some(init) = &global.init
            && fx.program.world.globals[id].value.is_computed()
        {
            evaluate(fx, init)?;
            let value = fx.pop();
            fx.set_global(id, value);
        }
    }
    Ok(())
}

fn compute_tables(fx: &mut Translator<'_, '_>) -> Result<()> {
    let instance = fx.instance;
    for (index, table) in &instance.module.tables {
        let id = instance.tables[index];
        if let Some(init) = &table.init
            && fx.program.world.tables[id].init == Reference::Computed
        {
            evaluate(fx, init)?;
            let value = fx.pop();
            fx.fill_table(id, value);
        }
    }
    Ok(())
}

/// Only those segments have cells that something reads.
fn compute_elems(fx: &mut Translator<'_, '_>) -> Result<()> {
    let instance = fx.instance;
    for (index, elem) in &instance.module.elems {
        let id = instance.elems[index];
        let (Some(cells), ElemItems::Exprs(exprs)) =
            (fx.program.places.elem_cells[id], &elem.items)
        else {
            continue;
        };
        let items = &fx.program.world.elems[id].items;
        for ((expr, item), position) in exprs.iter().zip(items).zip(0..) {
            if *item == Reference::Computed {
                evaluate(fx, expr)?;
                let value = fx.pop();
                let cell = fx.own(cells.behind(position * 8));
                let flags = fx.trusted(Region::ElemCells);
                fx.builder.ins().store(flags, value, cell, 0);
            }
        }
    }
    Ok(())
}

/// Leaves the value of a constant expression on the stack. Its operators are instructions as any
/// other.
fn evaluate(fx: &mut Translator<'_, '_>, expr: &ConstExpr<'_>) -> Result<()> {
    let mut reader = expr.get_operators_reader();
    while !reader.eof() {
        let (operator, offset) = reader
            .read_with_offset()
            .map_err(|error| Error::invalid(&error))?;
        if matches!(operator, Operator::End) {
            break;
        }
        fx.builder.set_srcloc(ir::SourceLoc::new(offset as u32));
        operators::translate(fx, &operator);
    }
    Ok(())
}
