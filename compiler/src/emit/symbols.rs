//! The symbol table of the object: the program's root, which the runtime refers to, and local names
//! for debuggers and profilers.

use cranelift_codegen::entity::EntityRef;
use object::write::{Object, Symbol, SymbolSection};
use object::{SymbolFlags, SymbolKind, SymbolScope};
use wasmc_abi::layout::Program as Root;
use wasmc_abi::pointer::Any;
use wasmc_abi::symbols;
use wasmc_abi::write::{Place, Section};

use super::Sections;
use super::addresses::{Addresses, state};
use super::text::Text;
use crate::index::{DataIndex, GlobalIndex, TableIndex};
use crate::names::Named;
use crate::program::{CodeItem, Elements, FuncKind, GLOBAL_CELL, OwnPlace, Program};

/// Adds the symbols. What lies in a section without bytes has none.
pub(super) fn add(
    object: &mut Object<'_>,
    sections: &Sections,
    program: &Program<'_>,
    text: &Text,
    addresses: &Addresses,
) {
    object.add_symbol(Symbol {
        name: symbols::PROGRAM.into(),
        value: 0,
        size: size_of::<Root>() as u64,
        kind: SymbolKind::Data,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(sections.id(Section::ReadOnly)),
        flags: SymbolFlags::None,
    });
    for (name, place, size) in named_data(program, addresses) {
        object.add_symbol(Symbol {
            name: escape(name),
            value: sections.offset(place),
            size,
            kind: SymbolKind::Data,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(sections.id(place.section())),
            flags: SymbolFlags::None,
        });
    }
    for part in &text.parts {
        object.add_symbol(Symbol {
            name: match part.item {
                Some(item) => escape(&symbol_name(program, item)),
                None => b"veneers".to_vec(),
            },
            value: u64::from(part.start),
            size: u64::from(part.len),
            kind: SymbolKind::Text,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(sections.id(Section::Text)),
            flags: SymbolFlags::None,
        });
    }
}

/// The globals, tables and segments of the image that the name section names: name, place and
/// bytes.
fn named_data<'p>(
    program: &'p Program<'_>,
    addresses: &Addresses,
) -> Vec<(&'p str, Place<Any>, u64)> {
    let mut named = Vec::new();
    for instance in program.world.instances.values() {
        let names = &instance.module.names;
        for (index, name) in names.of_kind(Named::Global) {
            if let Some(&id) = instance.globals.get(GlobalIndex::from_u32(index))
                && index as usize >= instance.module.imported_globals
                // Otherwise each thread has one.
                && let Some(OwnPlace::State(cell)) = program.places.globals[id]
            {
                named.push((name, state(cell), u64::from(GLOBAL_CELL)));
            }
        }
        for (index, name) in names.of_kind(Named::Table) {
            if let Some(&id) = instance.tables.get(TableIndex::from_u32(index))
                && index as usize >= instance.module.imported_tables
                && let elements = program.places.tables[id].elements
                && let Some(place) = addresses.storage(elements)
                // Otherwise each thread has one.
                && !matches!(elements, Elements::Own(OwnPlace::Area(_)))
            {
                named.push((name, place.any(), program.world.tables[id].ty.initial * 8));
            }
        }
        for (index, name) in names.of_kind(Named::Data) {
            if let Some(&id) = instance.datas.get(DataIndex::from_u32(index))
                && let Some(place) = addresses.data(id)
            {
                named.push((
                    name,
                    place.any(),
                    program.world.datas[id].bytes.len() as u64,
                ));
            }
        }
    }
    // A section without bytes is not made.
    named.retain(|(_, _, size)| *size > 0);
    named
}

/// The name of a part of the text.
fn symbol_name(program: &Program<'_>, item: CodeItem) -> String {
    match item {
        CodeItem::Trampoline(sig) => format!("trampoline[{}]", sig.index()),
        CodeItem::Init(instance) => format!("init[{}]", instance.index()),
        CodeItem::Func(id) => {
            let func = &program.world.funcs[id];
            match (func.kind, &func.name) {
                (FuncKind::Defined { .. }, Some(name)) => name.clone(),
                (FuncKind::Defined { index, .. }, None) => format!("func[{}]", index.index()),
                (FuncKind::Wasi { function, .. }, _) => format!("thunk[{}]", function.name),
                (FuncKind::Host { function, .. }, _) => format!("thunk[{}]", function.name),
            }
        }
    }
}

/// A name without bytes that tools stumble over.
fn escape(name: &str) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'\\' => escaped.push(byte),
            _ => escaped.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    escaped
}
