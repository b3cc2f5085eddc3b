//! Which module does a seed stand for?
//!
//! wasm-smith makes it, with a choice of proposals and limits that the seed makes too (swarm
//! testing). Every run ends: wasm-smith counts fuel in a global, and an exported function that is
//! appended here fills it up again, so that each call has as much as the first.

use wasm_encoder::Encode as _;
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices, Module};
use wasmparser::{Parser, Payload};

use super::part;
use super::random::Random;

/// The export that fills the fuel up again.
pub(super) const REFUEL: &str = "wasmc refuel";
/// Loops and calls that one call may make; so much that recursion fits every engine's stack.
pub(super) const FUEL: u32 = 2000;
/// Most bytes of a memory: enough for growth, little to hash.
const MEMORY_BYTES: u64 = 4 << 16;

/// The module of a seed.
pub(super) fn module(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    loop {
        let config = config(&mut random);
        let len = random.choose(&[500, 2_000, 6_000, 12_000]);
        let data = random.bytes(len);
        let mut unstructured = arbitrary::Unstructured::new(&data);
        // The data may be too short for what the configuration asks for.
        let Ok(mut module) = Module::new(config, &mut unstructured) else {
            continue;
        };
        let fuel_global = module
            .ensure_termination(FUEL)
            .expect("every body was generated");
        return with_refuel(&module.to_bytes(), fuel_global);
    }
}

/// What wasmi has is on more often than not. It lacks exceptions, typed function references,
/// threads and garbage collection; relaxed vector instructions may differ between engines.
fn config(random: &mut Random) -> Config {
    let simd_enabled = random.eighths(5);
    let reference_types_enabled = random.eighths(6);
    let many = reference_types_enabled;
    let allowed_instructions = match random.below(4) {
        // Dense arithmetic: what the code generator rewrites most.
        0 => InstructionKinds::new(&[
            InstructionKind::Numeric,
            InstructionKind::Vector,
            InstructionKind::Parametric,
            InstructionKind::Variable,
            InstructionKind::Control,
        ]),
        1 => InstructionKinds::new(&[
            InstructionKind::Numeric,
            InstructionKind::Vector,
            InstructionKind::Memory,
            InstructionKind::Variable,
        ]),
        _ => InstructionKinds::all(),
    };
    Config {
        allowed_instructions,
        allow_floats: random.eighths(7),
        canonicalize_nans: true,
        disallow_traps: random.eighths(4),
        export_everything: true,
        min_types: 3,
        max_types: 12,
        min_funcs: 3 + random.below(5),
        max_funcs: 10,
        min_globals: 2,
        max_globals: 8,
        min_memories: random.below(2) as u32,
        max_memories: random.choose(&[1, 1, 2, 3]),
        max_memory32_bytes: MEMORY_BYTES,
        max_memory64_bytes: u128::from(MEMORY_BYTES),
        memory_max_size_required: true,
        memory_offset_choices: random.choose_offsets(),
        max_tables: if many { random.choose(&[1, 2, 3]) } else { 1 },
        max_table_elements: 64,
        table_max_size_required: true,
        max_data_segments: 6,
        max_element_segments: 6,
        max_elements: 16,
        max_instructions: random.choose(&[40, 100, 300]),
        max_imports: 0,
        max_tags: 0,
        max_type_size: 200,
        simd_enabled,
        reference_types_enabled,
        bulk_memory_enabled: reference_types_enabled || random.eighths(4),
        memory64_enabled: random.eighths(4),
        tail_call_enabled: random.eighths(5),
        extended_const_enabled: random.eighths(5),
        multi_value_enabled: random.eighths(7),
        wide_arithmetic_enabled: random.eighths(3),
        custom_page_sizes_enabled: random.eighths(2),
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        threads_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

impl Random {
    /// Mostly accesses within the memory, or on its edge.
    fn choose_offsets(&mut self) -> MemoryOffsetChoices {
        let (inside, grown, outside) = self.choose(&[(90, 9, 1), (60, 30, 10), (100, 0, 0)]);
        MemoryOffsetChoices(inside, grown, outside)
    }
}

/// The module with one more function, exported, that sets the global to [`FUEL`].
pub(super) fn with_refuel(module: &[u8], fuel_global: u32) -> Vec<u8> {
    let mut new = wasm_encoder::Module::new();
    let (mut types, mut funcs) = (0, 0);
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.expect("wasm-smith makes well-formed modules");
        let mut item = Vec::new();
        match &payload {
            Payload::TypeSection(reader) => {
                // A recursion group is one item, and may have several types.
                let groups = reader.clone().into_iter().flatten();
                types = groups.map(|group| group.into_types().len() as u32).sum();
                // A function without parameters and results.
                item.extend([0x60, 0, 0]);
            }
            Payload::FunctionSection(reader) => {
                funcs = reader.count();
                types.encode(&mut item);
            }
            Payload::ExportSection(_) => {
                REFUEL.encode(&mut item);
                item.push(0);
                funcs.encode(&mut item);
            }
            Payload::CodeSectionStart { .. } => {
                let mut body = wasm_encoder::Function::new([]);
                body.instructions()
                    .i32_const(FUEL.cast_signed())
                    .global_set(fuel_global)
                    .end();
                body.encode(&mut item);
            }
            _ => {}
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let section = part(module, range);
        let data = match item.is_empty() {
            true => section.to_vec(),
            false => appended(section, &item),
        };
        new.section(&wasm_encoder::RawSection { id, data: &data });
    }
    new.finish()
}

/// A section, which begins with the number of its items, with one item more.
fn appended(section: &[u8], item: &[u8]) -> Vec<u8> {
    let end = section.iter().take_while(|&&byte| byte >= 0x80).count() + 1;
    let count = section[..end].iter().rev();
    let count = count.fold(0, |count, byte| count << 7 | u32::from(byte & 0x7f));
    let mut data = Vec::new();
    (count + 1).encode(&mut data);
    data.extend(&section[end..]);
    data.extend(item);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_valid_and_the_same_each_time() {
        for seed in 0..20 {
            let bytes = module(seed);
            assert_eq!(bytes, module(seed), "seed {seed}");
            let exports = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
                .validate_all(&bytes);
            exports.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }

    #[test]
    fn an_item_is_appended_to_long_counts_too() {
        let mut section = vec![0x7f];
        section.extend([7; 127]);
        let longer = appended(&section, &[9]);
        assert_eq!(longer[..3], [0x80, 0x01, 7]);
        assert_eq!(longer.last(), Some(&9));
        let longest = appended(&longer, &[9]);
        assert_eq!(longest[..3], [0x81, 0x01, 7]);
    }
}
