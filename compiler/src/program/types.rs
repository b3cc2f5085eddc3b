//! Types, canonical over the whole program, and their ids at run time.
//!
//! Types are equal when their recursion groups are (the specification's iso-recursive equality):
//! the same structure, with references into the group by position, and references to what came
//! before by canonical number. So each group is rewritten in that form once and looked up.
//!
//! Since all types are known, the ids that references and objects carry at run time are given such
//! that a type and its subtypes have ids one after the other: whether a value has a type is one
//! comparison, however deep the hierarchy is.
//!
//! ```text
//! id   0     1 …         …       …           …
//!      null  structures  arrays  exceptions  functions     each kind's forest in preorder
//! ```
//!
//! Exceptions have no types, but tags: in a program with objects each tag has an id as well.

use std::collections::HashMap;
use std::ops::Range;

use cranelift_codegen::entity::{EntityRef, PrimaryMap, SecondaryMap};
use wasmparser::{
    AbstractHeapType, ArrayType, CompositeInnerType, CompositeType, ContType, FieldType, FuncType,
    HeapType, PackedIndex, RefType, StorageType, StructType, SubType, UnpackedIndex, ValType,
};

use crate::error::{Error, Location, Result};
use crate::index::{TypeId, TypeIndex};
use crate::module::Module;

/// The types of a program.
#[derive(Debug)]
pub struct Types {
    /// Each once; a type index in one of them is a [`TypeId`].
    types: PrimaryMap<TypeId, SubType>,
    /// Ids at run time.
    ids: PrimaryMap<TypeId, Range<u32>>,
    /// The ids of all structures.
    structs: Range<u32>,
    /// The ids of all arrays.
    arrays: Range<u32>,
}

/// The program's types that those of a module are.
pub(crate) type ModuleTypes = PrimaryMap<TypeIndex, TypeId>;

impl Types {
    /// The types of some modules; and for each module, which of them its own are.
    pub(super) fn canonical<'m>(
        modules: impl Iterator<Item = &'m Module<'m>>,
    ) -> Result<(Types, Vec<ModuleTypes>)> {
        let mut types = PrimaryMap::new();
        let mut groups = HashMap::new();
        let mut tags = 0;
        let of_modules = modules
            .map(|module| {
                tags += (module.tags.len() - module.imported_tags) as u32;
                declare(&mut types, &mut groups, module)
            })
            .collect::<Result<_>>()?;
        Ok((number(types, tags), of_modules))
    }

    /// Whether the program has objects: structures, arrays, and exceptions, which are objects too
    /// then. Without types of them nothing can make any.
    pub fn has_objects(&self) -> bool {
        self.arrays.end > 1
    }

    /// The types, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TypeId, &SubType)> {
        self.types.iter()
    }

    /// What an array type says of the elements.
    pub fn element(&self, id: TypeId) -> FieldType {
        self.types[id].unwrap_array().0
    }

    /// The type of references to exactly objects or functions of a type, and its subtypes.
    pub fn reference(&self, id: TypeId) -> RefType {
        let index = canonical(id).expect("the type's own number was representable");
        RefType::concrete(false, index)
    }

    /// Whether a type is one of functions.
    pub fn is_func(&self, id: TypeId) -> bool {
        kind(&self.types[id]) == Kind::Func
    }

    /// The ids of a type and all its subtypes: those that values of the type have at run time.
    pub fn range(&self, id: TypeId) -> Range<u32> {
        self.ids[id].clone()
    }

    /// The ids of all structures.
    pub fn structs(&self) -> Range<u32> {
        self.structs.clone()
    }

    /// The ids of all arrays.
    pub fn arrays(&self) -> Range<u32> {
        self.arrays.clone()
    }

    /// The id of the first tag, in a program with objects: those of the others follow in the order
    /// of the tags.
    pub fn first_exception(&self) -> u32 {
        self.arrays.end
    }

    /// A function type.
    pub fn func(&self, id: TypeId) -> &FuncType {
        self.types[id].unwrap_func()
    }

    /// The id that a type has in references at run time: from 1, because null is 0.
    pub fn id(&self, id: TypeId) -> u32 {
        self.ids[id].start
    }

    /// Whether a type is another, or declared to be below it.
    pub(super) fn is_below(&self, ty: TypeId, of: TypeId) -> bool {
        self.ids[of].contains(&self.id(ty))
    }

    /// Whether a canonical type is another, or a subtype of it.
    pub fn is_subtype(&self, ty: ValType, of: ValType) -> bool {
        match (ty, of) {
            (ValType::Ref(ty), ValType::Ref(of)) => {
                (of.is_nullable() || !ty.is_nullable()) && self.is_heap_subtype(ty, of)
            }
            _ => ty == of,
        }
    }

    /// Whether references of a canonical type may be to objects: those that a collection finds and
    /// changes. What is only ever null or a number is not among them.
    pub fn may_be_object(&self, ty: RefType) -> bool {
        use AbstractHeapType::{Any, Array, Eq, Exn, Extern, Struct};
        self.has_objects()
            && match ty.heap_type() {
                HeapType::Abstract { ty, .. } => {
                    matches!(ty, Any | Eq | Struct | Array | Extern | Exn)
                }
                HeapType::Concrete(_) | HeapType::Exact(_) => !self.is_function(ty),
            }
    }

    /// Whether references of a canonical type are to functions.
    pub fn is_function(&self, ty: RefType) -> bool {
        match ty.heap_type() {
            HeapType::Abstract { ty, .. } => {
                matches!(ty, AbstractHeapType::Func | AbstractHeapType::NoFunc)
            }
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                type_id(index).is_some_and(|id| self.is_func(id))
            }
        }
    }

    fn is_heap_subtype(&self, ty: RefType, of: RefType) -> bool {
        use AbstractHeapType::{
            Any, Array, Eq, Exn, Extern, Func, I31, NoExn, NoExtern, NoFunc, None as Bottom, Struct,
        };
        use HeapType::{Abstract, Concrete};
        match (ty.heap_type(), of.heap_type()) {
            (ty, of) if ty == of => true,
            (Concrete(ty), Concrete(of)) => {
                let (ty, of) = (type_id(ty), type_id(of));
                ty.zip(of).is_some_and(|(ty, of)| self.is_below(ty, of))
            }
            (
                Concrete(ty),
                Abstract {
                    ty: of,
                    shared: false,
                },
            ) => {
                let kind = type_id(ty).map(|ty| kind(&self.types[ty]));
                matches!(
                    (kind, of),
                    (Some(Kind::Func), Func)
                        | (Some(Kind::Struct), Struct | Eq | Any)
                        | (Some(Kind::Array), Array | Eq | Any)
                )
            }
            (Abstract { ty, shared: false }, Concrete(of)) => {
                let kind = type_id(of).map(|of| kind(&self.types[of]));
                matches!(
                    (ty, kind),
                    (NoFunc, Some(Kind::Func)) | (Bottom, Some(Kind::Struct | Kind::Array))
                )
            }
            (
                Abstract { ty, shared: false },
                Abstract {
                    ty: of,
                    shared: false,
                },
            ) => matches!(
                (ty, of),
                (NoFunc, Func)
                    | (NoExtern, Extern)
                    | (NoExn, Exn)
                    | (Bottom, Any | Eq | I31 | Struct | Array)
                    | (I31 | Struct | Array, Any | Eq)
                    | (Eq, Any)
            ),
            _ => false,
        }
    }
}

/// What a composite type is, in the order in which ids are given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Struct,
    Array,
    Func,
    Cont,
}

fn kind(ty: &SubType) -> Kind {
    match ty.composite_type.inner {
        CompositeInnerType::Struct(_) => Kind::Struct,
        CompositeInnerType::Array(_) => Kind::Array,
        CompositeInnerType::Func(_) => Kind::Func,
        CompositeInnerType::Cont(_) => Kind::Cont,
    }
}

/// The type of the program that an index means, in a type that is canonical.
pub(crate) fn type_id(index: UnpackedIndex) -> Option<TypeId> {
    index.as_module_index().map(TypeId::from_u32)
}

fn supertype(ty: &SubType) -> Option<TypeId> {
    // The specification allows no more than one.
    let &index = ty.supertype_idxs.first()?;
    type_id(index.unpack())
}

/// Gives the ids: to each type a range, which begins with its own and holds those of its subtypes.
/// Those of functions leave room for so many tags in a program with objects.
fn number(types: PrimaryMap<TypeId, SubType>, tags: u32) -> Types {
    // A supertype precedes its subtypes, so that one pass backwards finds how many there are.
    let mut sizes = SecondaryMap::with_default(1_u32);
    let mut of_kinds = [0; 4];
    for (id, ty) in types.iter().rev() {
        match supertype(ty) {
            Some(supertype) => sizes[supertype] += sizes[id],
            None => of_kinds[kind(ty) as usize] += sizes[id],
        }
    }
    // The next id for a type without a supertype, by kind.
    let mut roots = [1; 4];
    for kind in 1..roots.len() {
        roots[kind] = roots[kind - 1] + of_kinds[kind - 1];
    }
    let structs = roots[Kind::Struct as usize]..roots[Kind::Array as usize];
    let arrays = structs.end..roots[Kind::Func as usize];
    if arrays.end > 1 {
        roots[Kind::Func as usize] += tags;
        roots[Kind::Cont as usize] += tags;
    }
    // The next id below each type.
    let mut below: SecondaryMap<TypeId, u32> = SecondaryMap::new();
    let mut ids = PrimaryMap::with_capacity(types.len());
    for (id, ty) in &types {
        let next = match supertype(ty) {
            Some(supertype) => &mut below[supertype],
            None => &mut roots[kind(ty) as usize],
        };
        let start = *next;
        *next += sizes[id];
        below[id] = start + 1;
        ids.push(start..start + sizes[id]);
    }
    Types {
        types,
        ids,
        structs,
        arrays,
    }
}

/// Finds or adds the types of a module. `groups` knows the first type of each recursion group.
fn declare(
    types: &mut PrimaryMap<TypeId, SubType>,
    groups: &mut HashMap<Vec<SubType>, TypeId>,
    module: &Module<'_>,
) -> Result<ModuleTypes> {
    let mut of_module: ModuleTypes = PrimaryMap::with_capacity(module.types.len());
    let mut declared = module.types.values();
    for &len in &module.rec_groups {
        let start = of_module.len();
        // Into the group by position, to what came before by canonical number.
        let relative = |index: PackedIndex| match index.unpack() {
            UnpackedIndex::Module(index) => match (index as usize).checked_sub(start) {
                Some(position) => PackedIndex::from_rec_group_index(position as u32),
                None => canonical(of_module[TypeIndex::from_u32(index)]),
            },
            _ => Some(index),
        };
        let key: Vec<_> = declared
            .by_ref()
            .take(len)
            .map(|ty| map_sub_type(ty, &relative))
            .collect::<Option<_>>()
            .ok_or_else(too_many)?;
        let first = match groups.get(&key) {
            Some(&first) => first,
            None => {
                let first = types.next_key();
                let absolute = |index: PackedIndex| match index.unpack() {
                    UnpackedIndex::RecGroup(position) => {
                        canonical(TypeId::new(first.index() + position as usize))
                    }
                    _ => Some(index),
                };
                for ty in &key {
                    types.push(map_sub_type(ty, &absolute).ok_or_else(too_many)?);
                }
                groups.insert(key, first);
                first
            }
        };
        for position in 0..len {
            of_module.push(TypeId::new(first.index() + position));
        }
    }
    Ok(of_module)
}

fn too_many() -> Error {
    Error::Limit {
        message: "the program has more than 2^20 types".into(),
        location: Location::default(),
    }
}

fn canonical(id: TypeId) -> Option<PackedIndex> {
    PackedIndex::from_module_index(id.as_u32())
}

/// A value type of a module with its type index made canonical.
pub(crate) fn canonical_type(ty: ValType, types: &ModuleTypes) -> ValType {
    let index = |index: PackedIndex| match index.unpack() {
        UnpackedIndex::Module(of_module) => canonical(types[TypeIndex::from_u32(of_module)]),
        _ => Some(index),
    };
    map_val_type(ty, &index).expect("the type's own number was representable")
}

/// A type with its type indices mapped; `None` if one of them is.
fn map_sub_type(
    ty: &SubType,
    index: &impl Fn(PackedIndex) -> Option<PackedIndex>,
) -> Option<SubType> {
    let all = |indices: &[PackedIndex]| -> Option<Vec<_>> {
        indices.iter().map(|&at| index(at)).collect()
    };
    let optional = |at: Option<PackedIndex>| match at {
        Some(at) => index(at).map(Some),
        None => Some(None),
    };
    let val_types = |types: &[ValType]| -> Option<Vec<_>> {
        types.iter().map(|&ty| map_val_type(ty, index)).collect()
    };
    let field = |field: &FieldType| {
        Some(FieldType {
            element_type: match field.element_type {
                StorageType::Val(ty) => StorageType::Val(map_val_type(ty, index)?),
                packed @ (StorageType::I8 | StorageType::I16) => packed,
            },
            mutable: field.mutable,
        })
    };
    let composite = &ty.composite_type;
    Some(SubType {
        is_final: ty.is_final,
        supertype_idxs: all(&ty.supertype_idxs)?,
        composite_type: CompositeType {
            inner: match &composite.inner {
                CompositeInnerType::Func(ty) => CompositeInnerType::Func(FuncType::new(
                    val_types(ty.params())?,
                    val_types(ty.results())?,
                )),
                CompositeInnerType::Array(ty) => {
                    CompositeInnerType::Array(ArrayType(field(&ty.0)?))
                }
                CompositeInnerType::Struct(ty) => CompositeInnerType::Struct(StructType {
                    fields: ty.fields.iter().map(field).collect::<Option<_>>()?,
                }),
                CompositeInnerType::Cont(ty) => CompositeInnerType::Cont(ContType(index(ty.0)?)),
            },
            shared: composite.shared,
            descriptor_idx: optional(composite.descriptor_idx)?,
            describes_idx: optional(composite.describes_idx)?,
        },
    })
}

fn map_val_type(
    ty: ValType,
    index: &impl Fn(PackedIndex) -> Option<PackedIndex>,
) -> Option<ValType> {
    let ValType::Ref(reference) = ty else {
        return Some(ty);
    };
    let Some(at) = reference.type_index() else {
        return Some(ty);
    };
    let at = index(at)?;
    let nullable = reference.is_nullable();
    Some(ValType::Ref(match reference.is_exact_type_ref() {
        true => RefType::exact(nullable, at),
        false => RefType::concrete(nullable, at),
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use wasmparser::{Parser, Payload};

    use super::*;

    /// A module with the types of a text, whatever proposal they belong to.
    fn module(text: &str) -> Module<'static> {
        let bytes = wat::parse_str(text).unwrap();
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(&bytes) {
            if let Payload::TypeSection(groups) = payload.unwrap() {
                for group in groups {
                    let types: Vec<_> = group.unwrap().into_types().collect();
                    module.rec_groups.push(types.len());
                    types.into_iter().for_each(|ty| {
                        module.types.push(ty);
                    });
                }
            }
        }
        module
    }

    pub(in super::super) fn canonical(texts: &[&str]) -> (Types, Vec<Vec<TypeId>>) {
        let modules: Vec<_> = texts.iter().map(|text| module(text)).collect();
        let (types, of_modules) = Types::canonical(modules.iter()).unwrap();
        let ids = |types: ModuleTypes| types.values().copied().collect();
        (types, of_modules.into_iter().map(ids).collect())
    }

    fn concrete(nullable: bool, id: TypeId) -> ValType {
        let index = PackedIndex::from_module_index(id.as_u32()).unwrap();
        ValType::Ref(RefType::concrete(nullable, index))
    }

    #[test]
    fn equal_types_of_any_module_are_one_type() {
        let (types, of_modules) = canonical(&[
            "(module
               (type $f (func (param i32)))
               (type $g (func (param (ref $f))))
               (type $h (func (result (ref null $g)))))",
            "(module
               (type $other (func (param i64)))
               (type $f (func (param i32)))
               (type $g (func (param (ref $f))))
               (type $h (func (result (ref null $g))))
               (type $g2 (func (param (ref null $f))))
               (type $g3 (func (param (ref $other)))))",
        ]);
        let numbers = |types: &[TypeId]| types.iter().map(|ty| ty.index()).collect::<Vec<_>>();
        assert_eq!(numbers(&of_modules[0]), [0, 1, 2]);
        assert_eq!(numbers(&of_modules[1]), [3, 0, 1, 2, 4, 5]);
        // Without subtypes, ids are in the order in which types come.
        let ids: Vec<_> = of_modules[1].iter().map(|&ty| types.id(ty)).collect();
        assert_eq!(ids, [4, 1, 2, 3, 5, 6]);
    }

    #[test]
    fn a_place_in_a_group_matters() {
        let (_, of_modules) = canonical(&[
            "(module
               (rec (type $a (struct (field (ref null $b)))) (type $b (struct)))
               (rec (type $c (struct (field (ref null $d)))) (type $d (struct)))
               (type $e (struct)))",
            "(module
               (type $e (struct))
               (rec (type $a (struct (field (ref null $a)))) (type $b (struct)))
               (rec (type $c (struct (field (ref null $d)))) (type $d (struct))))",
        ]);
        let [first, second] = &of_modules[..] else {
            panic!("two modules");
        };
        assert_eq!((first[0], first[1]), (first[2], first[3]));
        assert_ne!(first[1], first[4]);
        assert_eq!(second[0], first[4]);
        assert_ne!(second[1], first[0]);
        assert_eq!((second[3], second[4]), (first[0], first[1]));
    }

    #[test]
    fn a_type_and_its_subtypes_have_ids_one_after_the_other() {
        let (types, of_modules) = canonical(&["(module
           (type $f (sub (func)))
           (type $a (sub (array i8)))
           (type $s (sub (struct)))
           (type $s1 (sub $s (struct (field i32))))
           (type $t (struct (field f64)))
           (type $s2 (sub $s (struct (field i64))))
           (type $s11 (sub final $s1 (struct (field i32) (field i8))))
           (type $f1 (sub $f (func)))
           (type $g (func)))"]);
        let [f, a, s, s1, t, s2, s11, f1, g] = of_modules[0][..] else {
            panic!("nine types");
        };
        let ids = |ty: TypeId| types.ids[ty].clone();
        assert_eq!(ids(s), 1..5);
        assert_eq!(ids(s1), 2..4);
        assert_eq!(ids(s11), 3..4);
        assert_eq!(ids(s2), 4..5);
        assert_eq!(ids(t), 5..6);
        assert_eq!(ids(a), 6..7);
        assert_eq!(ids(f), 7..9);
        assert_eq!(ids(f1), 8..9);
        assert_eq!(ids(g), 9..10);
        assert!(types.structs() == (1..6) && types.arrays() == (6..7) && types.has_objects());
        assert!(types.is_below(s11, s) && types.is_below(s11, s1) && types.is_below(s, s));
        assert!(!types.is_below(s, s1) && !types.is_below(s2, s1) && !types.is_below(t, s));
    }

    #[test]
    fn references_are_subtypes_as_their_heap_types_are() {
        let (types, of_modules) = canonical(&["(module
           (type $f (func))
           (type $a (array i8))
           (type $s (sub (struct)))
           (type $s1 (sub $s (struct (field i32)))))"]);
        let [f, a, s, s1] = of_modules[0][..] else {
            panic!("four types");
        };
        let abstract_type = |ty| {
            let ty = HeapType::Abstract { shared: false, ty };
            ValType::Ref(RefType::new(true, ty).unwrap())
        };
        use AbstractHeapType as Heap;
        let is = |ty, of| types.is_subtype(ty, of);
        assert!(is(concrete(false, s1), concrete(true, s)));
        assert!(!is(concrete(true, s1), concrete(false, s)));
        assert!(!is(concrete(true, s), concrete(true, s1)));
        for (ty, supertypes) in [
            (f, &[Heap::Func][..]),
            (a, &[Heap::Array, Heap::Eq, Heap::Any]),
            (s1, &[Heap::Struct, Heap::Eq, Heap::Any]),
        ] {
            let bottom = if ty == f { Heap::NoFunc } else { Heap::None };
            assert!(is(abstract_type(bottom), concrete(true, ty)));
            for of in [
                Heap::Func,
                Heap::Array,
                Heap::Struct,
                Heap::Eq,
                Heap::Any,
                Heap::I31,
                Heap::Extern,
                Heap::Exn,
                Heap::NoFunc,
                Heap::None,
            ] {
                let expected = supertypes.contains(&of);
                assert_eq!(
                    is(concrete(false, ty), abstract_type(of)),
                    expected,
                    "{of:?}"
                );
                assert!(!is(abstract_type(of), concrete(false, ty)), "{of:?}");
            }
        }
        assert!(is(ValType::I32, ValType::I32) && !is(ValType::I32, ValType::I64));
    }
}
