//! What `wasmc-compiler` shows to the world: a list of names in `tests/library.txt`, so that growth
//! is seen, and the rule that structs and enums can grow.

use std::collections::BTreeSet;
use std::fs;

use wasmc_tests::{expected, sources};

const CRATE: &str = "compiler/src/";
/// What may be matched and made without thought of later versions.
const EXHAUSTIVE: &[&str] = &[
    // The runtime matches them too; they come from `wasmc-abi`.
    "Confine",
    "TrapEnd",
    // Profiles have frames of the caller's own making too.
    "NativeFrame",
];

/// A name that the library shows.
struct Item {
    /// With its modules, such as `grants::Grant`.
    name: String,
    /// `struct`, `fn` and so on.
    kind: String,
    /// Whether it is a struct or enum that a caller could make or match in whole.
    is_exhaustive: bool,
}

#[test]
fn the_library_shows_what_it_is_known_to_show() {
    let items = surface();
    let list: String = items
        .iter()
        .map(|item| format!("{} {}\n", item.name, item.kind))
        .collect();
    let path = expected::repository().join("tests/library.txt");
    if let Err(error) = expected::check(&path, list.as_bytes()) {
        panic!("{error}");
    }
}

#[test]
fn structs_and_enums_of_the_library_can_grow() {
    let wrong: Vec<_> = surface()
        .into_iter()
        .filter(|item| item.is_exhaustive)
        .map(|item| item.name)
        .collect();
    assert!(wrong.is_empty(), "without `#[non_exhaustive]`: {wrong:#?}");
}

fn surface() -> Vec<Item> {
    let root = read("lib.rs");
    let mut items = Vec::new();
    // What is hidden from the documentation is no promise.
    let shown = root.split("#[doc(hidden)]").next().unwrap_or(&root);
    reexports(shown, "", &mut items);
    for module in public_modules(shown) {
        collect(&module, &module, &mut items);
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    let names: BTreeSet<_> = items.iter().map(|item| &item.name).collect();
    assert_eq!(names.len(), items.len(), "a name is shown twice");
    items
}

/// The items of a public module, whose path in the crate is `path`, and of its public modules.
fn collect(path: &str, file: &str, items: &mut Vec<Item>) {
    let (text, folder) = match fs::read_to_string(in_crate(&format!("{file}/mod.rs"))) {
        Ok(text) => (text, format!("{file}/")),
        Err(_) => (read(&format!("{file}.rs")), format!("{file}/")),
    };
    reexports(&text, &format!("{path}::"), items);
    let lines: Vec<_> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some((kind, name)) = declaration(line.trim_start_matches("        ")) else {
            continue;
        };
        if kind == "mod" {
            collect(
                &format!("{path}::{name}"),
                &format!("{folder}{name}"),
                items,
            );
            continue;
        }
        items.push(Item {
            name: format!("{path}::{name}"),
            is_exhaustive: is_exhaustive(&lines, at, &kind, &name),
            kind,
        });
    }
}

/// What `pub use` shows, found where it is defined.
fn reexports(text: &str, prefix: &str, items: &mut Vec<Item>) {
    for part in text.split("\npub use ").skip(1) {
        let part = part.split(';').next().unwrap_or_default();
        let (path, names) = part.rsplit_once("::").unwrap_or(("", part));
        // Names need not be unique in the crate: first where the path leads, from the root or from
        // here, then anywhere.
        let mut path = path.split("::").filter(|segment| *segment != "crate");
        let area = match path.next() {
            Some("wasmc_abi") => "runtime-lib/abi/src/".to_owned(),
            area => format!("{CRATE}{}", area.unwrap_or_default()),
        };
        for name in names.trim_matches(['{', '}', ' ', '\n']).split(',') {
            let name = name.trim();
            if !name.is_empty() && name != "inspect" {
                items.push(definition(name, &area, prefix));
            }
        }
    }
}

fn definition(name: &str, area: &str, prefix: &str) -> Item {
    let sources = sources::rust();
    let near = sources.iter().filter(|source| source.is_under(&[area]));
    let far = sources.iter().filter(|source| source.is_under(&[CRATE]));
    for source in near.chain(far) {
        let lines: Vec<_> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            match declaration(line.trim_start_matches("        ")) {
                Some((kind, found)) if found == name && kind != "mod" => {
                    return Item {
                        name: format!("{prefix}{name}"),
                        is_exhaustive: is_exhaustive(&lines, at, &kind, name),
                        kind,
                    };
                }
                _ => {}
            }
        }
    }
    panic!("`{name}` is shown, but not found in {area}");
}

/// Kind and name of a public item at the beginning of a line.
fn declaration(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("pub ")?;
    let (kind, rest) = rest.split_once(' ')?;
    let kinds = ["struct", "enum", "fn", "const", "type", "trait", "mod"];
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = &rest[..end.unwrap_or(rest.len())];
    kinds
        .contains(&kind)
        .then(|| (kind.to_owned(), name.to_owned()))
}

/// Whether an item can be made or matched in whole: an enum, or a struct with public fields, without
/// the attribute.
fn is_exhaustive(lines: &[&str], at: usize, kind: &str, name: &str) -> bool {
    let attributes = lines[..at].iter().rev();
    let mut attributes = attributes
        .map(|line| line.trim_start())
        .take_while(|line| line.starts_with(['#', '/']) || line.ends_with(")]"));
    if attributes.any(|line| line == "#[non_exhaustive]") || EXHAUSTIVE.contains(&name) {
        return false;
    }
    let fields = lines[at + 1..].iter().map(|line| line.trim_start());
    let mut fields = fields.take_while(|line| !line.starts_with('}'));
    match kind {
        "enum" => true,
        "struct" => lines[at].ends_with('{') && fields.any(|line| line.starts_with("pub ")),
        _ => false,
    }
}

fn public_modules(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn in_crate(path: &str) -> std::path::PathBuf {
    expected::repository().join(CRATE).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(in_crate(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
