//! The graph of modules: in no folder do modules need each other in a circle, and areas name only
//! those below them.
//!
//! In each folder a module stands for itself and all below it, so that two areas are a circle too
//! when different files of theirs name each other. Parent and child are none.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wasmc_tests::modules::{Graph, Path};
use wasmc_tests::sources;

use crate::docs;

/// A crate, and what holds for its modules.
struct Crate {
    name: &'static str,
    /// Of its root.
    folder: &'static str,
    /// The areas, which are the modules below the root, from the bottom up, and what a layer is about:
    /// an area may name those of lower layers, and none beside it.
    layers: &'static [(&'static [&'static str], &'static str)],
    /// Modules that name another one all the same: which, which other, and why.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const CRATES: &[Crate] = &[
    Crate {
        name: "compiler",
        folder: "compiler/src/",
        layers: &[
            (
                &["error", "index", "features", "hints", "names"],
                "what every phase may name",
            ),
            (
                &["grants", "instances", "type_text"],
                "what a caller lets the program do, and hands in; how types are written",
            ),
            (
                &["dwarf", "target"],
                "what modules say of their source; processors",
            ),
            (&["options"], "what a caller may choose"),
            (
                &["isa", "module", "link"],
                "choices as Cranelift takes them; facts of a module; from an object to an executable",
            ),
            (
                &["component", "parse"],
                "a component becomes a list; bytes become a module",
            ),
            (&["program"], "modules become a program: every decision"),
            (
                &["backend", "inspect", "symbolize", "translate"],
                "our own way from IR to machine code; what a module needs; what its offsets mean; functions become IR",
            ),
            (&["codegen"], "IR becomes machine code"),
            (&["dump", "explore"], "text; functions at each stage"),
            (&["explain"], "the log of decisions"),
            (
                &["emit", "provenance"],
                "the object; what it says of its making",
            ),
            (&["debug"], "what debuggers are told of the machine code"),
            (&["pipeline"], "the order of the phases"),
        ],
        exceptions: &[],
    },
    Crate {
        name: "runtime-lib",
        folder: "runtime-lib/src/",
        layers: &[
            (&["arch", "flags"], "assembly; sets of flags"),
            (&["mem", "sys"], "moving bytes; system calls"),
            (
                &["builtins", "output"],
                "functions that only compute; printing",
            ),
            (
                &["boot"],
                "what the kernel hands over; the image; the way to the main function",
            ),
            (
                &["guest", "options"],
                "pointers, stacks, traps, threads; what was granted",
            ),
            (
                &["host", "store"],
                "what the system is asked for; what instances are made of",
            ),
            (
                &["confine", "limits", "wasi"],
                "what the guest is held to; what it calls",
            ),
            (&["run"], "the order of a start; main functions"),
        ],
        exceptions: &[],
    },
    Crate {
        name: "runtime-lib/abi",
        folder: "runtime-lib/abi/src/",
        layers: &[
            (
                &["builtins", "cpu", "options", "symbols", "traps", "wasi"],
                "tables",
            ),
            (&["hash", "pointer", "variant"], "what records are made of"),
            (&["confine"], "needs of a program"),
            (&["write"], "how an image is written"),
            (&["record"], "how records are defined"),
            (
                &["heap", "script"],
                "objects and what moves them; commands of a driver",
            ),
            (&["layout"], "records of a program"),
            (
                &["p2", "syscalls"],
                "functions of WASI 0.2; the rows of the filter",
            ),
            (
                &["component", "p2_layout"],
                "what components need; layouts of WASI 0.2",
            ),
            (&["version"], "whether program and runtime belong together"),
        ],
        exceptions: &[],
    },
    Crate {
        name: "image",
        folder: "image/src/",
        layers: &[
            (&["error", "limits", "regular", "time"], "what all may name"),
            (&["blob"], "content and its digest"),
            (
                &["layer", "manifest", "reference", "sbom", "store"],
                "parts of images; names; files of images",
            ),
            (
                &["copy", "root", "unpack"],
                "file systems, into layers and out of them",
            ),
            (&["build"], "parts become an image"),
            (&["archive"], "an image as a file"),
            (&["registry"], "to registries and from them"),
            (
                &["module"],
                "where the module is in what people have pushed",
            ),
        ],
        exceptions: &[],
    },
    Crate {
        name: "cli",
        folder: "cli/src/",
        layers: &[
            (&["environment", "exec"], "variables; becoming a program"),
            (&["args"], "the command line"),
            (&["report"], "standard error"),
            (
                &["logging", "registry"],
                "the log; settings of the registry client",
            ),
            (
                &["input", "profile"],
                "modules and executables; what a program spends its time on",
            ),
            (&["output"], "standard output, files"),
            (&["commands"], "a file for each command"),
        ],
        exceptions: &[],
    },
];

fn name(path: &[String]) -> String {
    path.join("::")
}

/// The graph of a crate, its edges without the exceptions, and what is wrong with those.
fn graph(part: &Crate) -> (Graph, BTreeSet<(Path, Path)>, String) {
    let graph = Graph::of(&sources::rust(), part.folder);
    let mut edges = graph.edges();
    let mut problems = String::new();
    for &(from, to, reason) in part.exceptions {
        let split = |name: &str| name.split("::").map(str::to_owned).collect::<Path>();
        assert!(!reason.is_empty(), "why does `{from}` name `{to}`?");
        if !edges.remove(&(split(from), split(to))) {
            let _ = writeln!(
                problems,
                "  `{from}` does not name `{to}` any more: remove the row"
            );
        }
    }
    (graph, edges, problems)
}

#[test]
fn modules_need_each_other_in_no_circle() {
    let mut problems = String::new();
    for part in CRATES {
        let (graph, edges, stale) = graph(part);
        let mut found = stale;
        for folder in graph.modules() {
            let below: BTreeSet<_> = edges
                .iter()
                .filter(|(from, to)| from.starts_with(folder) && to.starts_with(folder))
                .map(|(from, to)| (from[..=folder.len()].to_vec(), to[..=folder.len()].to_vec()))
                .filter(|(from, to)| from != to)
                .collect();
            let circles = circles(graph.children(folder).cloned().collect(), &below);
            for circle in circles {
                let names: Vec<_> = circle.iter().map(|path| name(path)).collect();
                let _ = writeln!(found, "  a circle of {}:", names.join(", "));
                let is_in = |path: &Path| circle.contains(&path[..=folder.len()]);
                for (from, to) in edges.iter().filter(|(from, to)| {
                    from.starts_with(folder)
                        && to.starts_with(folder)
                        && from[..=folder.len()] != to[..=folder.len()]
                        && is_in(from)
                        && is_in(to)
                }) {
                    let _ = writeln!(found, "    {} names {}", name(from), name(to));
                }
            }
        }
        if !found.is_empty() {
            let _ = writeln!(problems, "{}\n{found}", part.folder);
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

/// The sets of modules that need each other: what is left when all that nobody needs, or that needs
/// nobody, is taken away, by what is reached from each.
fn circles(modules: Vec<Path>, edges: &BTreeSet<(Path, Path)>) -> Vec<BTreeSet<Path>> {
    let reached = |start: &Path| {
        let mut reached = BTreeSet::new();
        let mut next = vec![start];
        while let Some(module) = next.pop() {
            for (_, to) in edges.iter().filter(|(from, _)| from == module) {
                if reached.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        reached
    };
    let mut circles: Vec<BTreeSet<Path>> = Vec::new();
    for module in &modules {
        let forward = reached(module);
        if !forward.contains(module) || circles.iter().any(|circle| circle.contains(module)) {
            continue;
        }
        circles.push(
            forward
                .into_iter()
                .filter(|other| reached(other).contains(module))
                .collect(),
        );
    }
    circles
}

#[test]
fn areas_name_only_those_below_them() {
    let mut problems = String::new();
    for part in CRATES {
        let (graph, edges, _) = graph(part);
        let layer = |area: &str| {
            part.layers
                .iter()
                .position(|(areas, _)| areas.contains(&area))
        };
        let mut found = String::new();
        for area in graph.children(&[]).map(|path| path[0].as_str()) {
            if layer(area).is_none() {
                let _ = writeln!(found, "  `{area}` is in no layer");
            }
        }
        for area in part.layers.iter().flat_map(|(areas, _)| *areas) {
            if !graph.children(&[]).any(|path| path[0] == *area) {
                let _ = writeln!(found, "  there is no `{area}`");
            }
        }
        for (from, to) in edges.iter().filter(|(from, to)| from[0] != to[0]) {
            if layer(&from[0]) <= layer(&to[0]) {
                let _ = writeln!(
                    found,
                    "  {} names {}, which is not below it",
                    name(from),
                    name(to)
                );
            }
        }
        if !found.is_empty() {
            let _ = writeln!(problems, "{}\n{found}", part.folder);
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

/// The picture of who may name whom.
#[test]
fn the_picture_is_that_of_the_rules() {
    let mut picture = String::from("```text\n");
    for part in CRATES {
        let _ = writeln!(picture, "{}", part.name);
        for (areas, what) in part.layers.iter().rev() {
            let _ = writeln!(picture, "  {:<46}{what}", areas.join("  "));
        }
        picture.push('\n');
    }
    picture.truncate(picture.trim_end().len());
    picture.push_str("\n```\n");
    docs::check("docs/architecture.md", "areas", &picture);
}
