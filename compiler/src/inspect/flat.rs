//! What is a component made of: the flat list, as people read it.
//!
//! ```text
//! instance 0 = module 1 `main` in component 0
//!   wasi:cli/stdout@0.2.0 get-stdout = lower wasi:cli/stdout@0.2.0#get-stdout [utf8]
//! export wasi:cli/run@0.2.0#run = lift instance 0 func 3 [utf8]
//! ```

use std::fmt::Write as _;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::component::encoding;
use wasmparser::{Parser, Payload};

use crate::component::{
    Core, CoreExport, Export, ExportItem, Flat, Import, MadeKind, Options, Resource, Subject,
};
use crate::component::{CoreModule, flatten};
use crate::error::Result;
use crate::features::Features;
use crate::module::Entity;

/// Flattens a component, whatever it needs of core WebAssembly, and writes the list.
///
/// # Errors
/// Why it does not flatten.
pub fn flat_list(component: &[u8]) -> Result<String> {
    Ok(list(&flatten(component, Features::complete())?))
}

/// The flat list, a line for each core instance, import and export.
fn list(flat: &Flat<'_>) -> String {
    let mut text = String::new();
    for (index, resource) in flat.resources.iter().enumerate() {
        let line = match resource {
            Resource::Imported(import) => import_title(import),
            Resource::Defined {
                component,
                destructor,
            } => {
                let destructor =
                    destructor.map(|core| format!(", drop {}", core_title(flat, core)));
                format!("of component {component}{}", destructor.unwrap_or_default())
            }
        };
        let _ = writeln!(text, "resource {index} = {line}");
    }
    for (index, instance) in flat.instances.iter().enumerate() {
        let module = &flat.modules[instance.module];
        let name = module.name.as_ref();
        let name = name.map(|name| format!(" `{}`", name.escape_debug()));
        let place = match instance.component {
            Some(component) => format!("in component {component}"),
            None => "for calls between components".to_owned(),
        };
        let _ = writeln!(
            text,
            "instance {index} = module {}{} {place}",
            instance.module,
            name.unwrap_or_default(),
        );
        let names = import_names(module);
        for ((from, name), &core) in names.iter().zip(&instance.imports) {
            let (from, name) = (from.escape_debug(), name.escape_debug());
            let _ = writeln!(text, "  {from} {name} = {}", core_title(flat, core));
        }
    }
    for export in &flat.exports {
        let _ = writeln!(text, "export {}", export_title(flat, export));
    }
    text
}

/// The names of a module's imports.
fn import_names<'m>(module: &'m CoreModule<'_>) -> Vec<(&'m str, &'m str)> {
    let payloads = Parser::new(0)
        .parse_all(&module.bytes)
        .map_while(Result::ok);
    let imports = payloads.filter_map(|payload| match payload {
        Payload::ImportSection(reader) => Some(reader.into_imports()),
        _ => None,
    });
    let imports = imports.flatten().map_while(Result::ok);
    imports.map(|import| (import.module, import.name)).collect()
}

fn export_title(flat: &Flat<'_>, export: &Export) -> String {
    let name = import_title(&Import {
        interface: export.interface.clone(),
        name: export.name.clone(),
    });
    match &export.item {
        ExportItem::Function { core, options } => format!(
            "{name} = lift {} {}",
            core_title(flat, *core),
            options_title(flat, options),
        ),
        ExportItem::Other(what) => format!("{name} = {what}"),
    }
}

fn import_title(import: &Import) -> String {
    let (interface, name) = (import.interface.escape_debug(), import.name.escape_debug());
    match (&*import.interface, &*import.name) {
        (_, "") => interface.to_string(),
        ("", _) => name.to_string(),
        _ => format!("{interface}#{name}"),
    }
}

fn core_title(flat: &Flat<'_>, core: Core) -> String {
    match core {
        Core::Export(export) => export_of_instance(export),
        Core::Flags(component) => format!("flags of component {component}"),
        Core::MayBlock => "whether the task may block".to_owned(),
        Core::Made(index) => match &flat.made[index].kind {
            MadeKind::Lower { import, options } => format!(
                "lower {} {}",
                import_title(&flat.imports[*import]),
                options_title(flat, options),
            ),
            MadeKind::Intrinsic { function, subject } => {
                let subject = match *subject {
                    Subject::Nothing | Subject::Tables | Subject::TrapCodes => String::new(),
                    Subject::Table(table) => match flat.resource_tables[table] {
                        Some(table) => format!(
                            " of resource {} in component {}",
                            table.resource, table.component
                        ),
                        None => String::new(),
                    },
                    Subject::Memories(from, to) => format!(
                        " from {} to {}",
                        export_of_instance(from),
                        export_of_instance(to)
                    ),
                };
                format!("{}{subject}", function.name.replacen('_', "-", 9))
            }
            MadeKind::Unsupported(what) => format!("{what}, not supported"),
        },
    }
}

fn export_of_instance(export: CoreExport) -> String {
    let (kind, index) = match export.entity {
        Entity::Func(index) => ("func", index.index()),
        Entity::Table(index) => ("table", index.index()),
        Entity::Memory(index) => ("memory", index.index()),
        Entity::Global(index) => ("global", index.index()),
        Entity::Tag(index) => ("tag", index.index()),
    };
    format!("instance {} {kind} {index}", export.instance)
}

/// Canonical options.
fn options_title(flat: &Flat<'_>, options: &Options) -> String {
    let mut words = Vec::new();
    if let Some(memory) = options.memory {
        words.push(export_of_instance(memory));
    }
    if let Some(realloc) = options.realloc {
        words.push(format!("realloc {}", core_title(flat, realloc)));
    }
    if let Some(post_return) = options.post_return {
        words.push(format!("post-return {}", core_title(flat, post_return)));
    }
    if options.is_async {
        words.push("async".to_owned());
    }
    let encoding = match options.encoding {
        encoding::UTF8 => "utf8",
        encoding::UTF16 => "utf16",
        _ => "latin1+utf16",
    };
    words.push(encoding.to_owned());
    format!("[{}]", words.join(", "))
}
