//! The table of host functions and the layouts of their results, compared with the WIT files of WASI
//! 0.2 (`scripts/material wit`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use wasmc_abi::p2::{self, HostFunction};
use wasmc_abi::p2_layout::{self, Layout};
use wasmc_abi::wasi::ValueType;
use wasmc_tests::expected;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, SizeAlign, Type, TypeDef, TypeDefKind, Variant};

/// Functions that are not imported: the world's exports.
const EXPORTED: &[(&str, &str)] = &[
    ("wasi:cli/run", "run"),
    ("wasi:http/incoming-handler", "handle"),
];
/// Interfaces of 0.2.12 that are unstable and not offered.
const UNSTABLE: &[&str] = &["wasi:clocks/timezone"];

/// The WIT files, resolved; `None` with a line that says so when they are absent.
fn resolve() -> Option<(Resolve, SizeAlign)> {
    let folder: PathBuf = expected::repository().join(".material/wit/0.2.12");
    if !folder.is_dir() {
        eprintln!("SKIPPED: the WIT files are absent; `scripts/material wit` fetches them");
        return None;
    }
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    resolve.push_dir(&folder).expect("the WIT files are valid");
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve).expect("types have sizes");
    Some((resolve, sizes))
}

/// Every function of the interfaces: interface without version, name, and what it is.
fn functions(resolve: &Resolve) -> BTreeMap<(String, String), &wit_parser::Function> {
    let mut functions = BTreeMap::new();
    for (id, interface) in &resolve.interfaces {
        let name = resolve.id_of(id).unwrap_or_default();
        let name = name.split('@').next().unwrap_or_default().to_owned();
        if !name.starts_with("wasi:") || UNSTABLE.contains(&&*name) {
            continue;
        }
        for (function, what) in &interface.functions {
            if !EXPORTED.contains(&(&*name, &**function)) {
                functions.insert((name.clone(), function.clone()), what);
            }
        }
    }
    functions
}

#[test]
fn signatures_are_those_of_wit() {
    let Some((resolve, _)) = resolve() else {
        return;
    };
    let functions = functions(&resolve);
    let mut wrong = String::new();
    for function in p2::FUNCTIONS {
        let key = (function.interface.to_owned(), function.import.to_owned());
        let Some(wit) = functions.get(&key) else {
            let _ = writeln!(wrong, "  {key:?} is not in WIT");
            continue;
        };
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, wit);
        let value = |ty: &WasmType| match ty {
            WasmType::I64 | WasmType::PointerOrI64 => ValueType::I64,
            WasmType::I32 | WasmType::Pointer | WasmType::Length => ValueType::I32,
            WasmType::F32 | WasmType::F64 => unreachable!("WASI has no floats"),
        };
        let params: Vec<_> = signature.params.iter().map(value).collect();
        let ours: Vec<_> = function.params.iter().map(|&(_, ty)| ty).collect();
        let results: Vec<_> = signature.results.iter().map(value).collect();
        if params != ours || results != Vec::from_iter(function.result) {
            let _ = writeln!(wrong, "  {key:?}: {params:?} -> {results:?}");
        }
        let needs_memory = wit.result.is_some_and(|ty| has_list(&resolve, &ty));
        if needs_memory != function.realloc {
            let _ = writeln!(wrong, "  {key:?}: `realloc` should be {needs_memory}");
        }
    }
    for key in functions.keys() {
        if p2::find(&key.0, &key.1).is_none() {
            let _ = writeln!(wrong, "  {key:?} has no row");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_eq!(functions.len(), p2::FUNCTIONS.len());
}

/// Whether a value of a type has parts that need memory of their own.
fn has_list(resolve: &Resolve, ty: &Type) -> bool {
    let optional = |ty: &Option<Type>| ty.is_some_and(|ty| has_list(resolve, &ty));
    match ty {
        Type::String => true,
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::List(_) => true,
            TypeDefKind::Type(ty) | TypeDefKind::Option(ty) => has_list(resolve, ty),
            TypeDefKind::Record(record) => {
                let mut fields = record.fields.iter();
                fields.any(|field| has_list(resolve, &field.ty))
            }
            TypeDefKind::Tuple(tuple) => tuple.types.iter().any(|ty| has_list(resolve, ty)),
            TypeDefKind::Result(result) => optional(&result.ok) || optional(&result.err),
            TypeDefKind::Variant(variant) => variant.cases.iter().any(|case| optional(&case.ty)),
            _ => false,
        },
        _ => false,
    }
}

#[test]
fn layouts_are_those_of_wit() {
    let Some((resolve, sizes)) = resolve() else {
        return;
    };
    let functions = functions(&resolve);
    let mut wrong = String::new();
    let mut compared = 0;
    for function in p2::FUNCTIONS {
        let Some(ours) = p2_layout::of(function) else {
            if writes_result(function) && function.offered {
                let _ = writeln!(wrong, "  {} has no layout", function.name);
            }
            continue;
        };
        let key = (function.interface.to_owned(), function.import.to_owned());
        let ty = functions[&key]
            .result
            .expect("what has a layout has a result");
        let theirs = Layout {
            size: sizes.size(&ty).size_wasm32() as u32,
            align: sizes.align(&ty).align_wasm32() as u32,
            payload: payload(&resolve, &sizes, &ty),
        };
        if ours != theirs {
            let _ = writeln!(wrong, "  {}: {theirs:?}, not {ours:?}", function.name);
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let listed: usize = p2_layout::LAYOUTS
        .iter()
        .map(|(_, names)| names.len())
        .sum();
    assert_eq!(
        compared, listed,
        "a layout names a function that there is not"
    );
}

/// Whether a function writes its result through a pointer.
fn writes_result(function: &HostFunction) -> bool {
    function
        .params
        .last()
        .is_some_and(|&(name, _)| name == "ret")
}

/// Of a `result` or `option`, the offset of what its cases carry; else 0.
fn payload(resolve: &Resolve, sizes: &SizeAlign, ty: &Type) -> u32 {
    let Type::Id(id) = ty else { return 0 };
    let cases: Vec<Option<&Type>> = match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => return payload(resolve, sizes, ty),
        TypeDefKind::Option(ty) => vec![None, Some(ty)],
        TypeDefKind::Result(result) => vec![result.ok.as_ref(), result.err.as_ref()],
        _ => return 0,
    };
    let offset = sizes.payload_offset(wit_parser::Int::U8, cases);
    offset.size_wasm32() as u32
}

/// The type of an interface with this name.
fn find_type<'r>(resolve: &'r Resolve, interface: &str, name: &str) -> (Type, &'r TypeDef) {
    let found = resolve.interfaces.iter().find_map(|(id, of)| {
        let full = resolve.id_of(id)?;
        (full.split('@').next() == Some(interface)).then(|| of.types.get(name).copied())?
    });
    let mut id = found.unwrap_or_else(|| panic!("{interface} has no type {name}"));
    while let TypeDefKind::Type(Type::Id(other)) = resolve.types[id].kind {
        id = other;
    }
    (Type::Id(id), &resolve.types[id])
}

#[test]
fn records_are_those_of_wit() {
    let Some((resolve, sizes)) = resolve() else {
        return;
    };
    for &(interface, name, size, align, offsets) in p2_layout::RECORDS {
        let (ty, def) = find_type(&resolve, interface, name);
        let TypeDefKind::Record(record) = &def.kind else {
            panic!("{name} is no record");
        };
        assert_eq!(sizes.size(&ty).size_wasm32() as u32, size, "{name}");
        assert_eq!(sizes.align(&ty).align_wasm32() as u32, align, "{name}");
        let fields = record.fields.iter().map(|field| &field.ty);
        let theirs: Vec<_> = sizes
            .field_offsets(fields)
            .into_iter()
            .map(|(offset, _)| offset.size_wasm32() as u32)
            .collect();
        assert_eq!(theirs, offsets, "{name}");
    }
}

#[test]
fn enumerations_are_those_of_wit() {
    let Some((resolve, _)) = resolve() else {
        return;
    };
    for &(interface, name, cases) in p2_layout::ENUMERATIONS {
        let (_, def) = find_type(&resolve, interface, name);
        let theirs: Vec<_> = match &def.kind {
            TypeDefKind::Enum(of) => of.cases.iter().map(|case| &case.name).collect(),
            TypeDefKind::Variant(of) => of.cases.iter().map(|case| &case.name).collect(),
            _ => panic!("{name} has no cases"),
        };
        let theirs: Vec<_> = theirs.iter().map(|name| name.replace('-', "_")).collect();
        // `loop` is a word of Rust's.
        let ours: Vec<_> = cases
            .iter()
            .map(|case| case.trim_end_matches('_'))
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn resources_are_those_of_wit() {
    let Some((resolve, _)) = resolve() else {
        return;
    };
    let mut theirs = Vec::new();
    for (id, interface) in &resolve.interfaces {
        let full = resolve.id_of(id).unwrap_or_default();
        let full = full.split('@').next().unwrap_or_default().to_owned();
        for (name, ty) in &interface.types {
            if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                theirs.push((full.clone(), name.clone()));
            }
        }
    }
    let mut ours: Vec<_> = p2::Resource::ALL
        .iter()
        .map(|resource| (resource.interface().to_owned(), resource.name().to_owned()))
        .collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
}

#[test]
fn errors_of_streams_have_the_cases_that_the_runtime_writes() {
    let Some((resolve, _)) = resolve() else {
        return;
    };
    let (_, def) = find_type(&resolve, "wasi:io/streams", "stream-error");
    let TypeDefKind::Variant(Variant { cases }) = &def.kind else {
        panic!("stream-error is no variant");
    };
    let names: Vec<_> = cases.iter().map(|case| &*case.name).collect();
    assert_eq!(names, ["last-operation-failed", "closed"]);
}
