//! `wasmc explore`: a page that shows what becomes of each function, stage by stage.
//!
//! The page is one file that needs no other. It holds a compressed part for each function and for
//! each file of the source, which its script unpacks when they are looked at.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};
use wasmc_compiler::explore::{ExploredFunction, Line};
use wasmc_compiler::{Arch, Emit};

use crate::args::ExploreArgs;
use crate::commands::compile::{linked, read_links};
use crate::commands::{in_pool, options};
use crate::input::Input;
use crate::output::Destination;
use crate::report::{Failure, Report};

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Most bytes of a file of the source.
const MAX_SOURCE: u64 = 4 << 20;
/// What names of files of source code end with. Security: the names are the module's, and the page
/// may be shown to others, so that no other files are read.
const SOURCE_ENDS: [&str; 26] = [
    "adb", "c", "cc", "cpp", "cxx", "d", "f90", "go", "h", "hh", "hpp", "hs", "hxx", "inc", "inl",
    "kt", "m", "ml", "mm", "nim", "rs", "s", "swift", "tinygo", "ts", "zig",
];

/// A function in the page.
struct Entry {
    name: String,
    instance: usize,
    index: u32,
    code_bytes: usize,
    /// Packed.
    part: String,
}

/// Writes the page.
pub fn execute(args: &ExploreArgs, report: &Report) -> Result<(), Failure> {
    let arch = Arch::host().ok_or_else(|| anyhow!("wasmc does not compile for this machine"))?;
    let options = options(&args.code, arch)?;
    let mut input = Input::open(&args.module, args.code.plain_http, report)?;
    let mut links = read_links(&args.links)?;
    let destination = Destination::named_beside(&args.output, input.identity(), Emit::Asm)?;
    let title = input.name();
    let folder = input.path().and_then(Path::parent).map(PathBuf::from);
    let mut debugs = Vec::with_capacity(links.len() + 1);
    for (_, link) in &mut links {
        debugs.push(link.external_debug()?);
    }
    debugs.push(input.external_debug()?);
    let instances = linked(&mut input, &mut links, &debugs)?;
    let page = report.with_progress(&format!("exploring `{title}`"), || {
        in_pool(args.code.threads, || {
            let mut texts = Vec::with_capacity(instances.len());
            for instance in &instances {
                texts.push(WasmText::of(instance.module)?);
            }
            let make = |function: ExploredFunction| entry(&function, &texts);
            let failed = format!("failed to compile `{title}`");
            let (exploration, warnings) =
                wasmc_compiler::explore(&instances, &args.func, &options, make)
                    .map_err(|error| Failure::compiler(failed, &error))?;
            report.warnings(&warnings);
            if exploration.functions.is_empty() {
                let message = match args.func.is_empty() {
                    true => "no function of the module is compiled: nothing can run",
                    false => "no function that is compiled has such a name or index",
                };
                return Err(Failure::from(anyhow!(message)));
            }
            let sources = match args.no_source {
                true => Vec::new(),
                false => sources(&exploration.files, folder.as_deref()),
            };
            Ok(page(
                &title,
                &exploration.functions,
                &exploration.files,
                &sources,
            ))
        })
    })??;
    destination.write(page.as_bytes(), Emit::Asm)
}

/// A module as text: lines and the offsets that they come from.
struct WasmText(Vec<(u32, String)>);

impl WasmText {
    fn of(module: &[u8]) -> Result<WasmText, Failure> {
        let mut storage = String::new();
        let lines = wasmprinter::Config::new()
            .offsets_and_lines(module, &mut storage)
            .context("failed to print the module")?;
        let mut last = 0;
        let line = |(offset, text): (Option<u64>, &str)| {
            // Lines of their own without an offset belong to what comes before.
            last = offset.map_or(last, |offset| offset as u32);
            (last, text.trim_end().to_owned())
        };
        let mut lines: Vec<_> = lines.map(line).collect();
        lines.sort_by_key(|(offset, _)| *offset);
        Ok(WasmText(lines))
    }

    fn of_function(&self, function: &ExploredFunction) -> &[(u32, String)] {
        let at = |offset: u32| self.0.partition_point(|(of, _)| *of < offset);
        &self.0[at(function.body.start)..at(function.body.end)]
    }
}

fn entry(function: &ExploredFunction, texts: &[WasmText]) -> Entry {
    let lines = |lines: &[Line]| -> Vec<Value> {
        let lines = lines.iter();
        lines.map(|(offset, text)| json!([offset, text])).collect()
    };
    let wasm = texts[function.instance].of_function(function);
    let wasm: Vec<_> = wasm
        .iter()
        .map(|(offset, text)| json!([offset, text]))
        .collect();
    let places: Vec<_> = function
        .places
        .iter()
        .map(|(offset, place)| match place {
            Some((file, line)) => json!([offset, file, line]),
            None => json!([offset, -1, 0]),
        })
        .collect();
    let part = json!({
        "wasm": wasm,
        "clif": lines(&function.translated),
        "opt": lines(&function.optimised),
        "asm": lines(&function.assembly),
        "places": places,
    });
    Entry {
        name: function.name.clone(),
        instance: function.instance,
        index: function.index,
        code_bytes: function.code_bytes,
        part: pack(part.to_string().as_bytes()),
    }
}

/// Compresses a part of the page, in letters that mean nothing to a browser.
fn pack(bytes: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    STANDARD.encode(packed.expect("a vector takes all"))
}

/// The files of the source that are found: their index and their content, packed.
fn sources(files: &[String], folder: Option<&Path>) -> Vec<(usize, String)> {
    let found = files.iter().enumerate();
    found
        .filter_map(|(index, file)| {
            let text = read_source(Path::new(file), folder)?;
            let lines: Vec<_> = text.lines().collect();
            Some((index, pack(json!(lines).to_string().as_bytes())))
        })
        .collect()
}

/// A file of the source: where its path says, or below the module's folder or the current one, by
/// the longest end of the path that is there.
fn read_source(path: &Path, folder: Option<&Path>) -> Option<String> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    if !SOURCE_ENDS.contains(&&*end) {
        return None;
    }
    let read = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > MAX_SOURCE {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    if path.is_absolute()
        && let Some(text) = read(path)
    {
        return Some(text);
    }
    let parts: Vec<_> = path.components().collect();
    let is_plain =
        |part: &std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    let folders = [folder.unwrap_or(Path::new(".")), Path::new(".")];
    (0..parts.len()).find_map(|start| {
        let rest = &parts[start..];
        if !rest.iter().all(is_plain) {
            return None;
        }
        let rest: PathBuf = rest.iter().collect();
        folders.iter().find_map(|folder| read(&folder.join(&rest)))
    })
}

fn page(title: &str, functions: &[Entry], files: &[String], sources: &[(usize, String)]) -> String {
    let list: Vec<_> = functions
        .iter()
        .map(|entry| json!([entry.name, entry.index, entry.code_bytes, entry.instance]))
        .collect();
    let facts = json!({"title": title, "functions": list, "files": files});
    let mut parts = String::new();
    let packed = functions.iter().enumerate();
    let packed = packed.map(|(number, entry)| ('f', number, &entry.part));
    let files = sources.iter().map(|(number, part)| ('s', *number, part));
    for (kind, number, part) in packed.chain(files) {
        parts.push_str(&format!(
            "<script type=\"text/plain\" id=\"{kind}{number}\">{part}</script>\n"
        ));
    }
    // The order matters: nothing is looked for in what was put in.
    let (before, rest) = PAGE.split_once("@STYLE@").expect("the page has places");
    let (middle, rest) = rest.split_once("@FACTS@").expect("the page has places");
    let (behind, rest) = rest.split_once("@PARTS@").expect("the page has places");
    let (last, end) = rest.split_once("@SCRIPT@").expect("the page has places");
    // Names are a module's: in JSON, with what could end the element written otherwise.
    let facts = facts.to_string().replace('<', "\\u003c");
    [
        before, STYLE, middle, &facts, behind, &parts, last, SCRIPT, end,
    ]
    .concat()
}
