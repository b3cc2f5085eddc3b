//! References.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, types};
use wasmc_abi::traps::Trap;
use wasmparser::{RefType, ValType};

use super::env::Translator;
use super::memory::Extend;
use crate::index::FuncIndex;

impl Translator<'_, '_> {
    pub fn ref_null(&mut self) {
        let null = self.builder.ins().iconst(types::I64, 0);
        self.push(null);
    }

    pub fn ref_is_null(&mut self) {
        let reference = self.pop();
        let is_null = self.builder.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        let value = self.builder.ins().uextend(types::I32, is_null);
        self.push(value);
    }

    pub fn ref_as_non_null(&mut self) {
        let (reference, ty) = self.pop_ref();
        self.trap_unless(reference, Trap::NullReference);
        self.push_ref(reference, ty.map(|ty| ty.as_non_null()));
    }

    pub fn ref_i31(&mut self) {
        let value = self.pop();
        let doubled = self.builder.ins().ishl_imm_u(value, 1);
        let tagged = self.builder.ins().bor_imm_u(doubled, 1);
        let reference = self.builder.ins().uextend(types::I64, tagged);
        self.push_typed(reference, ValType::Ref(RefType::I31));
    }

    pub fn i31_get(&mut self, extend: Extend) {
        let (reference, ty) = self.pop_ref();
        if ty.is_none_or(|ty| ty.is_nullable()) {
            self.trap_unless(reference, Trap::NullI31);
        }
        let tagged = self.builder.ins().ireduce(types::I32, reference);
        let value = match extend {
            Extend::Signed => self.builder.ins().sshr_imm_u(tagged, 1),
            Extend::Unsigned => self.builder.ins().ushr_imm_u(tagged, 1),
        };
        self.push(value);
    }

    /// Between internal and external references, of which both are the same.
    pub fn convert(&mut self, to: RefType) {
        let (reference, ty) = self.pop_ref();
        let to = match ty {
            Some(ty) if !ty.is_nullable() => to,
            _ => to.nullable(),
        };
        self.push_ref(reference, Some(to));
    }

    pub fn ref_func(&mut self, index: u32) {
        let func = self.instance.funcs[FuncIndex::from_u32(index)];
        let value = self.func_reference(func);
        self.push(value);
    }
}
