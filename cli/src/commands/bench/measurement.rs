//! What was measured of the contenders, and its JSON, which is also the form of a kept baseline.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use crate::args::bench::Measure;
use crate::commands::bench::contender::Contender;
use crate::commands::bench::statistics::{Estimate, median_estimate, paired_ratio, unpaired_ratio};

/// The version of the JSON's form.
const SCHEMA: u64 = 1;

/// What was measured of one contender.
#[derive(Debug)]
pub struct Measured {
    /// What it is.
    pub contender: Contender,
    /// Seconds of each run, in the order of the rounds.
    pub wall: Vec<f64>,
    /// Seconds of processor time of each run.
    pub cpu: Vec<f64>,
    /// Bytes that were resident at the most.
    pub peak_memory: u64,
}

impl Measured {
    /// The samples of one measure.
    pub fn samples(&self, measure: Measure) -> &[f64] {
        match measure {
            Measure::Wall => &self.wall,
            Measure::Cpu => &self.cpu,
        }
    }
}

/// How the module compares with something else.
#[derive(Debug)]
pub struct Comparison {
    /// With what.
    pub with: String,
    /// How many times as long the module takes.
    pub ratio: Estimate,
}

/// Everything that is known in the end.
#[derive(Debug)]
pub struct Measurement {
    /// The module's name.
    pub module: String,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// The machine.
    pub machine: String,
    /// What ratios are about.
    pub measure: Measure,
    /// Runs of each before it was measured.
    pub warmup: usize,
    /// The contenders, the module first.
    pub measured: Vec<Measured>,
    /// The module compared with each other contender, in their order, and then with the baseline.
    pub comparisons: Vec<Comparison>,
    /// What speaks against trusting the figures.
    pub warnings: Vec<String>,
}

impl Measurement {
    /// How many rounds were measured.
    pub fn rounds(&self) -> usize {
        self.measured[0].wall.len()
    }

    /// Compares the module with the other contenders.
    pub fn compare(&mut self) {
        let (subject, others) = self.measured.split_first().expect("the module is first");
        let samples = subject.samples(self.measure);
        self.comparisons = others
            .iter()
            .map(|other| Comparison {
                with: other.contender.name.clone(),
                ratio: paired_ratio(samples, other.samples(self.measure)),
            })
            .collect();
    }

    /// Compares the module with a baseline.
    pub fn compare_with_baseline(&mut self, baseline: &Baseline) {
        let samples = self.measured[0].samples(self.measure);
        let kept = match self.measure {
            Measure::Wall => &baseline.wall,
            Measure::Cpu => &baseline.cpu,
        };
        self.comparisons.push(Comparison {
            with: baseline.name.clone(),
            ratio: unpaired_ratio(samples, kept),
        });
        if baseline.machine != self.machine {
            self.warnings.push(format!(
                "the baseline was measured on another machine ({})",
                baseline.machine
            ));
        }
        if baseline.arguments != self.arguments {
            self.warnings
                .push("the baseline was measured with other arguments".to_owned());
        }
    }

    /// The whole as JSON.
    pub fn json(&self) -> Value {
        let contenders: Vec<_> = self.measured.iter().map(contender_json).collect();
        let comparisons: Vec<_> = self
            .comparisons
            .iter()
            .map(|comparison| json!({"with": comparison.with, "ratio": estimate_json(&comparison.ratio)}))
            .collect();
        json!({
            "schema": SCHEMA,
            "wasmc": env!("CARGO_PKG_VERSION"),
            "module": self.module,
            "arguments": self.arguments,
            "machine": self.machine,
            "measure": self.measure.name(),
            "runs": self.rounds(),
            "warmup": self.warmup,
            "contenders": contenders,
            "comparisons": comparisons,
            "warnings": self.warnings,
        })
    }
}

fn contender_json(measured: &Measured) -> Value {
    let contender = &measured.contender;
    json!({
        "name": contender.name,
        "kind": contender.kind,
        "version": contender.version,
        "wall_seconds": samples_json(&measured.wall),
        "cpu_seconds": samples_json(&measured.cpu),
        "peak_memory_bytes": measured.peak_memory,
        "compile_seconds": contender.compile_seconds,
        "file_bytes": contender.file_bytes,
    })
}

fn samples_json(samples: &[f64]) -> Value {
    let mut value = estimate_json(&median_estimate(samples));
    value["samples"] = json!(samples);
    value
}

fn estimate_json(estimate: &Estimate) -> Value {
    json!({
        "median": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "confidence": estimate.confidence,
    })
}

/// What an earlier measurement says about the module.
#[derive(Debug)]
pub struct Baseline {
    /// The file.
    pub name: String,
    machine: String,
    arguments: Vec<String>,
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Baseline {
    /// Reads the JSON of an earlier result.
    pub fn read(path: &Path) -> anyhow::Result<Baseline> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("failed to read `{name}`"))?;
        Baseline::parse(name.clone(), &text)
            .with_context(|| format!("`{name}` is no result of `wasmc bench`"))
    }

    fn parse(name: String, text: &str) -> anyhow::Result<Baseline> {
        let value: Value = serde_json::from_str(text)?;
        if value["schema"] != SCHEMA {
            return Err(anyhow!("its `schema` is not {SCHEMA}"));
        }
        let samples = |measure: &str| {
            let place = format!("/contenders/0/{measure}/samples");
            let array = value.pointer(&place).and_then(Value::as_array);
            let numbers: Option<Vec<_>> = array
                .filter(|array| !array.is_empty())
                .and_then(|array| array.iter().map(Value::as_f64).collect());
            numbers
                .filter(|numbers| numbers.iter().all(|&number| number >= 0.0))
                .ok_or_else(|| anyhow!("`{place}` is no list of times"))
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let arguments = value["arguments"].as_array().into_iter().flatten();
        Ok(Baseline {
            machine: text(&value["machine"]).unwrap_or_default(),
            arguments: arguments.filter_map(text).collect(),
            wall: samples("wall_seconds")?,
            cpu: samples("cpu_seconds")?,
            name,
        })
    }
}

/// The processor, how many of them, and the kernel.
pub fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let information = read("/proc/cpuinfo");
    let model = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    let count = information
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{model}, {count} CPUs, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_must_be_a_result() {
        for (text, cause) in [
            ("", "EOF"),
            ("{}", "schema"),
            (r#"{"schema": 2}"#, "schema"),
            (r#"{"schema": 1}"#, "no list of times"),
            (
                r#"{"schema": 1, "contenders": [{"wall_seconds": {"samples": [1, -1]}}]}"#,
                "no list of times",
            ),
        ] {
            let error = Baseline::parse("base".to_owned(), text).unwrap_err();
            assert!(error.to_string().contains(cause), "{text}: {error}");
        }
    }
}
