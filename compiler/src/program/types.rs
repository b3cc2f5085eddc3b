//! Signatures: function types, canonical over the whole program.
//!
//! Types are equal when their recursion groups are (the specification's iso-recursive equality):
//! the same structure, with references into the group by position, and references to what came
//! before by canonical id. So each group is rewritten in that form once and looked up.

use std::collections::HashMap;

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmparser::{
    AbstractHeapType, FuncType, HeapType, PackedIndex, RefType, UnpackedIndex, ValType,
};

use super::Program;
use crate::error::{Error, Location, Result};
use crate::index::{SigId, TypeIndex};
use crate::module::Module;

/// The recursion groups of a program: the first signature of each.
pub(super) type RecGroups = HashMap<Vec<FuncType>, SigId>;

/// The signatures of a module's types.
pub(super) type ModuleSigs = PrimaryMap<TypeIndex, SigId>;

/// Finds or adds the signatures of a module's types.
pub(super) fn declare(
    program: &mut Program<'_>,
    groups: &mut RecGroups,
    module: &Module<'_>,
) -> Result<ModuleSigs> {
    let mut sigs = PrimaryMap::with_capacity(module.types.len());
    let mut types = module.types.values();
    for &len in &module.rec_groups {
        let start = sigs.len();
        let key: Vec<_> = types
            .by_ref()
            .take(len)
            .map(|ty| {
                rewrite(ty, |index| match index.checked_sub(start) {
                    Some(position) => PackedIndex::from_rec_group_index(position as u32),
                    None => canonical(sigs[TypeIndex::new(index)]),
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(too_many)?;
        let first = match groups.get(&key) {
            Some(&first) => first,
            None => {
                let first = program.sigs.next_key();
                for ty in &key {
                    let ty = resolve(ty, first).ok_or_else(too_many)?;
                    program.sigs.push(ty);
                }
                groups.insert(key, first);
                first
            }
        };
        for position in 0..len {
            sigs.push(SigId::new(first.index() + position));
        }
    }
    Ok(sigs)
}

fn too_many() -> Error {
    Error::Limit {
        message: "the program has more than 2^20 types".into(),
        location: Location::default(),
    }
}

fn canonical(sig: SigId) -> Option<PackedIndex> {
    PackedIndex::from_module_index(sig.as_u32())
}

/// A type of a group's key with positions made canonical: the group's first signature is `first`.
fn resolve(ty: &FuncType, first: SigId) -> Option<FuncType> {
    let value = |ty: &ValType| match index_of(*ty) {
        Some(UnpackedIndex::RecGroup(position)) => with_index(
            *ty,
            canonical(SigId::new(first.index() + position as usize)),
        ),
        _ => Some(*ty),
    };
    map(ty, value)
}

/// A type with the type indices of its module mapped.
fn rewrite(ty: &FuncType, index: impl Fn(usize) -> Option<PackedIndex>) -> Option<FuncType> {
    let value = |ty: &ValType| match index_of(*ty) {
        Some(UnpackedIndex::Module(of_module)) => with_index(*ty, index(of_module as usize)),
        _ => Some(*ty),
    };
    map(ty, value)
}

fn map(ty: &FuncType, value: impl Fn(&ValType) -> Option<ValType>) -> Option<FuncType> {
    let params: Option<Vec<_>> = ty.params().iter().map(&value).collect();
    let results: Option<Vec<_>> = ty.results().iter().map(&value).collect();
    Some(FuncType::new(params?, results?))
}

fn index_of(ty: ValType) -> Option<UnpackedIndex> {
    Some(ty.as_reference_type()?.type_index()?.unpack())
}

fn with_index(ty: ValType, index: Option<PackedIndex>) -> Option<ValType> {
    let nullable = ty.as_reference_type()?.is_nullable();
    Some(RefType::concrete(nullable, index?).into())
}

/// A value type of a module with its type index made canonical.
pub(super) fn canonical_type(ty: ValType, sigs: &ModuleSigs) -> ValType {
    match index_of(ty) {
        Some(UnpackedIndex::Module(index)) => {
            let sig = canonical(sigs[TypeIndex::from_u32(index)]);
            with_index(ty, sig).expect("the signature's own id was representable")
        }
        _ => ty,
    }
}

/// Whether a canonical type is another, or a subtype of it.
pub(super) fn is_subtype(ty: ValType, of: ValType) -> bool {
    match (ty, of) {
        (ValType::Ref(ty), ValType::Ref(of)) => {
            (of.is_nullable() || !ty.is_nullable()) && is_heap_subtype(ty, of)
        }
        _ => ty == of,
    }
}

fn is_heap_subtype(ty: RefType, of: RefType) -> bool {
    use AbstractHeapType::{
        Any, Array, Eq, Exn, Extern, Func, I31, NoExn, NoExtern, NoFunc, None as Bottom, Struct,
    };
    let abstract_of = |ty: RefType| match ty.heap_type() {
        HeapType::Abstract { ty, shared: false } => Some(ty),
        _ => None,
    };
    match (abstract_of(ty), abstract_of(of)) {
        // Every type index means a function type, and no other than itself.
        (None, Some(Func)) => ty.type_index().is_some(),
        (Some(NoFunc), None) => of.type_index().is_some(),
        (Some(NoFunc), Some(Func))
        | (Some(NoExtern), Some(Extern))
        | (Some(NoExn), Some(Exn))
        | (Some(Bottom), Some(Any | Eq | I31 | Struct | Array))
        | (Some(I31 | Struct | Array), Some(Any | Eq))
        | (Some(Eq), Some(Any)) => true,
        _ => ty.heap_type() == of.heap_type(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;

    fn sigs_of(program: &mut Program<'_>, groups: &mut RecGroups, text: &str) -> Vec<usize> {
        let bytes = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&bytes, Features::default()).unwrap();
        let sigs = declare(program, groups, &module).unwrap();
        sigs.values().map(|sig| sig.index()).collect()
    }

    #[test]
    fn equal_types_of_any_module_are_one_signature() {
        let mut program = Program::empty();
        let mut groups = RecGroups::new();
        let mut sigs = |text| sigs_of(&mut program, &mut groups, text);
        let first = sigs(
            "(module
               (type $f (func (param i32)))
               (type $g (func (param (ref $f))))
               (type $h (func (result (ref null $g)))))",
        );
        assert_eq!(first, [0, 1, 2]);
        let second = sigs(
            "(module
               (type $other (func (param i64)))
               (type $f (func (param i32)))
               (type $g (func (param (ref $f))))
               (type $h (func (result (ref null $g))))
               (type $g2 (func (param (ref null $f))))
               (type $g3 (func (param (ref $other)))))",
        );
        assert_eq!(second, [3, 0, 1, 2, 4, 5]);
    }
}
