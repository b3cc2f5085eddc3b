//! Objects: how they are made, and the fields of structures and exceptions.
//!
//! ```text
//! structure  | header | fields …          |      exception: as a structure
//! array      | header | length | elements … |    (arrays.rs)
//! ```
//!
//! A reference is the address of the header. What an instruction reads lies in the object because
//! the reference has a type that was validated, and the place of a field is the same in a type and
//! all its subtypes: no check is needed but for null, which the page at address 0 makes.
//!
//! A collection moves objects. It happens in calls only, and changes the references that
//! [`Translator::declare`] has told of; so no address of a field or an element may be made before a
//! call and used behind it.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::heap::{self, Allocation};
use wasmc_abi::traps::Trap;
use wasmparser::{RefType, StorageType, ValType};

use super::env::{Region, Translator};
use super::memory::Extend;
use super::traps::code;
use crate::index::{TagId, TypeId, TypeIndex};
use crate::program::{Field, Storage};

/// Bytes from address 0 on that nothing is ever mapped at: an access of null that reaches no
/// further faults.
const NULL_BYTES: u32 = 64 * 1024;

/// Most bytes that are made zero by stores rather than by a builtin.
const INLINE_ZERO_MAX: u64 = 128;

impl Translator<'_, '_> {
    pub fn struct_new(&mut self, ty: u32) {
        let ty = self.instance.types[TypeIndex::from_u32(ty)];
        let program = self.program;
        let layout = &program.world.objects.structs[ty];
        let values = self.pop_many(layout.fields.len());
        let object = self.new_object(program.world.types.id(ty), layout.size);
        self.initialise(object, &layout.fields, &values);
        self.push_object(object, ty);
    }

    pub fn struct_new_default(&mut self, ty: u32) {
        let ty = self.instance.types[TypeIndex::from_u32(ty)];
        let size = self.program.world.objects.structs[ty].size;
        let object = self.new_object(self.program.world.types.id(ty), size);
        let flags = self.trusted(Region::Objects);
        let zero = self.i32(0);
        let after_header = size_of::<u32>() as i32;
        self.builder.ins().store(flags, zero, object, after_header);
        self.zero_words(object, heap::OBJECT_ALIGNMENT as i32, u64::from(size));
        self.push_object(object, ty);
    }

    pub fn struct_get(&mut self, ty: u32, field: u32, extend: Extend) {
        let field = self.field(ty, field);
        let (object, known) = self.pop_ref();
        let null = null_trap(known, Trap::NullStructure);
        let value = self.load_field(object, &field, extend, null);
        self.push_stored(value, field.ty);
    }

    pub fn struct_set(&mut self, ty: u32, field: u32) {
        let field = self.field(ty, field);
        let value = self.pop();
        let (object, known) = self.pop_ref();
        let null = null_trap(known, Trap::NullStructure);
        self.store_field(object, &field, value, null);
    }

    fn field(&self, ty: u32, field: u32) -> Field {
        let ty = self.instance.types[TypeIndex::from_u32(ty)];
        self.program.world.objects.structs[ty].fields[field as usize]
    }

    /// An exception of a tag, with this payload.
    pub fn new_exception(&mut self, tag: TagId, values: &[Value]) -> Value {
        let program = self.program;
        let layout = program.world.exception_layout(tag);
        let exception = self.new_object(program.world.exception_id(tag), layout.size);
        self.initialise(exception, &layout.fields, values);
        self.declare(exception, ValType::Ref(RefType::EXNREF));
        exception
    }

    /// The payload of an exception that has the tag.
    pub fn exception_fields(&mut self, tag: TagId, exception: Value) -> Vec<Value> {
        let layout = self.program.world.exception_layout(tag);
        let load = |field: &Field| {
            let value = self.load_field(exception, field, Extend::Unsigned, None);
            if let StorageType::Val(ty) = field.ty {
                self.declare(value, ty);
            }
            value
        };
        layout.fields.iter().map(load).collect()
    }

    fn initialise(&mut self, object: Value, fields: &[Field], values: &[Value]) {
        for (field, &value) in fields.iter().zip(values) {
            self.store_field(object, field, value, None);
        }
    }

    /// Pushes a reference to a new object of exactly this type.
    pub fn push_object(&mut self, object: Value, ty: TypeId) {
        let ty = self.program.world.types.reference(ty);
        self.push_typed(object, ValType::Ref(ty));
    }

    /// Pushes what was read of an object: what is packed has been extended.
    pub fn push_stored(&mut self, value: Value, ty: StorageType) {
        match ty {
            StorageType::Val(ty) => self.push_typed(value, ty),
            StorageType::I8 | StorageType::I16 => self.push(value),
        }
    }

    fn new_object(&mut self, id: u32, bytes: u32) -> Value {
        let bytes = self.builder.ins().iconst(types::I64, i64::from(bytes));
        self.allocate(id, bytes)
    }

    /// Makes a new object's bytes from `start` on zero, whole words up to `size`.
    pub fn zero_words(&mut self, object: Value, start: i32, size: u64) {
        let len = size.saturating_sub(start as u64);
        if len > INLINE_ZERO_MAX {
            let len = self.builder.ins().iconst(types::I64, len as i64);
            self.zero_bytes(object, start, len);
            return;
        }
        let flags = self.trusted(Region::Objects);
        let zero = self.builder.ins().iconst(types::I64, 0);
        for offset in (start..start + len as i32).step_by(8) {
            self.builder.ins().store(flags, zero, object, offset);
        }
    }

    /// Makes `len` bytes of a new object from `start` on zero.
    pub fn zero_bytes(&mut self, object: Value, start: i32, len: Value) {
        let dst = self.builder.ins().iadd_imm_s(object, i64::from(start));
        let zero = self.i32(0);
        self.call_builtin(Builtin::memory_set, &[dst, zero, len]);
    }

    /// Room of so many bytes, a multiple of 8, with a header. What else is in it, nobody knows.
    pub fn allocate(&mut self, id: u32, bytes: Value) -> Value {
        let allocation = self.program.places.allocation;
        let allocation = allocation.expect("a program with objects has a heap");
        let cell = self.state(allocation);
        let flags = self.trusted(Region::Allocation);
        let (next, end) = (
            std::mem::offset_of!(Allocation, next) as i32,
            std::mem::offset_of!(Allocation, end) as i32,
        );
        let object = self.builder.ins().load(types::I64, flags, cell, next);
        let end = self.builder.ins().load(types::I64, flags, cell, end);
        // Addresses have 32 bits, and lengths of arrays times 16 have 36: the sum does not wrap.
        let behind = self.builder.ins().iadd(object, bytes);
        let fits = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, behind, end);
        let [fast, slow, done] = [(); 3].map(|()| self.builder.create_block());
        let result = self.builder.append_block_param(done, types::I64);
        self.builder.set_cold_block(slow);
        self.builder.ins().brif(fits, fast, &[], slow, &[]);
        self.builder.seal_block(fast);
        self.builder.seal_block(slow);
        self.builder.switch_to_block(fast);
        self.builder.ins().store(flags, behind, cell, next);
        self.jump(done, &[object]);
        self.builder.switch_to_block(slow);
        let id_value = self.builder.ins().iconst(types::I32, i64::from(id));
        let moved = self.call_builtin(Builtin::gc_allocate, &[id_value, bytes]);
        let moved = moved.expect("gc_allocate has a result");
        self.jump(done, &[moved]);
        self.builder.seal_block(done);
        self.builder.switch_to_block(done);
        let header = self.builder.ins().iconst(types::I32, i64::from(id * 2));
        let flags = self.trusted(Region::Headers);
        self.builder.ins().store(flags, header, result, 0);
        result
    }

    /// The header of an object; `null` is the trap if the reference is null, or it cannot be.
    pub fn header(&mut self, object: Value, null: Option<Trap>) -> Value {
        let flags = self.object_flags(Region::Headers, null);
        self.builder.ins().load(types::I32, flags, object, 0)
    }

    /// Flags of an aligned access to an object; `null` is the trap if the reference is null, or it
    /// cannot be.
    pub fn object_flags(&mut self, region: Region, null: Option<Trap>) -> MemFlagsData {
        let flags = match null {
            Some(trap) => MemFlagsData::new()
                .with_aligned()
                .with_trap_code(Some(code(trap))),
            // The reference's type, which was validated, says that there is an object.
            None => MemFlagsData::trusted(),
        };
        self.flags(flags, region)
    }

    /// Reads a field of an object that has it, or is null.
    fn load_field(
        &mut self,
        object: Value,
        field: &Field,
        extend: Extend,
        null: Option<Trap>,
    ) -> Value {
        let null = self.check_far(object, field, null);
        self.load_stored(field.storage, extend, object, field.offset as i32, null)
    }

    /// Writes a field of an object that has it, or is null.
    fn store_field(&mut self, object: Value, field: &Field, value: Value, null: Option<Trap>) {
        let null = self.check_far(object, field, null);
        self.store_stored(field.storage, value, object, field.offset as i32, null);
    }

    /// Traps at once if the object is null and the field may lie where something is; what is left
    /// to the access itself.
    fn check_far(&mut self, object: Value, field: &Field, null: Option<Trap>) -> Option<Trap> {
        let trap = null?;
        if field.offset + field.storage.bytes() <= NULL_BYTES {
            return null;
        }
        self.trap_unless(object, trap);
        None
    }

    /// Reads what is stored at an offset from an address.
    pub fn load_stored(
        &mut self,
        storage: Storage,
        extend: Extend,
        base: Value,
        offset: i32,
        null: Option<Trap>,
    ) -> Value {
        let flags = self.stored_flags(storage, null);
        let ins = self.builder.ins();
        match (storage, extend) {
            (Storage::I8, Extend::Unsigned) => ins.uload8(types::I32, flags, base, offset),
            (Storage::I8, Extend::Signed) => ins.sload8(types::I32, flags, base, offset),
            (Storage::I16, Extend::Unsigned) => ins.uload16(types::I32, flags, base, offset),
            (Storage::I16, Extend::Signed) => ins.sload16(types::I32, flags, base, offset),
            (Storage::I32, _) => ins.load(types::I32, flags, base, offset),
            (Storage::I64 | Storage::Func, _) => ins.load(types::I64, flags, base, offset),
            (Storage::F32, _) => ins.load(types::F32, flags, base, offset),
            (Storage::F64, _) => ins.load(types::F64, flags, base, offset),
            (Storage::V128, _) => ins.load(types::I8X16, flags, base, offset),
            (Storage::Object, _) => ins.uload32(flags, base, offset),
        }
    }

    /// Stores at an offset from an address. Every store of a reference into an object comes by
    /// here, but for those that builtins copy.
    pub fn store_stored(
        &mut self,
        storage: Storage,
        value: Value,
        base: Value,
        offset: i32,
        null: Option<Trap>,
    ) {
        let flags = self.stored_flags(storage, null);
        let ins = self.builder.ins();
        match storage {
            Storage::I8 => ins.istore8(flags, value, base, offset),
            Storage::I16 => ins.istore16(flags, value, base, offset),
            // The upper half is zero.
            Storage::Object => ins.istore32(flags, value, base, offset),
            _ => ins.store(flags, value, base, offset),
        };
    }

    fn stored_flags(&mut self, storage: Storage, null: Option<Trap>) -> MemFlagsData {
        let flags = self.object_flags(Region::Objects, null);
        match storage {
            // Objects are aligned to 8 bytes only.
            Storage::V128 => {
                let unaligned = match null {
                    Some(trap) => MemFlagsData::new().with_trap_code(Some(code(trap))),
                    None => MemFlagsData::new().with_notrap(),
                };
                self.flags(unaligned, Region::Objects)
            }
            _ => flags,
        }
    }
}

/// The trap of an access through a reference of which this is known, if it may be null.
pub(super) fn null_trap(ty: Option<RefType>, trap: Trap) -> Option<Trap> {
    ty.is_none_or(|ty| ty.is_nullable()).then_some(trap)
}
