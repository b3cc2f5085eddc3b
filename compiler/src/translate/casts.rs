//! Tests and casts of references to other types.
//!
//! All types of the program are known, and the ids of a type and its subtypes follow each other
//! (`program/types.rs`): whether an object or a function has a type is one comparison of the id
//! that it carries. What is no object has no header: null, numbers (the lowest bit is set) and
//! references of a host (the lowest bits are `10`). They are told apart first, but only where the
//! operand's type, which was validated, has them.
//!
//! This is what keeps types apart at run time: whatever is loaded from an object afterwards is
//! loaded because of what was found here.

use std::ops::Range;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use wasmc_abi::traps::Trap;
use wasmparser::{AbstractHeapType, HeapType, RefType, ValType};

use super::env::Translator;
use crate::program::type_id;

/// What is to be found out of a reference that is not null.
enum Check {
    /// Nothing: it has the type, or has it not.
    Known(bool),
    /// Whether it is a number.
    Number,
    /// Whether it can be compared: whether it is none of a host.
    Comparable,
    /// Whether it is an object whose id is among these.
    Object(Range<u32>),
    /// Whether it is a function whose id is among these.
    Function(Range<u32>),
}

impl Translator<'_, '_> {
    pub fn ref_test(&mut self, heap_type: HeapType, nullable: bool) {
        let to = self.cast_target(heap_type, nullable);
        let (reference, ty) = self.pop_ref();
        let has_type = self.has_type(reference, ty, to);
        let value = match self.type_of(has_type) {
            types::I32 => has_type,
            _ => self.builder.ins().uextend(types::I32, has_type),
        };
        self.push(value);
    }

    pub fn ref_cast(&mut self, heap_type: HeapType, nullable: bool) {
        let to = self.cast_target(heap_type, nullable);
        let (reference, ty) = self.pop_ref();
        match self.check(ty, to) {
            Check::Object(ids) => self.cast_object(reference, ty, to, ids),
            Check::Known(true) if to.is_nullable() || ty.is_some_and(|ty| !ty.is_nullable()) => {}
            Check::Known(true) => self.trap_unless(reference, Trap::CastFailure),
            _ => {
                let has_type = self.has_type(reference, ty, to);
                self.trap_unless(has_type, Trap::CastFailure);
            }
        }
        // Beyond this point the reference has the type on every path.
        self.push_ref(reference, Some(to));
    }

    pub fn br_on_cast(&mut self, relative_depth: u32, from: RefType, to: RefType) {
        let (has_type, reference, ty, to) = self.test_for_branch(from, to);
        self.branch_if(has_type, relative_depth);
        self.pop();
        self.push_ref(reference, Some(RefType::difference(ty, to)));
    }

    pub fn br_on_cast_fail(&mut self, relative_depth: u32, from: RefType, to: RefType) {
        let (has_type, reference, _, to) = self.test_for_branch(from, to);
        let lacks_type = self.builder.ins().icmp_imm_u(IntCC::Equal, has_type, 0);
        self.branch_if(lacks_type, relative_depth);
        self.pop();
        self.push_ref(reference, Some(to));
    }

    /// Whether the uppermost reference, which stays, has a type; the reference, its type and the
    /// type in question, both canonical.
    fn test_for_branch(&mut self, from: RefType, to: RefType) -> (Value, Value, RefType, RefType) {
        let (from, to) = (self.program_ref(from), self.program_ref(to));
        let (reference, known) = self.pop_ref();
        let ty = known.unwrap_or(from);
        let has_type = self.has_type(reference, Some(ty), to);
        // The branch takes the reference with it.
        self.push_ref(reference, Some(ty));
        (has_type, reference, ty, to)
    }

    fn cast_target(&self, heap_type: HeapType, nullable: bool) -> RefType {
        let ty = RefType::new(nullable, heap_type);
        self.program_ref(ty.expect("indices of types are limited"))
    }

    /// What is to be found out of a reference of which this is known, unless it is null.
    fn check(&self, ty: Option<RefType>, to: RefType) -> Check {
        use AbstractHeapType as Heap;
        let types = &self.program.world.types;
        if let Some(ty) = ty {
            let [ty, to] = [ty, to].map(|ty| ValType::Ref(ty.as_non_null()));
            if types.is_subtype(ty, to) {
                return Check::Known(true);
            }
        }
        match to.heap_type() {
            HeapType::Abstract { ty, .. } => match ty {
                Heap::Any | Heap::Extern | Heap::Func | Heap::Exn | Heap::Cont => {
                    Check::Known(true)
                }
                Heap::None | Heap::NoExtern | Heap::NoFunc | Heap::NoExn | Heap::NoCont => {
                    Check::Known(false)
                }
                Heap::Eq => Check::Comparable,
                Heap::I31 => Check::Number,
                Heap::Struct => Check::Object(types.structs()),
                Heap::Array => Check::Object(types.arrays()),
            },
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let id = type_id(index).expect("the type is canonical");
                match types.is_func(id) {
                    true => Check::Function(types.range(id)),
                    false => Check::Object(types.range(id)),
                }
            }
        }
    }

    /// Whether a reference, of which this is known, has a type: not 0 if it has.
    fn has_type(&mut self, reference: Value, ty: Option<RefType>, to: RefType) -> Value {
        let may_be_null = ty.is_none_or(|ty| ty.is_nullable());
        let check = self.check(ty, to);
        let has_type = match check {
            Check::Object(ids) => return self.is_object(reference, ty, to, ids),
            Check::Known(has_type) => {
                if !may_be_null || to.is_nullable() == has_type {
                    return self.i32(has_type.into());
                }
                let condition = match has_type {
                    true => IntCC::NotEqual,
                    false => IntCC::Equal,
                };
                return self.builder.ins().icmp_imm_u(condition, reference, 0);
            }
            Check::Number => {
                let bit = self.builder.ins().band_imm_u(reference, 1);
                self.builder.ins().icmp_imm_u(IntCC::NotEqual, bit, 0)
            }
            Check::Comparable => {
                let bits = self.builder.ins().band_imm_u(reference, 3);
                let comparable = self.builder.ins().icmp_imm_u(IntCC::NotEqual, bits, 2);
                let is_some = self.builder.ins().icmp_imm_u(IntCC::NotEqual, reference, 0);
                // Null has none of the bits.
                return match may_be_null && !to.is_nullable() {
                    true => self.builder.ins().band(comparable, is_some),
                    false => comparable,
                };
            }
            Check::Function(ids) => {
                let id = self.builder.ins().ireduce(types::I32, reference);
                // Null is 0, which is nobody's id.
                self.is_in_range(id, ids)
            }
        };
        match may_be_null && to.is_nullable() {
            true => {
                let is_null = self.builder.ins().icmp_imm_u(IntCC::Equal, reference, 0);
                self.builder.ins().bor(has_type, is_null)
            }
            false => has_type,
        }
    }

    /// Whether a reference is to an object whose id is among these, or is null and may be.
    fn is_object(
        &mut self,
        reference: Value,
        ty: Option<RefType>,
        to: RefType,
        ids: Range<u32>,
    ) -> Value {
        let may_be_null = ty.is_none_or(|ty| ty.is_nullable());
        let may_be_small = self.may_be_small(ty);
        if !may_be_null && !may_be_small {
            let header = self.header(reference, None);
            return self.has_header(header, ids);
        }
        let done = self.builder.create_block();
        let has_type = self.builder.append_block_param(done, types::I8);
        if may_be_null {
            let next = self.builder.create_block();
            let answer = self
                .builder
                .ins()
                .iconst(types::I8, i64::from(to.is_nullable()));
            self.builder
                .ins()
                .brif(reference, next, &[], done, &[answer.into()]);
            self.builder.seal_block(next);
            self.builder.switch_to_block(next);
        }
        if may_be_small {
            let bits = self.builder.ins().band_imm_u(reference, 3);
            let next = self.builder.create_block();
            let no = self.builder.ins().iconst(types::I8, 0);
            self.builder.ins().brif(bits, done, &[no.into()], next, &[]);
            self.builder.seal_block(next);
            self.builder.switch_to_block(next);
        }
        // Here it is neither null nor without a header.
        let header = self.header(reference, None);
        let is_among = self.has_header(header, ids);
        self.jump(done, &[is_among]);
        self.builder.seal_block(done);
        self.builder.switch_to_block(done);
        has_type
    }

    /// Traps unless a reference is to an object whose id is among these, or is null and may be.
    fn cast_object(&mut self, reference: Value, ty: Option<RefType>, to: RefType, ids: Range<u32>) {
        let may_be_null = ty.is_none_or(|ty| ty.is_nullable());
        let done = (may_be_null && to.is_nullable()).then(|| {
            let (next, done) = (self.builder.create_block(), self.builder.create_block());
            self.builder.ins().brif(reference, next, &[], done, &[]);
            self.builder.seal_block(next);
            self.builder.switch_to_block(next);
            done
        });
        if self.may_be_small(ty) {
            let bits = self.builder.ins().band_imm_u(reference, 3);
            self.trap_if(bits, Trap::CastFailure);
        }
        // Null, where it may come here, has its header on a page that cannot be read.
        let null = (may_be_null && done.is_none()).then_some(Trap::CastFailure);
        let header = self.header(reference, null);
        let is_among = self.has_header(header, ids);
        self.trap_unless(is_among, Trap::CastFailure);
        if let Some(done) = done {
            self.jump(done, &[]);
            self.builder.seal_block(done);
            self.builder.switch_to_block(done);
        }
    }

    /// Whether a reference, of which this is known, may be a number or one of a host.
    fn may_be_small(&self, ty: Option<RefType>) -> bool {
        use AbstractHeapType as Heap;
        ty.is_none_or(|ty| match ty.heap_type() {
            HeapType::Abstract { ty, .. } => {
                !matches!(ty, Heap::Struct | Heap::Array | Heap::None | Heap::Exn)
            }
            // Only objects have types of their own.
            HeapType::Concrete(_) | HeapType::Exact(_) => false,
        })
    }

    /// Whether a header is that of an object whose id is among these.
    fn has_header(&mut self, header: Value, ids: Range<u32>) -> Value {
        // It is twice the id.
        match ids.len() {
            1 => self.is_within(header, ids.start * 2, 1),
            _ => self.is_within(header, ids.start * 2, (ids.end - ids.start) * 2),
        }
    }

    /// Whether an id is among these.
    pub fn is_in_range(&mut self, id: Value, ids: Range<u32>) -> Value {
        self.is_within(id, ids.start, ids.end - ids.start)
    }

    /// Whether a value of 32 bits is one of the `len` from `start`.
    fn is_within(&mut self, value: Value, start: u32, len: u32) -> Value {
        let (start, len) = (i64::from(start), i64::from(len));
        match len {
            0 => self.builder.ins().iconst(types::I8, 0),
            1 => self.builder.ins().icmp_imm_u(IntCC::Equal, value, start),
            _ => {
                let distance = self.builder.ins().iadd_imm_s(value, -start);
                self.builder
                    .ins()
                    .icmp_imm_u(IntCC::UnsignedLessThan, distance, len)
            }
        }
    }
}
