//! `wasmc inspect`: what a module is and needs, how an executable was made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use wasmc_compiler::inspect::entity::{EntityType, Limits};
use wasmc_compiler::inspect::policy::Permission;
use wasmc_compiler::inspect::{Import, Inspection, Offer, inspect, is_component};
use wasmc_compiler::{Error, InstanceSpec, policy};

use crate::args::{Format, InspectArgs};
use crate::commands::compile::{linked, read_links};
use crate::commands::in_pool;
use crate::input::Input;
use crate::output;
use crate::report::{Failure, Report, on_one_line};

mod component;
mod executable;

/// Inspects a module and prints what was found.
pub fn execute(args: &InspectArgs, report: &Report) -> Result<(), Failure> {
    let mut input = Input::open(&args.module, false, report)?;
    let name = input.name();
    if input.raw().starts_with(b"\x7fELF") {
        if !args.links.link.is_empty() {
            return Err(Failure::usage(format!(
                "`--link` is for modules, and `{name}` is an executable"
            )));
        }
        return executable::inspect(input.raw(), &name, args.format);
    }
    let mut links = read_links(&args.links)?;
    let program = in_pool(None, || {
        let instances = linked(&mut input, &mut links, &[])?;
        match is_component(instances.last().expect("the module itself").module) {
            true => component::inspect(&instances, &name).map(Program::Component),
            false => inspect_all(&instances, &name).map(|found| Program::Module(Box::new(found))),
        }
    })??;
    let program = match program {
        Program::Component(component) => return component.print(args.format),
        Program::Module(found) => found,
    };
    output::print(&match args.format {
        Format::Human => human(&program, !args.no_demangle),
        Format::Json => format!("{:#}\n", to_json(&program, !args.no_demangle)),
    })
}

/// What was inspected.
enum Program {
    Module(Box<Found>),
    Component(component::Found),
}

/// What was found out.
struct Found {
    module: Inspection,
    /// The modules that it is linked with, and their names.
    links: Vec<(String, Inspection)>,
    /// What the program of all of them may do, or why there is none.
    policy: Result<Vec<Permission>, Error>,
}

/// Inspects instances, of which the last is what was asked about, and is called `name`.
fn inspect_all(instances: &[InstanceSpec<'_>], name: &str) -> Result<Found, Failure> {
    let inspect = |instance: &InstanceSpec<'_>| {
        let title = match &*instance.name {
            "" => format!("failed to inspect `{name}`"),
            name => format!("failed to inspect `{name}`"),
        };
        inspect(instance.module).map_err(|error| Failure::compiler(title, &error))
    };
    let (last, others) = instances.split_last().expect("the module itself");
    let links = others
        .iter()
        .map(|instance| Ok((instance.name.clone(), inspect(instance)?)))
        .collect::<Result<_, Failure>>()?;
    Ok(Found {
        module: inspect(last)?,
        links,
        policy: policy(instances),
    })
}

impl Found {
    /// Whether the module with which an import is linked exports that; `None` for an import that is
    /// not from a linked module.
    fn is_exported(&self, import: &Import) -> Option<bool> {
        let mut links = self.links.iter();
        let (_, link) = links.find(|(name, _)| *name == import.module)?;
        let mut exports = link.exports.iter();
        Some(
            exports
                .any(|export| export.name == import.name && export.ty.kind() == import.ty.kind()),
        )
    }
}

fn human(found: &Found, demangle: bool) -> String {
    let inspection = &found.module;
    let plain = |name| plain_name(name, demangle).unwrap_or_default();
    let mut text = String::new();
    let mut section = |title: String, rows: Vec<Vec<String>>| {
        if rows.is_empty() {
            return;
        }
        writeln!(text, "{title}").expect("a String takes all");
        text.push_str(&output::table(&rows, "  "));
    };
    let mut about = vec![row(["kind", inspection.kind.name()])];
    about.extend(inspection.name.iter().map(|name| row(["name", name])));
    if let Some(start) = inspection.start {
        about.push(row(["start function", &start.to_string()]));
    }
    if inspection.starts_threads {
        about.push(row(["threads", "wasi-threads"]));
    }
    let sizes = &inspection.sizes;
    about.push(row(["bytes", &sizes.module.to_string()]));
    about.push(row(["bytes of code", &sizes.code.to_string()]));
    about.push(row(["bytes of data", &sizes.data.to_string()]));
    about.push(row(["functions", &sizes.functions.to_string()]));
    section("module".to_owned(), about);

    let proposals = inspection.proposals.iter().map(|proposal| {
        row([
            proposal.name,
            match (inspection.supports(proposal), proposal.default) {
                (false, _) => "not supported yet",
                (true, true) => "",
                // The import of wasi-threads turns it on.
                (true, false) if inspection.starts_threads && proposal.name == "threads" => "",
                (true, false) => "needs -W",
            },
        ])
    });
    section("proposals".to_owned(), proposals.collect());

    let imports = inspection.imports.iter().map(|import| {
        row([
            &import.module,
            &import.name,
            import.ty.kind(),
            &import.ty.to_string(),
            &match (found.is_exported(import), &import.offer) {
                (Some(true), _) => "linked".to_owned(),
                (Some(false), _) => "not exported by the linked module".to_owned(),
                (None, Offer::Offered(function)) => {
                    match function.and_then(|f| f.area.socket_grants()) {
                        None => "offered".to_owned(),
                        Some(grants) => format!("offered, needs {grants}"),
                    }
                }
                (None, Offer::OtherTypes(types)) => {
                    format!("offered as {}", types.join(" and "))
                }
                (None, _) => "not offered".to_owned(),
            },
            &plain(&import.name),
        ])
    });
    section(count("imports", imports.len()), imports.collect());
    let exports = inspection.exports.iter().map(|export| {
        let ty = export.ty.to_string();
        row([&export.name, export.ty.kind(), &ty, &plain(&export.name)])
    });
    section(count("exports", exports.len()), exports.collect());
    for (title, entities) in [
        ("memories", &inspection.memories),
        ("tables", &inspection.tables),
        ("globals", &inspection.globals),
    ] {
        section(count(title, entities.len()), tally(entities));
    }
    let types = inspection.types.iter().map(|ty| row([ty]));
    section(count("types", types.len()), types.collect());
    let counts = inspection.names.counts.iter();
    let counts = counts.filter(|(_, count)| *count > 0);
    let counts = counts.map(|(what, count)| row([what, &count.to_string()]));
    let entities = inspection.names.entities.iter();
    let entities = entities
        .map(|(kind, index, name)| row([&format!("{} {index}", kind.word()), name, &plain(name)]));
    section("names".to_owned(), counts.chain(entities).collect());
    let custom = sizes.custom.iter();
    let custom = custom.map(|(name, bytes)| row([name, &format!("{bytes} bytes")]));
    section(count("custom sections", custom.len()), custom.collect());
    let producers = inspection.producers.iter().flat_map(|(field, values)| {
        let values = values.iter();
        values.map(move |(name, version)| row([field, name, version]))
    });
    section("producers".to_owned(), producers.collect());
    text.push_str(&human_policy(found.policy.as_deref()));
    text
}

/// What people call something whose name a compiler has mangled.
fn plain_name(name: &str, demangle: bool) -> Option<String> {
    let plain = wasmc_compiler::symbolize::demangle(name);
    (demangle && plain != name).then(|| plain.into_owned())
}

/// The system calls that a program may make, or why that is not known.
fn human_policy(policy: Result<&[Permission], &Error>) -> String {
    let (title, rows) = match policy {
        Ok(permissions) => {
            let rows = permissions.iter().map(|permission| {
                let grant = match permission.grant {
                    "" => String::new(),
                    grant => format!("with {grant}"),
                };
                row([permission.name, permission.arguments, &grant])
            });
            let title = count("system calls allowed", permissions.len());
            (title, rows.collect::<Vec<_>>())
        }
        Err(error) => (
            "system calls allowed: not known, since there is no program".to_owned(),
            reason(error).iter().map(|line| row([line])).collect(),
        ),
    };
    format!("{title}\n{}", output::table(&rows, "  "))
}

/// Why there is no program, line by line.
fn reason(error: &Error) -> Vec<String> {
    let mut lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
    lines.extend(error.location().map(ToString::to_string));
    lines
}

/// The system calls that a program may make.
fn json_policy(permissions: &[Permission]) -> Value {
    let rows = permissions.iter().map(|permission| {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "name": permission.name,
            "arguments": text(permission.arguments),
            "grant": text(permission.grant),
        })
    });
    rows.collect::<Vec<_>>().into()
}

/// A row for each distinct type, with how often it occurs: many modules have hundreds of globals.
fn tally(entities: &[EntityType]) -> Vec<Vec<String>> {
    let mut rows: Vec<(String, usize)> = Vec::new();
    for entity in entities {
        let text = entity.to_string();
        match rows.iter_mut().find(|(seen, _)| *seen == text) {
            Some((_, times)) => *times += 1,
            None => rows.push((text, 1)),
        }
    }
    let cells = |(text, times): &(String, usize)| match times {
        1 => row([text]),
        _ => row([text, &format!("{times} times")]),
    };
    rows.iter().map(cells).collect()
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(on_one_line).to_vec()
}

fn count(title: &str, count: usize) -> String {
    format!("{title} ({count})")
}

fn to_json(found: &Found, demangle: bool) -> Value {
    let inspection = &found.module;
    let with_plain = |mut value: Value, name: &str| {
        if let Some(plain) = plain_name(name, demangle) {
            value["demangled"] = json!(plain);
        }
        value
    };
    let list = |entities: &[EntityType]| entities.iter().map(entity).collect::<Vec<_>>();
    let sizes = &inspection.sizes;
    let mut value = json!({
        "kind": inspection.kind.name(),
        "name": inspection.name,
        "types": inspection.types,
        "start": inspection.start,
        "starts_threads": inspection.starts_threads,
        "imports": inspection.imports.iter().map(|import| {
            let mut value = entity(&import.ty);
            value["module"] = json!(import.module);
            value["name"] = json!(import.name);
            let linked = found.is_exported(import);
            value["offered"] =
                json!(linked.unwrap_or(matches!(import.offer, Offer::Offered(_))));
            if linked.is_some() {
                value["linked"] = json!(true);
                return with_plain(value, &import.name);
            }
            match &import.offer {
                Offer::Offered(function) => {
                    if let Some(grants) = function.and_then(|f| f.area.socket_grants()) {
                        value["needs"] = json!(grants);
                    }
                }
                Offer::OtherTypes(types) => value["offered_types"] = json!(types),
                _ => {}
            }
            with_plain(value, &import.name)
        }).collect::<Vec<_>>(),
        "exports": inspection.exports.iter().map(|export| {
            let mut value = entity(&export.ty);
            value["name"] = json!(export.name);
            value["index"] = json!(export.index);
            with_plain(value, &export.name)
        }).collect::<Vec<_>>(),
        "memories": list(&inspection.memories),
        "tables": list(&inspection.tables),
        "globals": list(&inspection.globals),
        "proposals": inspection.proposals.iter().map(|proposal| json!({
            "name": proposal.name,
            "supported": inspection.supports(proposal),
            "default": proposal.default,
        })).collect::<Vec<_>>(),
        "sizes": {
            "module": sizes.module,
            "code": sizes.code,
            "data": sizes.data,
            "functions": sizes.functions,
            "custom": sizes.custom.iter().map(|(name, bytes)| {
                json!({ "name": name, "bytes": bytes })
            }).collect::<Vec<_>>(),
        },
        "names": {
            "counts": inspection.names.counts.iter().copied().collect::<BTreeMap<_, _>>(),
            "entities": inspection.names.entities.iter().map(|(kind, index, name)| {
                with_plain(json!({ "kind": kind.word(), "index": index, "name": name }), name)
            }).collect::<Vec<_>>(),
        },
        "producers": inspection.producers.iter().flat_map(|(field, values)| {
            values.iter().map(move |(name, version)| {
                json!({ "field": field, "name": name, "version": version })
            })
        }).collect::<Vec<_>>(),
    });
    match &found.policy {
        Ok(permissions) => value["system_calls"] = json_policy(permissions),
        Err(error) => {
            value["system_calls"] = Value::Null;
            value["no_program"] = json!(reason(error));
        }
    }
    value
}

fn entity(ty: &EntityType) -> Value {
    let mut value = match ty {
        EntityType::Table { element, limits } => {
            let mut value = json_limits(limits);
            value["element"] = json!(element);
            value
        }
        EntityType::Memory { limits, page_size } => {
            let mut value = json_limits(limits);
            value["page_size"] = json!(page_size);
            value
        }
        EntityType::Global {
            content,
            mutable,
            shared,
        } => json!({ "content": content, "mutable": mutable, "shared": shared }),
        // Functions and tags: their type says all.
        _ => json!({}),
    };
    value["kind"] = json!(ty.kind());
    value["type"] = json!(ty.to_string());
    value
}

fn json_limits(limits: &Limits) -> Value {
    json!({
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "index_type": if limits.index64 { "i64" } else { "i32" },
        "shared": limits.shared,
    })
}
