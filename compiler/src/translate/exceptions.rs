//! Exceptions.
//!
//! A reference to an exception is a value of 64 bits ([`EXNREF_IN_MEMORY`]). Where a `try_table`
//! encloses a call, that call has a landing: the code there compares the exception's tag with the
//! clauses, and throws on what none of them catches. A `throw` jumps to the landing of its own
//! function, or leaves the function by way of the runtime. Nothing is done where nothing is thrown.
//!
//! In a program with objects every exception is one: its header says which tag it has, its fields
//! are the payload, and the reference is one as any other.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, ExceptionTableData, ExceptionTableItem, InstBuilder, MemFlagsData, Value, types,
};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::layout::{EXNREF_IN_MEMORY, ExceptionPool};
use wasmc_abi::traps::Trap;
use wasmparser::{Catch, ValType};

use super::calls::Callee;
use super::env::{Region, Translator, value_type};
use crate::index::{TagId, TagIndex, TypeId};
use crate::program::{PAYLOAD_VALUE, Payload, Payloads};

impl Translator<'_, '_> {
    pub fn throw(&mut self, tag: u32) {
        let tag = self.instance.tags[TagIndex::from_u32(tag)];
        let values = self.pop_many(self.payload_types(tag).len());
        let exception = self.exception(tag, values);
        self.raise(exception);
    }

    /// An exception of the tag, with these values as its payload.
    pub fn exception(&mut self, tag: TagId, values: Vec<Value>) -> Value {
        if self.program.world.payload(tag) == Payload::Object {
            return self.new_exception(tag, &values);
        }
        let id = i64::from(self.program.world.tag_id(tag));
        let id = self.builder.ins().iconst(types::I64, id);
        match self.program.world.payload(tag) {
            Payload::None => id,
            Payload::Word => {
                let word = match self.type_of(values[0]) {
                    types::I32 => values[0],
                    _ => self
                        .builder
                        .ins()
                        .bitcast(types::I32, MemFlagsData::new(), values[0]),
                };
                let word = self.builder.ins().uextend(types::I64, word);
                let word = self.builder.ins().ishl_imm_u(word, 32);
                self.builder.ins().bor(word, id)
            }
            Payload::Memory => {
                self.store_payload(values);
                id
            }
            Payload::Object => unreachable!("it was made above"),
        }
    }

    /// Writes the payload of the exception that is thrown next.
    pub fn store_payload(&mut self, values: Vec<Value>) {
        let current = self.own(self.payloads().current);
        let flags = self.trusted(Region::Payloads);
        for (value, offset) in values.into_iter().zip(offsets()) {
            self.builder.ins().store(flags, value, current, offset);
        }
    }

    pub fn throw_ref(&mut self) {
        let exception = self.pop();
        self.trap_unless(exception, Trap::NullExceptionReference);
        self.raise(exception);
    }

    /// Goes on where an exception that is thrown here is handled.
    pub fn raise(&mut self, exception: Value) {
        let landing = self.landing();
        self.raise_to(exception, landing);
    }

    /// Goes on in a landing, or leaves the function without one.
    pub fn raise_to(&mut self, exception: Value, landing: Option<ir::Block>) {
        self.save_fuel();
        match landing {
            Some(landing) => self.jump(landing, &[exception]),
            None => {
                let frame = self.builder.ins().get_frame_pointer(types::I64);
                self.call_builtin(Builtin::throw, &[exception, frame]);
                self.trap(Trap::UncaughtException);
            }
        }
        self.reachable = false;
    }

    /// Calls a function of the guest's convention and of this type; exceptions that come out of it land in
    /// `landing`.
    pub fn try_call(&mut self, callee: Callee, args: &[Value], ty: TypeId, landing: ir::Block) {
        let signature = match callee {
            Callee::Direct(function) => self.builder.func.dfg.ext_funcs[function].signature,
            Callee::Indirect(signature, _) => signature,
        };
        let next = self.builder.create_block();
        let returns = self.builder.func.dfg.signatures[signature].returns.clone();
        for ty in &returns {
            self.builder.append_block_param(next, ty.value_type);
        }
        let results: Vec<_> = (0..returns.len() as u32)
            .map(BlockArg::TryCallRet)
            .collect();
        let dfg = &mut self.builder.func.dfg;
        let normal = dfg.block_call(next, &results);
        let landing = dfg.block_call(landing, &[BlockArg::TryCallExn(0)]);
        let handlers = [ExceptionTableItem::Default(landing)];
        let table = ExceptionTableData::new(signature, normal, handlers);
        let table = dfg.exception_tables.push(table);
        match callee {
            Callee::Direct(function) => self.builder.ins().try_call(function, args, table),
            Callee::Indirect(_, code) => self.builder.ins().try_call_indirect(code, args, table),
        };
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
        let results = self.builder.block_params(next).to_vec();
        self.push_all(&results, self.program.world.types.func(ty).results());
        self.load_fuel();
    }

    /// Begins a landing that nothing refers to any more: the exception.
    pub fn enter_landing(&mut self, landing: ir::Block) -> Value {
        self.builder.seal_block(landing);
        self.builder.switch_to_block(landing);
        self.load_fuel();
        self.builder.block_params(landing)[0]
    }

    /// Fills the landing of a `try_table` that is closed: labels are those around it.
    pub fn land(&mut self, landing: ir::Block, catches: &[Catch]) {
        let exception = self.enter_landing(landing);
        for catch in catches {
            match *catch {
                Catch::One { tag, label } => self.catch_to(exception, tag, label, false),
                Catch::OneRef { tag, label } => self.catch_to(exception, tag, label, true),
                Catch::All { label } => {
                    let (block, _) = self.target(label);
                    return self.jump(block, &[]);
                }
                Catch::AllRef { label } => {
                    let reference = self.kept(exception);
                    let (block, _) = self.target(label);
                    return self.jump(block, &[reference]);
                }
            }
        }
        self.raise(exception);
    }

    /// Branches to the label if the exception has the tag.
    fn catch_to(&mut self, exception: Value, tag: u32, label: u32, by_reference: bool) {
        let tag = self.instance.tags[TagIndex::from_u32(tag)];
        let next = self.enter_if_tag(exception, tag);
        let mut values = self.payload_values(tag, exception);
        if by_reference {
            let reference = self.kept(exception);
            values.push(reference);
        }
        let (block, _) = self.target(label);
        self.jump(block, &values);
        self.builder.switch_to_block(next);
    }

    /// Goes on with exceptions of the tag; others go to the block that is returned.
    pub fn enter_if_tag(&mut self, exception: Value, tag: TagId) -> ir::Block {
        let expected = i64::from(self.program.world.tag_id(tag));
        let id = match self.program.world.payload(tag) {
            // What was thrown is not null: `throw_ref` looks.
            Payload::Object => self.header(exception, None),
            _ => self.builder.ins().ireduce(types::I32, exception),
        };
        let same = self.builder.ins().icmp_imm_u(IntCC::Equal, id, expected);
        let (caught, next) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(same, caught, &[], next, &[]);
        self.builder.seal_block(caught);
        self.builder.seal_block(next);
        self.builder.switch_to_block(caught);
        next
    }

    fn payload_types(&self, tag: TagId) -> Vec<ValType> {
        self.program.world.tag_params(tag).to_vec()
    }

    fn payloads(&self) -> &Payloads {
        let payloads = self.program.places.payloads.as_ref();
        payloads.expect("a place for payloads in memory")
    }

    /// The values that an exception of the tag carries.
    pub fn payload_values(&mut self, tag: TagId, exception: Value) -> Vec<Value> {
        let types = self.payload_types(tag);
        match self.program.world.payload(tag) {
            Payload::None => Vec::new(),
            Payload::Object => self.exception_fields(tag, exception),
            Payload::Word => {
                let word = self.builder.ins().ushr_imm_u(exception, 32);
                let word = self.builder.ins().ireduce(types::I32, word);
                vec![match value_type(types[0]) {
                    types::I32 => word,
                    ty => self.builder.ins().bitcast(ty, MemFlagsData::new(), word),
                }]
            }
            Payload::Memory => {
                // Unit 0 stands for the payload that was thrown last.
                let current = self.payloads().current;
                let unit = self.builder.ins().ushr_imm_u(exception, 32);
                let offset = self.builder.ins().ishl_imm_u(unit, 4);
                let base = self.payload_base();
                let kept = self.builder.ins().iadd(base, offset);
                let current = self.own(current);
                let address = self.builder.ins().select(unit, kept, current);
                let flags = self.trusted(Region::Payloads);
                let load = |(ty, offset)| {
                    let ty = value_type(ty);
                    self.builder.ins().load(ty, flags, address, offset)
                };
                types.into_iter().zip(offsets()).map(load).collect()
            }
        }
    }

    /// The address of the payloads that have places of their own.
    fn payload_base(&mut self) -> Value {
        let (base, pool) = (self.payloads().base, self.payloads().pool);
        if let Some(base) = base {
            return self.builder.ins().iconst(types::I64, base as i64);
        }
        let pool = self.own(pool);
        let flags = self.trusted(Region::Payloads);
        let offset = std::mem::offset_of!(ExceptionPool, base) as i32;
        self.builder.ins().load(types::I64, flags, pool, offset)
    }

    /// A reference to the exception: its payload must have a place of its own from now on.
    pub fn kept(&mut self, exception: Value) -> Value {
        let Some(payloads) = &self.program.places.payloads else {
            return exception;
        };
        let (keep, next) = (self.builder.create_block(), self.builder.create_block());
        self.builder.append_block_param(next, types::I64);
        // Neither a payload in the reference nor a unit, but the bit above the tag's id.
        const { assert!(EXNREF_IN_MEMORY == 1 << 31) };
        let upper = self.builder.ins().ushr_imm_u(exception, 31);
        let lies_elsewhere = self.builder.ins().icmp_imm_u(IntCC::Equal, upper, 1);
        let unchanged = [BlockArg::Value(exception)];
        self.builder
            .ins()
            .brif(lies_elsewhere, keep, &[], next, &unchanged);
        self.builder.seal_block(keep);
        self.builder.switch_to_block(keep);
        let pool = self.own(payloads.pool);
        let current = self.own(payloads.current);
        let unit = self.call_builtin(Builtin::keep_payload, &[pool, current]);
        let unit = unit.expect("keep_payload has a result");
        let unit = self.builder.ins().uextend(types::I64, unit);
        let unit = self.builder.ins().ishl_imm_u(unit, 32);
        let reference = self.builder.ins().bor(exception, unit);
        self.jump(next, &[reference]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
        self.builder.block_params(next)[0]
    }
}

/// Offsets of the values of a payload in memory.
pub(super) fn offsets() -> impl Iterator<Item = i32> {
    (0..).step_by(PAYLOAD_VALUE as usize)
}
