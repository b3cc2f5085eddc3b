//! Which part of a module is enough for a disagreement?
//!
//! Function bodies are cut off: first at their beginning, then as early as the disagreement allows.
//! What the smaller module must do is asked of wasmi anew.

use std::ops::Range;

use wasmparser::{FunctionBody, Operator, Parser, Payload, Validator, WasmFeatures};

use super::batch::{self, Case};
use super::{Disagreement, Variant, part, reference};

/// The same disagreement, if it is still there, with less of the module.
pub(super) fn shrink(found: Disagreement, variant: &Variant) -> Disagreement {
    let mut smallest = found;
    for func in (0..bodies(&smallest.case.module).len()).rev() {
        let cuts = cuts(&smallest.case.module, func);
        // The first cut that keeps the disagreement is the best; a later one need not be tried.
        for cut in cuts {
            let module = cut_off(&smallest.case.module, func, &cut);
            if let Some(smaller) = retry(smallest.seed, module, variant) {
                smallest = smaller;
                break;
            }
        }
    }
    smallest
}

/// Whether a module still disagrees.
fn retry(seed: u64, module: Vec<u8>, variant: &Variant) -> Option<Disagreement> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(&module)
        .ok()?;
    let steps = reference::steps(seed, &module).ok()?;
    let case = Case {
        seed,
        module,
        steps,
    };
    batch::check(&[case], variant).pop()
}

/// Where a body may end: after these bytes, with so many control frames to be closed.
struct Cut {
    end: usize,
    depth: usize,
}

/// Few enough to try: the beginning, and about 16 places more.
fn cuts(module: &[u8], func: usize) -> Vec<Cut> {
    let body = FunctionBody::new(wasmparser::BinaryReader::new(
        part(module, bodies(module)[func].clone()),
        0,
    ));
    let Ok(reader) = body.get_operators_reader() else {
        return Vec::new();
    };
    let mut cuts = Vec::new();
    let mut depth = 1;
    for operator in reader.into_iter_with_offsets() {
        let Ok((operator, offset)) = operator else {
            return Vec::new();
        };
        cuts.push(Cut {
            end: offset as usize,
            depth,
        });
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth -= 1,
            _ => {}
        }
    }
    let step = cuts.len().div_ceil(16).max(1);
    cuts.into_iter().step_by(step).collect()
}

/// The module with a body that ends in `unreachable` at the cut.
fn cut_off(module: &[u8], func: usize, cut: &Cut) -> Vec<u8> {
    let mut code = wasm_encoder::CodeSection::new();
    for (at, range) in bodies(module).into_iter().enumerate() {
        let body = part(module, range);
        if at == func {
            let mut short = body[..cut.end].to_vec();
            short.push(0x00);
            short.extend(std::iter::repeat_n(0x0b, cut.depth));
            code.raw(&short);
        } else {
            code.raw(body);
        }
    }
    let mut new = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module).flatten() {
        match (&payload, payload.as_section()) {
            (Payload::CodeSectionStart { .. }, _) => {
                new.section(&code);
            }
            (_, Some((id, range))) => {
                let data = part(module, range);
                new.section(&wasm_encoder::RawSection { id, data });
            }
            _ => {}
        }
    }
    new.finish()
}

/// Where the function bodies lie.
fn bodies(module: &[u8]) -> Vec<Range<u64>> {
    let payloads = Parser::new(0).parse_all(module).flatten();
    let bodies = payloads.filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body.range()),
        _ => None,
    });
    bodies.collect()
}
