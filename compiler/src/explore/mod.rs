//! What becomes of a function, stage by stage, and what of it comes from which instruction of the
//! module? For people who look at one beside the other.

mod align;
mod x86;

use std::collections::HashMap;
use std::ops::Range;

use crate::codegen::{self, Stages};
use crate::dwarf::demangle::demangle;
use crate::dwarf::source::{SourceMap, TextIndex};
use crate::error::Result;
use crate::index::InstanceId;
use crate::isa::CodeTarget;
use crate::program::{CodeItem, FuncKind, Program};
use crate::target::Arch;

/// A line of text, and the byte offset in the module of the instruction that it comes from.
pub type Line = (Option<u32>, String);

/// A function at each stage of its compilation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredFunction {
    /// The instance that it belongs to, by its place in the order of instantiation.
    pub instance: usize,
    /// Its index.
    pub index: u32,
    /// Its name, demangled; empty if it has none.
    pub name: String,
    /// Its body: offsets in the module.
    pub body: Range<u32>,
    /// Bytes of its machine code.
    pub code_bytes: usize,
    /// Cranelift IR as it is translated.
    pub translated: Vec<Line>,
    /// Cranelift IR after optimisation.
    pub optimised: Vec<Line>,
    /// Machine code. On other processors than x86-64 lines have no offsets.
    pub assembly: Vec<Line>,
    /// Where in the source code from an offset on comes from, ascending: index of a file (see
    /// [`Exploration::files`]) and line, or `None` where nothing is known.
    pub places: Vec<(u32, Option<(usize, u32)>)>,
}

/// What was made of the functions.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exploration<T> {
    /// The functions that were asked for.
    pub functions: Vec<T>,
    /// Paths of files of the source.
    pub files: Vec<String>,
}

/// Compiles functions and hands each to `make`, in parallel: there is never text of more functions
/// than there are threads.
pub(crate) fn explore<T: Send>(
    program: &Program<'_>,
    target: &CodeTarget,
    arch: Arch,
    (patterns, maps): (&[String], &HashMap<InstanceId, SourceMap>),
    make: impl Fn(ExploredFunction) -> T + Sync,
) -> Result<Exploration<T>> {
    // Files of all modules, one after another.
    let mut files = Vec::new();
    let mut first_file = HashMap::new();
    for id in program.world.instances.keys() {
        if let Some(map) = maps.get(&id) {
            first_file.insert(id, files.len());
            files.extend(map.texts.iter().cloned());
        }
    }
    let items = program.code.iter().copied();
    let items: Vec<_> = items
        .filter(|&item| is_asked_for(program, item, patterns))
        .collect();
    let functions = codegen::stages(program, target, &items, |item, stages| {
        let CodeItem::Func(id) = item else {
            unreachable!("only functions are asked for");
        };
        let func = &program.world.funcs[id];
        let FuncKind::Defined { instance, index } = func.kind else {
            unreachable!("only functions of modules are asked for");
        };
        let module = &program.world.instances[instance].module;
        let range = program.world.body(instance, index).bytes.range();
        let body = range.start as u32..range.end as u32;
        let places = match maps.get(&instance) {
            Some(map) => places(map, first_file[&instance], &body, module.debug.code_start),
            None => Vec::new(),
        };
        let name = func.name.as_deref().unwrap_or_default();
        make(ExploredFunction {
            instance: program
                .world
                .instances
                .keys()
                .position(|id| id == instance)
                .unwrap_or(0),
            index: index.as_u32(),
            name: demangle(name).into_owned(),
            body,
            code_bytes: stages.code.len(),
            translated: ir_lines(&stages.translated),
            optimised: ir_lines(&stages.optimised),
            assembly: assembly_lines(&stages, arch),
            places,
        })
    })?;
    Ok(Exploration { functions, files })
}

/// Whether a part of the text is a function of a module that one of the patterns means; without
/// patterns all of them are meant.
fn is_asked_for(program: &Program<'_>, item: CodeItem, patterns: &[String]) -> bool {
    let CodeItem::Func(id) = item else {
        return false;
    };
    let func = &program.world.funcs[id];
    let FuncKind::Defined { index, .. } = func.kind else {
        return false;
    };
    let name = func.name.as_deref().unwrap_or_default();
    let shown = demangle(name);
    let means = |pattern: &String| {
        matches(pattern, name) || matches(pattern, &shown) || pattern.parse() == Ok(index.as_u32())
    };
    patterns.is_empty() || patterns.iter().any(means)
}

/// Whether a name has the parts of a pattern in it, which stand between `*`, one after another.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    for part in pattern.split('*') {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Lines of IR: an instruction's begins with `@` and where it comes from.
fn ir_lines(text: &str) -> Vec<Line> {
    /// The column in which Cranelift writes instructions.
    const COLUMN: usize = 36;
    let line = |line: &str| {
        let (place, rest) = match line.strip_prefix('@') {
            Some(line) => line.split_once(' ').unwrap_or((line, "")),
            None => ("", line),
        };
        let is_indented = !place.is_empty() || line.starts_with("        ");
        let shown = match (is_indented, rest.trim()) {
            (true, label) if label.starts_with("block") => label.to_owned(),
            (true, instruction) => format!("    {instruction}"),
            (false, _) => rest.to_owned(),
        };
        debug_assert!(place.len() < COLUMN);
        (u32::from_str_radix(place, 16).ok(), shown)
    };
    text.trim_end().lines().map(line).collect()
}

fn assembly_lines(stages: &Stages, arch: Arch) -> Vec<Line> {
    let lines: Vec<&str> = stages.assembly.lines().collect();
    let offsets = match arch {
        Arch::X86_64 => align::offsets(&lines, &stages.code),
        Arch::Aarch64 => vec![None; lines.len()],
    };
    let source_at = |offset: u32| {
        let next = stages
            .sources
            .partition_point(|(start, _)| *start <= offset);
        next.checked_sub(1).map(|at| stages.sources[at].1)
    };
    let lines = lines.into_iter().zip(offsets);
    lines
        .map(|(line, offset)| (offset.and_then(source_at), line.to_owned()))
        .collect()
}

/// The places in the source of a function.
fn places(
    map: &SourceMap,
    first_file: usize,
    body: &Range<u32>,
    code_start: u64,
) -> Vec<(u32, Option<(usize, u32)>)> {
    let address = |offset: u32| u64::from(offset).saturating_sub(code_start);
    let known =
        |(file, line): (TextIndex, u32)| (line > 0).then_some((first_file + file as usize, line));
    let mut places: Vec<(u32, Option<(usize, u32)>)> = Vec::new();
    for (at, place) in map.lines(address(body.start)..address(body.end)) {
        let place = place.and_then(known);
        if places.last().is_none_or(|(_, last)| *last != place) {
            places.push(((at + code_start) as u32, place));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_parts_of_names() {
        for (pattern, name, expected) in [
            ("sum", "checksum", true),
            ("a*c", "abc", true),
            ("a*c", "cab", false),
            ("", "x", true),
            ("demo::*int", "demo::divide(int)", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn lines_of_ir_know_where_they_come_from() {
        let text = "function u0:0() {\n    sig0 = ()\n\n                                block0:\n\
                    @00d3                               v3 = iconst.i32 1\n}\n";
        assert_eq!(
            ir_lines(text),
            [
                (None, "function u0:0() {".to_owned()),
                (None, "    sig0 = ()".to_owned()),
                (None, String::new()),
                (None, "block0:".to_owned()),
                (Some(0xd3), "    v3 = iconst.i32 1".to_owned()),
                (None, "}".to_owned()),
            ]
        );
    }
}
