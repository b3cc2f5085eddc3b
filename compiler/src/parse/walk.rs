//! In which order is a module validated? Its sections as they come, then its bodies in parallel.

use rayon::prelude::*;
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator, OperatorsReader, Parser,
    Payload, Validator, ValidatorResources, WasmFeatures,
};

use crate::error::{Error, Result};

/// A body that is yet to be validated.
pub(crate) type BodyToValidate<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates every section but for bodies, which are returned, and hands it on.
pub(crate) fn sections<'a>(
    bytes: &'a [u8],
    features: WasmFeatures,
    mut each: impl FnMut(Payload<'a>) -> Result<()>,
) -> Result<Vec<BodyToValidate<'a>>> {
    let invalid = |error: wasmparser::Error| Error::invalid(&error);
    let mut validator = Validator::new_with_features(features);
    let mut bodies = Vec::new();
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        if let Payload::CodeSectionEntry(body) = payload {
            let to_validate = validator.code_section_entry(&body).map_err(invalid)?;
            bodies.push((to_validate, body));
            continue;
        }
        validator.payload(&payload).map_err(invalid)?;
        each(payload)?;
    }
    Ok(bodies)
}

/// Validates all bodies in parallel. Each operator is noted with its offset, and what was noted of a
/// valid body is finished. The error is that of the first function that has one, whatever the number
/// of threads; `name` is the name that it gives a function.
pub(crate) fn bodies<'a, 'n, N: Default, T: Send>(
    bodies: Vec<BodyToValidate<'a>>,
    name: impl Fn(u32) -> Option<&'n str> + Sync,
    note: impl Fn(&mut N, &Operator<'_>, u64) + Sync,
    finish: impl Fn(N, FunctionBody<'a>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let results: Vec<_> = bodies
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            FuncValidatorAllocations::default,
            |allocations, (to_validate, body)| {
                let index = to_validate.index;
                let mut noted = N::default();
                validate(allocations, to_validate, &body, |operator, offset| {
                    note(&mut noted, operator, offset);
                })
                .map_err(|error| Error::invalid(&error))
                .and_then(|()| finish(noted, body))
                .map_err(|error| error.in_function(index, name(index)))
            },
        )
        .collect();
    results.into_iter().collect()
}

/// Validates a body.
fn validate(
    allocations: &mut FuncValidatorAllocations,
    to_validate: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    mut note: impl FnMut(&Operator<'_>, u64),
) -> Result<(), wasmparser::Error> {
    let mut validator = to_validate.into_validator(std::mem::take(allocations));
    let mut reader = body.get_binary_reader();
    reader.set_features(*validator.features());
    validator.read_locals(&mut reader)?;
    let mut operators = OperatorsReader::new(reader);
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        validator.op(offset, &operator)?;
        note(&operator, offset);
    }
    operators.finish()?;
    *allocations = validator.into_allocations();
    Ok(())
}
