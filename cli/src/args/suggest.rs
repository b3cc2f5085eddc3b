//! What might somebody have meant who wrote what is not known here?

use clap::Error;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// How alike two words are that one can be meant by the other: as in clap's own suggestions.
const ALIKE: f64 = 0.8;

/// The candidate that is most like the word, if one is like it at all.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let scored = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > ALIKE).then_some(best.1)
}

/// `; did you mean ...?`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, candidates).map_or_else(String::new, |found| format!("; did you mean `{found}`?"))
}

/// Flags of other engines and of container tools, and what is written here instead.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &[
            "--mapdir",
            "--map-dir",
            "--volume",
            "--mount",
            "-v",
            "--preopen",
            "--bind",
        ],
        "`--dir HOST::GUEST` grants a folder",
    ),
    (
        &["-e", "--env-var", "--setenv"],
        "`--env NAME=VALUE` sets a variable",
    ),
    (
        &["--env-file"],
        "`--env NAME=VALUE` sets a variable, `--inherit-env` passes all on",
    ),
    (
        &["-p", "--publish", "--tcplisten", "--addr"],
        "`--listen ADDR:PORT` lets the program accept connections",
    ),
    (
        &["-S", "--wasi"],
        "WASI preview 1 is always offered; `--net` lets the program use sockets",
    ),
    (
        &["--wasm", "--wasm-features", "--enable-all"],
        "`-W FEATURE` turns a proposal on",
    ),
    (
        &["-m", "--memory", "--max-memory-size"],
        "`--max-memory SIZE` limits memories",
    ),
    (&["--max-wasm-stack"], "`--stack-size SIZE` sets the stack"),
    (
        &["--entrypoint"],
        "`--invoke NAME` calls an export; an image's executable is its entry point",
    ),
    (&["--network"], "`--net` grants the network"),
    (
        &["--rm", "-i", "-t", "-it"],
        "`wasmc run MODULE` needs nothing like it",
    ),
];

/// Adds what is written here to an error about a flag that others have.
pub fn explain(mut error: Error) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let rows = ELSEWHERE.iter();
    let known = rows
        .copied()
        .find(|(flags, _)| flags.contains(&flag.as_str()));
    if let Some((_, instead)) = known {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(instead.to_owned())]);
        error.insert(ContextKind::Suggested, tip);
        error.remove(ContextKind::SuggestedArg);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_recognised() {
        let names = ["tail-call", "threads", "simd"];
        assert_eq!(closest("thread", names), Some("threads"));
        assert_eq!(closest("tail_call", names), Some("tail-call"));
        assert_eq!(closest("SIMD", names), Some("simd"));
        assert_eq!(closest("quux", names), None);
        assert_eq!(did_you_mean("thread", names), "; did you mean `threads`?");
    }
}
