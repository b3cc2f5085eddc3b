//! Modules with objects beside V8, which node has: the interpreter knows none.
//!
//! Of a module whose types wasm-smith makes with structures, arrays, subtypes and function references,
//! every exported function of numbers is called; results are compared, and whether a call traps.

use std::fs;
use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wasm_smith::{Config, Module};
use wasmc_abi::traps::Trap;
use wasmc_compiler::features::Features;
use wasmc_compiler::testing::{Command, compile_driver};
use wasmc_compiler::{InstanceSpec, Options};
use wasmparser::{CompositeInnerType, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use super::generate::{self, REFUEL};
use super::random::Random;
use crate::process::{Executable, Launch};
use crate::records::{Event, Records};

/// Argument lists for each function.
const ROUNDS: usize = 3;
/// How long a batch may run.
const LIMIT: Duration = Duration::from_secs(120);

/// What was compared.
#[derive(Clone, Copy, Default, Debug)]
pub struct ObjectTally {
    /// Modules that ran in both.
    pub modules: usize,
    /// Calls.
    pub calls: usize,
    /// Calls that trapped in both.
    pub traps: usize,
}

/// A call of an exported function.
struct Call {
    export: String,
    args: Vec<(ValType, u64)>,
    results: Vec<ValType>,
}

/// A module and the calls of it.
struct Case {
    seed: u64,
    module: Vec<u8>,
    calls: Vec<Call>,
}

/// Compares the modules of these seeds with what `node` makes of them: what disagrees, a line each.
/// `run_options` is what the executable gets as `WASMC_OPTIONS`.
///
/// # Errors
/// What keeps node from running.
pub fn compare(
    seeds: &[u64],
    node: &Path,
    options: &Options,
    run_options: &str,
) -> Result<(ObjectTally, Vec<String>)> {
    let cases: Vec<_> = seeds.iter().map(|&seed| case(seed)).collect();
    let theirs = run_node(&cases, node)?;
    let mut tally = ObjectTally::default();
    let mut found = Vec::new();
    for (case, theirs) in cases.iter().zip(&theirs) {
        match run_own(case, options, run_options) {
            Ok(ours) => compare_one(case, theirs, &ours, &mut tally, &mut found),
            Err(error) => found.push(format!("seed {:#018x}: {error:#}", case.seed)),
        }
    }
    Ok((tally, found))
}

fn compare_one(
    case: &Case,
    theirs: &Value,
    ours: &[Event],
    tally: &mut ObjectTally,
    found: &mut Vec<String>,
) {
    let Some(theirs) = theirs.as_array() else {
        // V8 does not instantiate it.
        if !matches!(ours.first(), Some(Event::Trap(_))) {
            found.push(format!("seed {:#018x}: node says {theirs}", case.seed));
        }
        return;
    };
    tally.modules += 1;
    // The first event is that of the instantiation; before each call the fuel is filled up.
    let ours = ours.iter().skip(1).skip(1).step_by(2);
    for ((call, theirs), ours) in case.calls.iter().zip(theirs).zip(ours) {
        let undecided = theirs == "undecided"
            || matches!(
                ours,
                Event::Trap(
                    Trap::CallStackExhausted | Trap::HeapExhausted | Trap::AllocationTooLarge
                )
            );
        if undecided {
            // Limits differ, and with them the state of what follows.
            return;
        }
        tally.calls += 1;
        let agrees = match ours {
            Event::Trap(_) => {
                tally.traps += 1;
                theirs == "trap"
            }
            Event::Values(values) => {
                let texts = values.iter().zip(&call.results);
                let texts = texts.map(|(&bits, &ty)| Value::from(text(bits as u64, ty)));
                *theirs == Value::Array(texts.collect())
            }
            Event::Unlinkable | Event::OutOfMemory => false,
        };
        if !agrees {
            let (seed, export, args) = (case.seed, &call.export, &call.args);
            found.push(format!(
                "seed {seed:#018x}: {export}({args:x?}): node says {theirs}, we {ours:x?}"
            ));
            return;
        }
    }
}

/// A number as both sides write it: every NaN is the same.
fn text(bits: u64, ty: ValType) -> String {
    match ty {
        ValType::F32 if f32::from_bits(bits as u32).is_nan() => "nan".to_owned(),
        ValType::F64 if f64::from_bits(bits).is_nan() => "nan".to_owned(),
        _ => format!("{bits:x}"),
    }
}

fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    loop {
        let data = [1_000, 4_000, 12_000];
        let len = random.choose(&data);
        let config = config(&mut random);
        let data = random.bytes(len);
        let Ok(mut module) = Module::new(config, &mut arbitrary::Unstructured::new(&data)) else {
            continue;
        };
        let fuel = module
            .ensure_termination(generate::FUEL)
            .expect("every body was generated");
        let module = generate::with_refuel(&module.to_bytes(), fuel);
        let calls = calls(&module, &mut random);
        if !calls.is_empty() {
            return Case {
                seed,
                module,
                calls,
            };
        }
    }
}

fn config(random: &mut Random) -> Config {
    Config {
        canonicalize_nans: true,
        disallow_traps: random.eighths(5),
        export_everything: true,
        min_types: 6,
        max_types: 24,
        min_funcs: 4,
        max_funcs: 12,
        min_globals: 2,
        max_globals: 8,
        max_memories: 1,
        max_memory32_bytes: 4 << 16,
        memory_max_size_required: true,
        max_tables: 2,
        max_table_elements: 64,
        table_max_size_required: true,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 16,
        max_instructions: random.choose(&[60, 200, 400]),
        max_imports: 0,
        max_tags: 0,
        max_type_size: 400,
        simd_enabled: random.eighths(2),
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        tail_call_enabled: true,
        extended_const_enabled: true,
        multi_value_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        gc_enabled: true,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    }
}

/// Calls of every exported function of numbers.
fn calls(module: &[u8], random: &mut Random) -> Vec<Call> {
    let mut types: Vec<Option<FuncType>> = Vec::new();
    let (mut funcs, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.expect("the module is well-formed") {
            Payload::TypeSection(reader) => {
                for group in reader {
                    let group = group.expect("the module is valid");
                    types.extend(group.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(ty) => Some(ty),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports().flatten() {
                    if let TypeRef::Func(ty) = import.ty {
                        funcs.push(ty);
                    }
                }
            }
            Payload::FunctionSection(reader) => funcs.extend(reader.into_iter().flatten()),
            Payload::ExportSection(reader) => {
                let reader = reader.into_iter().flatten();
                let is_func = |kind| kind == ExternalKind::Func;
                exports.extend(reader.filter(|export| is_func(export.kind)));
            }
            _ => {}
        }
    }
    let is_number = |ty: &ValType| !matches!(ty, ValType::Ref(_) | ValType::V128);
    let mut calls = Vec::new();
    for _ in 0..ROUNDS {
        for export in exports.iter().filter(|export| export.name != REFUEL) {
            let Some(ty) = &types[funcs[export.index as usize] as usize] else {
                continue;
            };
            if !ty.params().iter().chain(ty.results()).all(is_number) {
                continue;
            }
            let args = ty.params().iter().map(|&ty| (ty, argument(ty, random)));
            calls.push(Call {
                export: export.name.to_owned(),
                args: args.collect(),
                results: ty.results().to_vec(),
            });
        }
    }
    calls
}

/// The bits of an argument that JavaScript can hand on: no NaN.
fn argument(ty: ValType, random: &mut Random) -> u64 {
    let number = match random.below(3) {
        0 => random.below(4) as u64,
        1 => random.next(),
        _ => u64::MAX - random.below(3) as u64,
    };
    match ty {
        ValType::I32 => number & 0xffff_ffff,
        ValType::F32 => u64::from((number as i32 as f32 / 3.0).to_bits()),
        ValType::F64 => (number as i64 as f64 / 3.0).to_bits(),
        _ => number,
    }
}

/// What node says of each module: a list with an item for each call, or why there is none.
fn run_node(cases: &[Case], node: &Path) -> Result<Vec<Value>> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let path = |name: &str| folder.path().join(name);
    let name = |ty: &ValType| ty.to_string();
    let mut work = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        fs::write(path(&format!("{number}.wasm")), &case.module)?;
        let calls = case.calls.iter().map(|call| {
            let args = call.args.iter();
            let args = args.map(|(ty, bits)| json!([name(ty), format!("{bits}")]));
            let results = call.results.iter().map(name);
            json!([
                call.export,
                args.collect::<Vec<_>>(),
                results.collect::<Vec<_>>()
            ])
        });
        work.push(Value::Array(calls.collect()));
    }
    fs::write(path("work.json"), Value::Array(work).to_string())?;
    fs::write(path("run.mjs"), include_str!("objects.mjs"))?;
    let output = Process::new(node)
        .arg(path("run.mjs"))
        .arg(folder.path())
        .arg(REFUEL)
        .output()
        .with_context(|| format!("failed to run `{}`", node.display()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "node failed: {errors}");
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str);
    let results = lines.collect::<Result<Vec<Value>, _>>()?;
    ensure!(results.len() == cases.len(), "node judged too few modules");
    Ok(results)
}

/// What our executable does: an event for the instantiation, then two for each call.
fn run_own(case: &Case, options: &Options, run_options: &str) -> Result<Vec<Event>> {
    let options = options.clone().features(Features::complete());
    let instance = InstanceSpec::new("", &case.module);
    let invoke = |export: &str, args: Vec<u128>| Command::Invoke {
        instance: 0,
        export: export.to_owned(),
        args,
    };
    let mut commands = vec![Command::Instantiate(0)];
    for call in &case.calls {
        let args = call.args.iter().map(|&(_, bits)| u128::from(bits));
        commands.push(invoke(REFUEL, Vec::new()));
        commands.push(invoke(&call.export, args.collect()));
    }
    let artifact = compile_driver(&[instance], &commands, &options)?;
    let mut launch = Launch::on(options.target.arch);
    launch
        .env
        .push(("WASMC_OPTIONS".into(), run_options.into()));
    let outcome = Executable::new(&artifact.bytes)?.run(&launch, LIMIT)?;
    let mut records = Records::new(&outcome.stdout);
    let mut events = Vec::new();
    for number in 0..commands.len() {
        match records.next(number) {
            Ok(event) => events.push(event),
            Err(error) => {
                let stderr = String::from_utf8_lossy(&outcome.stderr);
                anyhow::bail!(
                    "{error} at command {number}: {}; {stderr}",
                    outcome.describe()
                );
            }
        }
    }
    Ok(events)
}
