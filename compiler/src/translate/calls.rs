//! Calls: direct, through tables, and tail calls.

use cranelift_codegen::ir::{FuncRef, InstBuilder, SigRef, Value, types};
use wasmc_abi::component::component_flags;
use wasmc_abi::traps::Trap;
use wasmc_abi::wasi;

use super::env::{Region, Symbol, Translator, host_symbol};
use crate::index::{
    ComponentId, FuncId, FuncIndex, MemoryId, RecordId, TableIndex, TypeId, TypeIndex,
};
use crate::program::FuncKind;

/// What a call calls.
#[derive(Clone, Copy)]
pub(super) enum Callee {
    Direct(FuncRef),
    Indirect(SigRef, Value),
}

impl Translator<'_, '_> {
    pub fn call(&mut self, index: u32) {
        let index = FuncIndex::from_u32(index);
        let func = self.instance.funcs[index];
        match self.instance.without_leave.get(&index) {
            Some(&component) => self.call_without_leave(func, component),
            None => self.call_function(func),
        }
    }

    /// Calls a function while a component instance may not be left.
    fn call_without_leave(&mut self, func: FuncId, component: ComponentId) {
        let global = self.program.world.components.instances[component];
        let cell = self.program.places.globals[global].expect("flags have a cell");
        let region = Region::Global(global);
        let (address, flags) = (self.own(cell), self.trusted(region));
        let before = self.builder.ins().load(types::I32, flags, address, 0);
        let bit = i64::from(component_flags::MAY_LEAVE);
        let without = self.builder.ins().band_imm_u(before, !bit & 0xffff_ffff);
        self.builder.ins().store(flags, without, address, 0);
        self.call_function(func);
        let address = self.own(cell);
        self.builder.ins().store(flags, before, address, 0);
    }

    fn call_function(&mut self, id: FuncId) {
        let func = &self.program.world.funcs[id];
        let params = self.program.world.types.func(func.ty).params().len();
        let mut args = self.pop_many(params);
        match func.kind {
            FuncKind::Defined { .. } => {
                let function = self.function(id);
                self.call_guest(Callee::Direct(function), &args, func.ty);
            }
            FuncKind::Wasi { function, memory } => {
                // The runtime's function is called directly, with the memory that it works on.
                args.insert(0, self.wasi_memory(memory));
                let function = self.runtime_function(id, wasi_symbol(function));
                let call = self.builder.ins().call(function, &args);
                self.forget_own_area();
                let results = self.builder.inst_results(call).to_vec();
                self.push_all(&results, self.program.world.types.func(func.ty).results());
            }
            FuncKind::Host { function, record } => {
                args.insert(0, self.record(record));
                let function = self.runtime_function(id, host_symbol(function));
                // It may call the guest in turn.
                self.save_fuel();
                let call = self.builder.ins().call(function, &args);
                self.forget_own_area();
                let results = self.builder.inst_results(call).to_vec();
                self.push_all(&results, self.program.world.types.func(func.ty).results());
                self.load_fuel();
            }
        }
    }

    /// Calls a function of the guest's convention and of this type, and pushes its results.
    fn call_guest(&mut self, callee: Callee, args: &[Value], ty: TypeId) {
        self.save_fuel();
        if let Some(landing) = self.landing() {
            return self.try_call(callee, args, ty, landing);
        }
        let call = match callee {
            Callee::Direct(function) => self.builder.ins().call(function, args),
            Callee::Indirect(signature, code) => {
                self.builder.ins().call_indirect(signature, code, args)
            }
        };
        self.forget_own_area();
        let results = self.builder.inst_results(call).to_vec();
        self.push_all(&results, self.program.world.types.func(ty).results());
        self.load_fuel();
    }

    pub fn return_call(&mut self, index: u32) {
        let id = self.instance.funcs[FuncIndex::from_u32(index)];
        let sig = self.program.world.funcs[id].ty;
        let args = self.pop_many(self.program.world.types.func(sig).params().len());
        let function = self.function(id);
        self.save_fuel();
        self.builder.ins().return_call(function, &args);
        self.reachable = false;
    }

    pub fn call_indirect(&mut self, ty: u32, table: u32) {
        if let Some(func) = self.settled_callee(ty, table) {
            self.pop();
            return self.call_function(func);
        }
        let (code, args, signature) = self.callee_of_table(ty, table);
        let ty = self.instance.types[TypeIndex::from_u32(ty)];
        self.call_guest(Callee::Indirect(signature, code), &args, ty);
    }

    /// The function that is called through a table, if that is known.
    fn settled_callee(&self, ty: u32, table: u32) -> Option<FuncId> {
        let sig = self.instance.types[TypeIndex::from_u32(ty)];
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let settled = &self.program.live.settled;
        settled.callee(&self.program.world, table, sig, self.constant?)
    }

    pub fn return_call_indirect(&mut self, ty: u32, table: u32) {
        let (code, args, signature) = self.callee_of_table(ty, table);
        self.save_fuel();
        self.builder
            .ins()
            .return_call_indirect(signature, code, &args);
        self.reachable = false;
    }

    pub fn call_ref(&mut self, ty: u32) {
        let (code, args, signature) = self.callee_of_reference(ty);
        let ty = self.instance.types[TypeIndex::from_u32(ty)];
        self.call_guest(Callee::Indirect(signature, code), &args, ty);
    }

    pub fn return_call_ref(&mut self, ty: u32) {
        let (code, args, signature) = self.callee_of_reference(ty);
        self.save_fuel();
        self.builder
            .ins()
            .return_call_indirect(signature, code, &args);
        self.reachable = false;
    }

    /// The code address, the arguments and the signature of a call through a reference, whose type
    /// was validated: it can only be null.
    fn callee_of_reference(&mut self, ty: u32) -> (Value, Vec<Value>, SigRef) {
        let sig = self.instance.types[TypeIndex::from_u32(ty)];
        let reference = self.pop();
        self.trap_unless(reference, Trap::NullFunctionReference);
        let args = self.pop_many(self.program.world.types.func(sig).params().len());
        let code = self.code_address(reference);
        (code, args, self.signature(sig))
    }

    /// The checked code address, the arguments and the signature of an indirect call.
    fn callee_of_table(&mut self, ty: u32, table: u32) -> (Value, Vec<Value>, SigRef) {
        let sig = self.instance.types[TypeIndex::from_u32(ty)];
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let index = self.pop();
        let address = self.element_address(table, index, Trap::UndefinedElement);
        let flags = self.element_flags(table);
        let reference = self.builder.ins().load(types::I64, flags, address, 0);
        let args = self.pop_many(self.program.world.types.func(sig).params().len());

        // One comparison finds null and a wrong type alike; which of them it was is found out of
        // the way.
        let type_id = self.builder.ins().ireduce(types::I32, reference);
        let same = self.is_in_range(type_id, self.program.world.types.range(sig));
        let (wrong, right) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(wrong);
        self.builder.ins().brif(same, right, &[], wrong, &[]);
        self.builder.seal_block(wrong);
        self.builder.seal_block(right);
        self.builder.switch_to_block(wrong);
        self.trap_unless(reference, Trap::UninitializedElement);
        self.trap(Trap::IndirectCallTypeMismatch);
        self.builder.switch_to_block(right);

        let code = self.code_address(reference);
        let signature = self.signature(sig);
        (code, args, signature)
    }

    /// The code address of a funcref that is not null.
    pub fn code_address(&mut self, reference: Value) -> Value {
        let offset = self.builder.ins().ushr_imm_u(reference, 32);
        let text = self.address(Symbol::Text, 0);
        self.builder.ins().iadd(text, offset)
    }

    /// What a function of the runtime is handed.
    pub fn record(&mut self, record: Option<RecordId>) -> Value {
        match record {
            Some(record) => self.address(Symbol::Record(record.as_u32()), 0),
            None => self.builder.ins().iconst(types::I64, 0),
        }
    }

    /// The state of the memory that a WASI function works on.
    pub fn wasi_memory(&mut self, memory: Option<MemoryId>) -> Value {
        let state = match memory {
            Some(memory) => self.program.places.memories[memory].state,
            None => {
                let empty = self.program.places.empty_memory;
                empty.expect("a memory state for instances without a memory")
            }
        };
        self.state(state)
    }
}

/// The symbol of a function of the system interface.
pub(super) fn wasi_symbol(function: &'static wasi::WasiFunction) -> Symbol {
    if function.symbol == wasi::THREAD_SPAWN.symbol {
        return Symbol::ThreadSpawn;
    }
    let index = wasi::FUNCTIONS
        .iter()
        .position(|row| std::ptr::eq(row, function) || row.name == function.name);
    Symbol::Wasi(index.expect("a function of the list") as u32)
}
