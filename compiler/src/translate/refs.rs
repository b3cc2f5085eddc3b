//! References.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, types};
use wasmc_abi::traps::Trap;

use super::env::Translator;
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
        let reference = self.peek_many(1)[0];
        self.trap_unless(reference, Trap::NullReference);
    }

    pub fn ref_func(&mut self, index: u32) {
        let func = self.instance.funcs[FuncIndex::from_u32(index)];
        let value = self.func_reference(func);
        self.push(value);
    }
}
