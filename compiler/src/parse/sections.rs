//! What does each section of a module say?

use wasmparser::{
    DataKind, ElementItems, ElementKind, Encoding, ExternalKind, KnownCustom, Payload, TableInit,
    TypeRef,
};

use crate::error::{Error, Result};
use crate::index::{FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex, TypeIndex};
use crate::module::{
    DataSegment, ElemItems, ElemMode, ElemSegment, Entity, Export, Func, Global, Import, Module,
    Table,
};

/// Notes what a validated section says.
pub(super) fn record<'a>(module: &mut Module<'a>, payload: Payload<'a>) -> Result<()> {
    let invalid = |error: wasmparser::Error| Error::invalid(&error);
    match payload {
        Payload::Version { encoding, .. } => debug_assert_eq!(encoding, Encoding::Module),
        Payload::TypeSection(reader) => {
            for group in reader {
                let types = group.map_err(invalid)?.into_types();
                module.rec_groups.push(types.len());
                types.for_each(|ty| {
                    module.types.push(ty);
                });
            }
        }
        Payload::ImportSection(reader) => {
            for import in reader.into_imports() {
                record_import(module, import.map_err(invalid)?)?;
            }
        }
        Payload::FunctionSection(reader) => {
            for ty in reader {
                let ty = TypeIndex::from_u32(ty.map_err(invalid)?);
                module.funcs.push(Func { ty, body: None });
            }
        }
        Payload::TableSection(reader) => {
            for table in reader {
                let table = table.map_err(invalid)?;
                let init = match table.init {
                    TableInit::RefNull => None,
                    TableInit::Expr(expr) => Some(expr),
                };
                module.tables.push(Table { ty: table.ty, init });
            }
        }
        Payload::MemorySection(reader) => {
            for ty in reader {
                module.memories.push(ty.map_err(invalid)?);
            }
        }
        Payload::TagSection(reader) => {
            for tag in reader {
                let ty = tag.map_err(invalid)?.func_type_idx;
                module.tags.push(TypeIndex::from_u32(ty));
            }
        }
        Payload::GlobalSection(reader) => {
            for global in reader {
                let global = global.map_err(invalid)?;
                module.globals.push(Global {
                    ty: global.ty,
                    init: Some(global.init_expr),
                });
            }
        }
        Payload::ExportSection(reader) => {
            for export in reader {
                record_export(module, export.map_err(invalid)?)?;
            }
        }
        Payload::StartSection { func, .. } => module.start = Some(FuncIndex::from_u32(func)),
        Payload::ElementSection(reader) => {
            for element in reader {
                record_elem(module, element.map_err(invalid)?)?;
            }
        }
        Payload::DataSection(reader) => {
            for data in reader {
                let data = data.map_err(invalid)?;
                let active = match data.kind {
                    DataKind::Passive => None,
                    DataKind::Active {
                        memory_index,
                        offset_expr,
                    } => Some((MemoryIndex::from_u32(memory_index), offset_expr)),
                };
                module.datas.push(DataSegment {
                    active,
                    bytes: data.data,
                });
            }
        }
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => module.names.read(names),
            KnownCustom::BranchHints(hints) => module.branch_hints.read(hints),
            _ => module.debug.note(section.name(), section.data()),
        },
        Payload::CodeSectionStart {
            unchecked_range, ..
        } => module.debug.code_start = unchecked_range.start,
        _ => {}
    }
    Ok(())
}

fn record_import<'a>(module: &mut Module<'a>, import: wasmparser::Import<'a>) -> Result<()> {
    let entity = match import.ty {
        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
            module.imported_funcs += 1;
            let ty = TypeIndex::from_u32(ty);
            Entity::Func(module.funcs.push(Func { ty, body: None }))
        }
        TypeRef::Table(ty) => {
            module.imported_tables += 1;
            Entity::Table(module.tables.push(Table { ty, init: None }))
        }
        TypeRef::Memory(ty) => {
            module.imported_memories += 1;
            Entity::Memory(module.memories.push(ty))
        }
        TypeRef::Global(ty) => {
            module.imported_globals += 1;
            Entity::Global(module.globals.push(Global { ty, init: None }))
        }
        TypeRef::Tag(ty) => {
            module.imported_tags += 1;
            Entity::Tag(module.tags.push(TypeIndex::from_u32(ty.func_type_idx)))
        }
    };
    module.imports.push(Import {
        module: import.module,
        name: import.name,
        entity,
    });
    Ok(())
}

fn record_export<'a>(module: &mut Module<'a>, export: wasmparser::Export<'a>) -> Result<()> {
    let entity = match export.kind {
        ExternalKind::Func | ExternalKind::FuncExact => {
            Entity::Func(FuncIndex::from_u32(export.index))
        }
        ExternalKind::Table => Entity::Table(TableIndex::from_u32(export.index)),
        ExternalKind::Memory => Entity::Memory(MemoryIndex::from_u32(export.index)),
        ExternalKind::Global => Entity::Global(GlobalIndex::from_u32(export.index)),
        ExternalKind::Tag => Entity::Tag(TagIndex::from_u32(export.index)),
    };
    module.exports.push(Export {
        name: export.name,
        entity,
    });
    Ok(())
}

fn record_elem<'a>(module: &mut Module<'a>, element: wasmparser::Element<'a>) -> Result<()> {
    let invalid = |error: wasmparser::Error| Error::invalid(&error);
    let mode = match element.kind {
        ElementKind::Passive => ElemMode::Passive,
        ElementKind::Declared => ElemMode::Declared,
        ElementKind::Active {
            table_index,
            offset_expr,
        } => ElemMode::Active {
            table: TableIndex::from_u32(table_index.unwrap_or(0)),
            offset: offset_expr,
        },
    };
    let items = match element.items {
        ElementItems::Functions(reader) => {
            let funcs = reader
                .into_iter()
                .map(|func| func.map(FuncIndex::from_u32))
                .collect::<Result<_, _>>()
                .map_err(invalid)?;
            ElemItems::Funcs(funcs)
        }
        ElementItems::Expressions(_, reader) => {
            let exprs = reader
                .into_iter()
                .collect::<Result<_, _>>()
                .map_err(invalid)?;
            ElemItems::Exprs(exprs)
        }
    };
    module.elems.push(ElemSegment { mode, items });
    Ok(())
}
