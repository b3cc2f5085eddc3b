//! How do objects lie in memory?
//!
//! The fields of a structure follow its header in their order, each aligned to its size, at most to
//! 8: since a subtype's first fields are those of its supertype, stored alike, a field has one place
//! in a type and all its subtypes.

use cranelift_codegen::entity::PrimaryMap;
use wasmc_abi::heap::OBJECT_ALIGNMENT;
use wasmparser::{CompositeInnerType, StorageType, ValType};

use super::types::Types;
use crate::index::TypeId;

/// How the objects of a program's types lie in memory.
#[derive(Debug)]
pub struct Objects {
    /// Of each type: its fields, or none if it is no structure.
    pub structs: PrimaryMap<TypeId, StructLayout>,
}

/// How a structure lies in memory.
#[derive(Clone, Debug)]
pub struct StructLayout {
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// Bytes of an object.
    pub size: u32,
}

/// A field of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its type, canonical.
    pub ty: StorageType,
    /// How it is stored.
    pub storage: Storage,
    /// Where it begins.
    pub offset: u32,
}

/// How a field or an element is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    /// A reference that may be to an object: 4 bytes.
    Object,
    /// A reference to a function, as it is elsewhere.
    Func,
}

impl Objects {
    pub(super) fn new(types: &Types) -> Objects {
        let structs = types.iter().map(|(_, ty)| match &ty.composite_type.inner {
            CompositeInnerType::Struct(ty) => {
                StructLayout::new(types, ty.fields.iter().map(|field| field.element_type))
            }
            _ => StructLayout::new(types, []),
        });
        Objects {
            structs: structs.collect(),
        }
    }
}

impl StructLayout {
    /// How fields of these canonical types lie one after the other behind a header.
    pub(super) fn new(
        types: &Types,
        fields: impl IntoIterator<Item = StorageType>,
    ) -> StructLayout {
        // The header.
        let mut end = size_of::<u32>() as u32;
        let mut place = |ty| {
            let storage = Storage::of(types, ty);
            let bytes = storage.bytes();
            let offset = end.next_multiple_of(bytes.min(OBJECT_ALIGNMENT as u32));
            end = offset + bytes;
            Field {
                ty,
                storage,
                offset,
            }
        };
        let fields = fields.into_iter().map(&mut place).collect();
        StructLayout {
            fields,
            size: end.next_multiple_of(OBJECT_ALIGNMENT as u32),
        }
    }

    /// Where the references to objects are.
    pub(super) fn references(&self) -> Vec<u32> {
        let fields = self.fields.iter();
        let references = fields.filter(|field| field.storage == Storage::Object);
        references.map(|field| field.offset).collect()
    }
}

impl Storage {
    /// How fields and elements of a canonical type are stored.
    pub fn of(types: &Types, ty: StorageType) -> Storage {
        match ty {
            StorageType::I8 => Storage::I8,
            StorageType::I16 => Storage::I16,
            StorageType::Val(ValType::I32) => Storage::I32,
            StorageType::Val(ValType::I64) => Storage::I64,
            StorageType::Val(ValType::F32) => Storage::F32,
            StorageType::Val(ValType::F64) => Storage::F64,
            StorageType::Val(ValType::V128) => Storage::V128,
            StorageType::Val(ValType::Ref(ty)) => match types.is_function(ty) {
                true => Storage::Func,
                false => Storage::Object,
            },
        }
    }

    /// Bytes.
    pub fn bytes(self) -> u32 {
        match self {
            Storage::I8 => 1,
            Storage::I16 => 2,
            Storage::I32 | Storage::F32 | Storage::Object => 4,
            Storage::I64 | Storage::F64 | Storage::Func => 8,
            Storage::V128 => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::tests::canonical;
    use super::*;

    #[test]
    fn fields_are_aligned_and_have_one_place_in_all_subtypes() {
        let (types, of_modules) = canonical(&["(module
           (type $e (struct))
           (type $s (sub (struct (field i8) (field (mut i16)) (field (ref null any)))))
           (type $t (sub $s (struct (field i8) (field (mut i16)) (field (ref $e))
             (field funcref) (field v128) (field i8)))))"]);
        let objects = Objects::new(&types);
        let layout = |at: usize| {
            let layout = &objects.structs[of_modules[0][at]];
            let offsets: Vec<_> = layout.fields.iter().map(|field| field.offset).collect();
            (offsets, layout.size, layout.references())
        };
        assert_eq!(layout(0), (vec![], 8, vec![]));
        assert_eq!(layout(1), (vec![4, 6, 8], 16, vec![8]));
        assert_eq!(layout(2), (vec![4, 6, 8, 16, 24, 40], 48, vec![8]));
    }
}
