//! Atomic accesses, and waiting for them.
//!
//! All are sequentially consistent. Code takes part in the order of a memory whether that memory
//! is shared or not.

use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Type, Value, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::traps::Trap;
use wasmparser::MemArg;

use super::env::Translator;
use super::memory::Address;
use crate::index::MemoryIndex;
use crate::parse::memory_of;

impl Translator<'_, '_> {
    /// Loads `width`, zero-extended to `ty`.
    pub fn atomic_load(&mut self, ty: Type, width: Type, memarg: MemArg) {
        let (address, flags) = self.atomic_address(width, &memarg);
        let value = self.builder.ins().atomic_load(width, flags, address);
        self.push_extended(ty, value);
    }

    /// Stores the low bits of a value.
    pub fn atomic_store(&mut self, width: Type, memarg: MemArg) {
        let value = self.pop_low(width);
        let (address, flags) = self.atomic_address(width, &memarg);
        self.builder.ins().atomic_store(flags, value, address);
    }

    /// Replaces a value by the result of an operation; gives the old one, zero-extended to `ty`.
    pub fn atomic_rmw(&mut self, ty: Type, width: Type, op: AtomicRmwOp, memarg: MemArg) {
        let operand = self.pop_low(width);
        let (address, flags) = self.atomic_address(width, &memarg);
        let old = self
            .builder
            .ins()
            .atomic_rmw(width, flags, op, address, operand);
        self.push_extended(ty, old);
    }

    /// Replaces a value if it is the expected one; gives the old one, zero-extended to `ty`.
    pub fn atomic_cmpxchg(&mut self, ty: Type, width: Type, memarg: MemArg) {
        let replacement = self.pop_low(width);
        let expected = self.pop_low(width);
        let (address, flags) = self.atomic_address(width, &memarg);
        let old = self
            .builder
            .ins()
            .atomic_cas(flags, address, expected, replacement);
        self.push_extended(ty, old);
    }

    pub fn atomic_fence(&mut self) {
        self.builder.ins().fence();
    }

    /// Wakes those that wait at an address.
    pub fn memory_notify(&mut self, memarg: MemArg) {
        let count = self.pop();
        let address = self.waiting_address(types::I32, &memarg);
        let woken = self.call_builtin(Builtin::memory_notify, &[address, count]);
        self.push(woken.expect("memory_notify has a result"));
    }

    /// Waits at an address for as long as the value there, of type `ty`, is the expected one.
    pub fn memory_wait(&mut self, ty: Type, memarg: MemArg) {
        let (expected, timeout) = self.pop2();
        let address = self.waiting_address(ty, &memarg);
        let memory = self.instance.memories[MemoryIndex::from_u32(memory_of(&memarg))];
        if !self.program.world.memories[memory].ty.shared {
            self.trap(Trap::ExpectedSharedMemory);
            self.reachable = false;
            return;
        }
        let builtin = match ty {
            types::I32 => Builtin::memory_wait32,
            _ => Builtin::memory_wait64,
        };
        let outcome = self.call_builtin(builtin, &[address, expected, timeout]);
        self.push(outcome.expect("waiting has a result"));
    }

    /// Pops an index and makes the address of an aligned access of `width`: one that is in bounds,
    /// or faults, or has been checked.
    fn atomic_address(&mut self, width: Type, memarg: &MemArg) -> (Value, MemFlagsData) {
        let Address {
            base,
            offset,
            flags,
        } = self.checked_address(memarg, width.bytes());
        let address = match i64::from(offset) {
            0 => base,
            offset => self.builder.ins().iadd_imm_s(base, offset),
        };
        self.check_alignment(width, address);
        (address, flags)
    }

    /// Pops an index and makes the address of a value of type `ty` that only the runtime reads.
    fn waiting_address(&mut self, ty: Type, memarg: &MemArg) -> Value {
        let memory = self.instance.memories[MemoryIndex::from_u32(memory_of(memarg))];
        let index = self.peek_many(1)[0];
        // The runtime must not fault, whatever keeps other accesses inside.
        self.check_bounds(memory, index, memarg.offset, ty.bytes());
        let (address, _) = self.atomic_address(ty, memarg);
        address
    }

    /// Traps unless the address is a multiple of the width. Memories start at such a multiple.
    fn check_alignment(&mut self, width: Type, address: Value) {
        let mask = i64::from(width.bytes()) - 1;
        if mask > 0 {
            let low = self.builder.ins().band_imm_u(address, mask);
            self.trap_if(low, Trap::UnalignedAtomic);
        }
    }

    /// Pops a value; its low bits of type `width`.
    fn pop_low(&mut self, width: Type) -> Value {
        let value = self.pop();
        match self.type_of(value) == width {
            true => value,
            false => self.builder.ins().ireduce(width, value),
        }
    }

    fn push_extended(&mut self, ty: Type, value: Value) {
        let value = match self.type_of(value) == ty {
            true => value,
            false => self.builder.ins().uextend(ty, value),
        };
        self.push(value);
    }
}
