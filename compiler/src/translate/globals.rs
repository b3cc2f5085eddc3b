//! Locals and globals.

use cranelift_codegen::ir::{
    InstBuilder, StackSlotData, StackSlotKey, StackSlotKind, Value, types,
};

use wasmparser::ValType;

use super::env::{Region, Symbol, Translator, value_type};
use crate::index::{GlobalId, GlobalIndex};
use crate::program::{Constant, Reference, Tracked};

impl Translator<'_, '_> {
    pub fn local_get(&mut self, index: u32) {
        let value = self.builder.use_var(self.locals[index as usize]);
        self.push_known(value, self.local_types[index as usize]);
    }

    pub fn local_set(&mut self, index: u32) {
        let value = self.pop();
        self.define_local(index, value);
    }

    pub fn local_tee(&mut self, index: u32) {
        let value = self.peek_many(1)[0];
        self.define_local(index, value);
    }

    /// Declares the next local, of a canonical type.
    pub fn declare_local(&mut self, ty: ValType) {
        let variable = self.builder.declare_var(value_type(ty));
        if let ValType::Ref(reference) = ty
            && self.program.world.types.may_be_object(reference)
        {
            self.builder.declare_var_needs_stack_map(variable);
        }
        self.locals.push(variable);
        self.local_types.push(ty);
    }

    /// Gives a local a value; also in its stack slot, if debuggers are to find it there.
    pub fn define_local(&mut self, index: u32, value: Value) {
        self.builder.def_var(self.locals[index as usize], value);
        match self.tracked {
            Tracked::Nothing => return,
            Tracked::One(local) if local != index => return,
            Tracked::One(_) | Tracked::Everything => {}
        }
        let bytes = self.type_of(value).bytes();
        let builder = &mut self.builder;
        let slot = *self.slots.entry(index).or_insert_with(|| {
            let key = StackSlotKey::new(index.into());
            let kind = StackSlotKind::ExplicitSlot;
            let align = bytes.trailing_zeros() as u8;
            builder.create_sized_stack_slot(StackSlotData::new_with_key(kind, bytes, align, key))
        });
        self.builder.ins().stack_store(types::I64, value, slot, 0);
    }

    pub fn global_get(&mut self, index: u32) {
        let id = self.instance.globals[GlobalIndex::from_u32(index)];
        let global = &self.program.world.globals[id];
        let ty = global.ty.content_type;
        let value = if global.has_changing_cell() {
            let cell = self.global_cell(id);
            let flags = self.trusted(Region::Global(id));
            self.builder.ins().load(value_type(ty), flags, cell, 0)
        } else {
            self.constant_value(global.value)
        };
        self.push_typed(value, ty);
    }

    pub fn global_set(&mut self, index: u32) {
        let value = self.pop();
        let id = self.instance.globals[GlobalIndex::from_u32(index)];
        self.set_global(id, value);
    }

    /// Gives a global that has a cell a value.
    pub fn set_global(&mut self, id: GlobalId, value: Value) {
        let cell = self.global_cell(id);
        let flags = self.trusted(Region::Global(id));
        self.builder.ins().store(flags, value, cell, 0);
    }

    /// The address of the cell of a global that has one.
    fn global_cell(&mut self, id: GlobalId) -> Value {
        let cell = self.program.places.globals[id];
        self.own(cell.expect("globals that change have cells"))
    }

    /// A value known at compile time.
    fn constant_value(&mut self, value: Constant) -> Value {
        match value {
            Constant::I32(value) => self.i32(value),
            Constant::I64(value) => self.builder.ins().iconst(types::I64, value),
            Constant::F32(bits) => {
                let value = cranelift_codegen::ir::immediates::Ieee32::with_bits(bits);
                self.builder.ins().f32const(value)
            }
            Constant::F64(bits) => {
                let value = cranelift_codegen::ir::immediates::Ieee64::with_bits(bits);
                self.builder.ins().f64const(value)
            }
            Constant::V128(bits) => {
                let bytes = bits.to_le_bytes().to_vec().into();
                let constant = self.builder.func.dfg.constants.insert(bytes);
                self.builder.ins().vconst(types::I8X16, constant)
            }
            Constant::Ref(Reference::Null) => self.builder.ins().iconst(types::I64, 0),
            Constant::Ref(Reference::Func(func)) => self.func_reference(func),
            Constant::Ref(Reference::Number(bits)) => {
                self.builder.ins().iconst(types::I64, i64::from(bits))
            }
            Constant::Ref(Reference::Computed) => {
                unreachable!("it is read from the global's cell")
            }
        }
    }

    /// An `i32` constant.
    pub fn i32(&mut self, value: i32) -> Value {
        // Immediates of 32 bits are zero-extended in the IR.
        let value = i64::from(value as u32);
        self.builder.ins().iconst(types::I32, value)
    }

    /// A reference to a function, from the table of funcref constants: its bits are known only
    /// once the text is laid out.
    pub fn func_reference(&mut self, func: crate::index::FuncId) -> Value {
        let slot = self.program.live.ref_slot(func);
        let address = self.address(Symbol::RefFuncs, slot as i64 * 8);
        let flags = self.constant();
        self.builder.ins().load(types::I64, flags, address, 0)
    }
}
