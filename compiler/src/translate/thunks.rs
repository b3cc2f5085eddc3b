//! Code that is in no module: trampolines by which the runtime calls guest functions, and thunks
//! that give a function of the runtime the guest's calling convention.

use cranelift_codegen::ir::{
    self, AbiParam, InstBuilder, MemFlagsData, Signature, TrapCode, types,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::calls::wasi_symbol;
use super::env::{Translator, guest_signature, host_symbol, value_type};
use crate::index::{FuncId, TypeId};
use crate::program::{FuncKind, Program};

/// Bytes of a value in a trampoline's array.
const VALUE_BYTES: i32 = 16;

/// `extern "C" fn(code, values)`: see [`wasmc_abi::layout::Trampoline`].
pub(super) fn trampoline(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    sig: TypeId,
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) {
    let ty = program.world.types.func(sig);
    func.signature = Signature::new(CallConv::SystemV);
    func.signature
        .params
        .extend([AbiParam::new(types::I64), AbiParam::new(types::I64)]);
    let mut builder = FunctionBuilder::new(func, context);
    let flags = MemFlagsData::trusted();
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    builder.seal_block(entry);
    let (code, values) = (
        builder.block_params(entry)[0],
        builder.block_params(entry)[1],
    );
    let args: Vec<_> = ty
        .params()
        .iter()
        .zip((0..).step_by(VALUE_BYTES as usize))
        .map(|(ty, offset)| builder.ins().load(value_type(*ty), flags, values, offset))
        .collect();
    let signature = builder.import_signature(guest_signature(ty));
    let call = builder.ins().call_indirect(signature, code, &args);
    let results = builder.inst_results(call).to_vec();
    let zero = builder.ins().iconst(types::I64, 0);
    for (&result, offset) in results.iter().zip((0..).step_by(VALUE_BYTES as usize)) {
        builder.ins().store(flags, zero, values, offset);
        builder.ins().store(flags, zero, values, offset + 8);
        builder.ins().store(flags, result, values, offset);
    }
    builder.ins().return_(&[]);
    builder.finalize(isa.frontend_config());
}

/// A function of the guest's convention that calls a function of the runtime.
pub(super) fn runtime(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    id: FuncId,
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) {
    func.signature = guest_signature(program.world.types.func(program.world.funcs[id].ty));
    let (_, instance) = program.world.instances.iter().next().expect("an instance");
    let mut fx = Translator::new(program, instance, isa, FunctionBuilder::new(func, context));
    let entry = fx.builder.create_block();
    fx.builder.append_block_params_for_function_params(entry);
    fx.builder.switch_to_block(entry);
    fx.builder.seal_block(entry);
    let (first, symbol, returns) = match program.world.funcs[id].kind {
        FuncKind::Wasi { function, memory } => (
            fx.wasi_memory(memory),
            wasi_symbol(function),
            function.result.is_some(),
        ),
        FuncKind::Host { function, record } => (fx.record(record), host_symbol(function), true),
        FuncKind::Defined { .. } => unreachable!("only functions of the runtime have thunks"),
    };
    let mut args = vec![first];
    args.extend_from_slice(fx.builder.block_params(entry));
    let callee = fx.runtime_function(id, symbol);
    let call = fx.builder.ins().call(callee, &args);
    let results = fx.builder.inst_results(call).to_vec();
    if !returns {
        // `proc_exit` does not return.
        fx.builder.ins().trap(TrapCode::unwrap_user(
            wasmc_abi::traps::Trap::Unreachable.code(),
        ));
    } else {
        fx.builder.ins().return_(&results);
    }
    fx.builder.finalize(isa.frontend_config());
}
