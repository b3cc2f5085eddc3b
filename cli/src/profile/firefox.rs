//! A profile as Firefox's profiler reads it (<https://profiler.firefox.com>): its processed format,
//! version 62, in which tables are objects of columns of the same length.

use std::collections::HashMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::model::{KERNEL, Profile};

/// The version of the format, which the profiler brings up to its own.
const VERSION: u32 = 62;

/// Categories: names and colors.
const CATEGORIES: [(&str, &str); 3] = [
    ("Other", "grey"),
    ("Program", "yellow"),
    ("Kernel", "orange"),
];

/// Writes a profile.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    let mut tables = Tables::default();
    let stacks: Vec<_> = (0..profile.stacks.len())
        .map(|stack| tables.stack(profile, stack))
        .collect();
    let started = profile.started.duration_since(SystemTime::UNIX_EPOCH);
    let started = started.unwrap_or_default().as_secs_f64() * 1e3;
    let categories: Vec<_> = CATEGORIES
        .iter()
        .map(|(name, color)| json!({"name": name, "color": color, "subcategories": ["Other"]}))
        .collect();
    let threads: Vec<_> = (0..profile.threads.len())
        .map(|thread| of_thread(profile, &stacks, thread))
        .collect();
    let value = json!({
        "meta": {
            "categories": categories,
            "debug": false,
            "extensions": {"baseURL": [], "id": [], "name": [], "length": 0},
            "interval": milliseconds(profile.interval),
            "markerSchema": [],
            "oscpu": format!("Linux {}", std::env::consts::ARCH),
            "pausedRanges": [],
            "preprocessedProfileVersion": VERSION,
            "processType": 0,
            "product": profile.name,
            "sampleUnits": {"eventDelay": "ms", "threadCPUDelta": "µs", "time": "ms"},
            "sourceCodeIsNotOnSearchfox": true,
            "startTime": started,
            "symbolicated": true,
            "usesOnlyOneStackType": true,
            "version": 24,
        },
        "libs": [],
        "pages": [],
        "profilerOverhead": [],
        "counters": [],
        "shared": tables.shared(),
        "threads": threads,
    });
    value.to_string().into_bytes()
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn of_thread(profile: &Profile, stacks: &[Option<usize>], thread: usize) -> Value {
    let samples = profile.samples.iter();
    let samples: Vec<_> = samples.filter(|sample| sample.thread == thread).collect();
    let mut last = 0;
    let deltas: Vec<_> = samples
        .iter()
        .map(|sample| milliseconds(sample.time - std::mem::replace(&mut last, sample.time)))
        .collect();
    let column = |of: fn(&super::model::Spent) -> f64| -> Vec<f64> {
        samples.iter().map(|sample| of(sample)).collect()
    };
    let pid = profile.threads.first().copied().unwrap_or(0).to_string();
    json!({
        "isMainThread": thread == 0,
        "markers": {
            "category": [], "data": [], "endTime": [], "name": [], "phase": [],
            "startTime": [], "length": 0,
        },
        "name": profile.thread_name(thread),
        "pausedRanges": [],
        "pid": pid,
        "tid": profile.threads[thread].to_string(),
        "processName": profile.name,
        "processShutdownTime": null,
        "processStartupTime": 0.0,
        "processType": "default",
        "registerTime": 0.0,
        "unregisterTime": null,
        "showMarkersInTimeline": false,
        "samples": {
            "length": samples.len(),
            "stack": samples.iter().map(|sample| stacks[sample.stack]).collect::<Vec<_>>(),
            "threadCPUDelta": column(|sample| sample.weight as f64 / 1e3),
            "timeDeltas": deltas,
            "weight": column(|sample| milliseconds(sample.weight)),
            "weightType": "tracing-ms",
        },
    })
}

/// Tables that all threads share.
#[derive(Default)]
struct Tables {
    strings: Interner<String>,
    sources: Interner<usize>,
    /// Functions: name, source.
    functions: Interner<(usize, Option<usize>)>,
    /// Frames: address, depth of inlining, function, line, category.
    frames: Interner<(i64, usize, usize, Option<u32>, usize)>,
    /// Stacks: the rest of the stack, the innermost frame.
    stacks: Interner<(Option<usize>, usize)>,
}

impl Tables {
    /// The row of a stack; none for one without frames.
    fn stack(&mut self, profile: &Profile, stack: usize) -> Option<usize> {
        let mut prefix = None;
        for &place in profile.stacks[stack].iter().rev() {
            let place = &profile.places[place];
            for (depth, frame) in place.frames.iter().rev().enumerate() {
                let name = self.strings.index(frame.name.clone());
                let source = frame.place.as_ref().map(|(file, _)| {
                    let file = self.strings.index(file.clone());
                    self.sources.index(file)
                });
                let line = frame.place.as_ref().map(|(_, line)| *line);
                let function = self.functions.index((name, source));
                let category = match (&*frame.name, place.address) {
                    (KERNEL, _) => 2,
                    (_, 0) => 0,
                    _ => 1,
                };
                let address = match place.address {
                    0 => -1,
                    address => address as i64,
                };
                let frame = self
                    .frames
                    .index((address, depth, function, line, category));
                prefix = Some(self.stacks.index((prefix, frame)));
            }
        }
        prefix
    }

    fn shared(&self) -> Value {
        let frames = &self.frames.values;
        let functions = &self.functions.values;
        let stacks = &self.stacks.values;
        let sources = &self.sources.values;
        let none = |len: usize| vec![Value::Null; len];
        json!({
            "frameTable": {
                "length": frames.len(),
                "address": frames.iter().map(|frame| frame.0).collect::<Vec<_>>(),
                "inlineDepth": frames.iter().map(|frame| frame.1).collect::<Vec<_>>(),
                "func": frames.iter().map(|frame| frame.2).collect::<Vec<_>>(),
                "line": frames.iter().map(|frame| frame.3).collect::<Vec<_>>(),
                "category": frames.iter().map(|frame| frame.4).collect::<Vec<_>>(),
                "subcategory": vec![0; frames.len()],
                "column": none(frames.len()),
                "nativeSymbol": none(frames.len()),
                "innerWindowID": vec![0; frames.len()],
            },
            "funcTable": {
                "length": functions.len(),
                "name": functions.iter().map(|function| function.0).collect::<Vec<_>>(),
                "source": functions.iter().map(|function| function.1).collect::<Vec<_>>(),
                "isJS": vec![false; functions.len()],
                "relevantForJS": vec![false; functions.len()],
                "resource": vec![-1; functions.len()],
                "lineNumber": none(functions.len()),
                "columnNumber": none(functions.len()),
            },
            "stackTable": {
                "length": stacks.len(),
                "prefix": stacks.iter().map(|stack| stack.0).collect::<Vec<_>>(),
                "frame": stacks.iter().map(|stack| stack.1).collect::<Vec<_>>(),
            },
            "sources": {
                "length": sources.len(),
                "filename": sources,
                "id": none(sources.len()),
                "sourceMapURL": none(sources.len()),
                "startLine": vec![1; sources.len()],
                "startColumn": vec![1; sources.len()],
            },
            "resourceTable": {"length": 0, "host": [], "lib": [], "name": [], "type": []},
            "nativeSymbols": {
                "length": 0, "address": [], "functionSize": [], "libIndex": [], "name": [],
            },
            "stringArray": self.strings.values,
        })
    }
}

/// Values, each once.
struct Interner<T> {
    values: Vec<T>,
    indices: HashMap<T, usize>,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner {
            values: Vec::new(),
            indices: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn index(&mut self, value: T) -> usize {
        if let Some(&index) = self.indices.get(&value) {
            return index;
        }
        let index = self.values.len();
        self.values.push(value.clone());
        self.indices.insert(value, index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::model::example;

    #[test]
    fn stacks_can_be_read_back() {
        let value: Value = serde_json::from_slice(&write(&example())).unwrap();
        let shared = &value["shared"];
        let at = |table: &str, column: &str, row: usize| shared[table][column][row].clone();
        let names = |thread: usize, sample: usize| -> Vec<String> {
            let mut stack = value["threads"][thread]["samples"]["stack"][sample].as_u64();
            let mut names = Vec::new();
            while let Some(row) = stack {
                let frame = at("stackTable", "frame", row as usize).as_u64().unwrap();
                let function = at("frameTable", "func", frame as usize).as_u64().unwrap();
                let name = at("funcTable", "name", function as usize).as_u64().unwrap();
                names.push(
                    shared["stringArray"][name as usize]
                        .as_str()
                        .unwrap()
                        .into(),
                );
                stack = at("stackTable", "prefix", row as usize).as_u64();
            }
            names
        };
        assert_eq!(names(0, 0), ["tiny<&>", "work", "main;\u{1}"]);
        assert_eq!(names(0, 2), ["main;\u{1}"]);
        assert_eq!(names(1, 0), ["tiny<&>", "work", "main;\u{1}"]);
        // Every column is as long as its table.
        for (name, table) in shared.as_object().unwrap() {
            let Some(columns) = table.as_object() else {
                continue;
            };
            for (column, values) in columns {
                if let Some(values) = values.as_array() {
                    assert_eq!(
                        Some(values.len() as u64),
                        table["length"].as_u64(),
                        "{name}.{column}"
                    );
                }
            }
        }
        let deltas = &value["threads"][0]["samples"]["timeDeltas"];
        assert_eq!(*deltas, json!([0.0, 1.0, 1.0]));
    }
}
