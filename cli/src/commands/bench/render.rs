//! A measurement as text: for people, as Markdown, and as the input of GitHub's benchmark action.

use std::fmt::Write as _;

use serde_json::json;

use crate::args::bench::BenchFormat;
use crate::commands::bench::measurement::{Comparison, Measured, Measurement};
use crate::commands::bench::statistics::{CONFIDENCE, Estimate, median, median_estimate};
use crate::output;

/// The measurement in the form that was asked for, lines ended.
pub fn render(measurement: &Measurement, format: BenchFormat) -> String {
    match format {
        BenchFormat::Human => human(measurement),
        BenchFormat::Json => pretty(&measurement.json()),
        BenchFormat::Markdown => markdown(measurement),
        BenchFormat::Github => github(measurement),
    }
}

fn human(measurement: &Measurement) -> String {
    let mut text = format!("{}\n\n", summary(measurement));
    let mut rows = vec![heading(measurement)];
    rows.extend(measurement.measured.iter().map(row));
    text.push_str(&output::table(&rows, ""));
    let warnings = measurement.warnings.iter();
    let warnings = warnings.map(|warning| format!("warning: {warning}"));
    for lines in [sentences(measurement), warnings.collect()] {
        if !lines.is_empty() {
            write!(text, "\n{}\n", lines.join("\n")).expect("a String takes all");
        }
    }
    text
}

fn markdown(measurement: &Measurement) -> String {
    let mut text = format!("### {}\n\n", summary(measurement));
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heading = heading(measurement);
    let rule: Vec<_> = (0..heading.len())
        .map(|column| if column == 0 { "---" } else { "---:" }.to_owned())
        .collect();
    text.push_str(&line(heading));
    text.push_str(&line(rule));
    for measured in &measurement.measured {
        let cells = row(measured);
        text.push_str(&line(
            cells.iter().map(|cell| cell.replace('|', "\\|")).collect(),
        ));
    }
    let notes = sentences(measurement).into_iter();
    let notes = notes.chain(
        measurement
            .warnings
            .iter()
            .map(|warning| format!("⚠ {warning}")),
    );
    for (index, note) in notes.enumerate() {
        let separator = if index == 0 { "\n" } else { "" };
        writeln!(text, "{separator}- {note}").expect("a String takes all");
    }
    text
}

/// An array of `{name, unit, value, range, extra}`, smaller values being better.
fn github(measurement: &Measurement) -> String {
    let mut entries = Vec::new();
    let warnings: String = measurement
        .warnings
        .iter()
        .map(|text| format!("\n{text}"))
        .collect();
    for measured in &measurement.measured {
        let contender = &measured.contender;
        let name = match contender.name == measurement.module {
            true => measurement.module.clone(),
            false => format!("{}: {}", measurement.module, contender.name),
        };
        let mut time = |what: &str, samples: &[f64]| {
            let estimate = median_estimate(samples);
            let milliseconds = |seconds: f64| (seconds * 1e6).round() / 1e3;
            entries.push(json!({
                "name": format!("{name}: {what}"),
                "unit": "ms",
                "value": milliseconds(estimate.value),
                "range": format!("± {}", milliseconds((estimate.high - estimate.low) / 2.0)),
                "extra": format!(
                    "median of {} runs, {} interval {} to {} ms\n{}{}",
                    samples.len(),
                    confidence(estimate.confidence),
                    milliseconds(estimate.low),
                    milliseconds(estimate.high),
                    measurement.machine,
                    warnings,
                ),
            }));
        };
        time("wall time", &measured.wall);
        time("CPU time", &measured.cpu);
        entries.push(json!({
            "name": format!("{name}: peak memory"),
            "unit": "MiB",
            "value": (measured.peak_memory as f64 / 1048.576).round() / 1e3,
        }));
    }
    pretty(&json!(entries))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn summary(measurement: &Measurement) -> String {
    format!(
        "{}: medians of {} runs; {}",
        measurement.module,
        measurement.rounds(),
        measurement.machine
    )
}

fn heading(measurement: &Measurement) -> Vec<String> {
    let estimate = median_estimate(&measurement.measured[0].wall);
    let interval = format!("{} interval", confidence(estimate.confidence));
    [
        "",
        "wall",
        &interval,
        "CPU",
        "peak memory",
        "file",
        "compiled in",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn row(measured: &Measured) -> Vec<String> {
    let contender = &measured.contender;
    let wall = median_estimate(&measured.wall);
    let optional = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        contender.name.clone(),
        duration(wall.value),
        format!("{} to {}", duration(wall.low), duration(wall.high)),
        duration(median(&measured.cpu)),
        size(measured.peak_memory),
        optional(contender.file_bytes.map(size)),
        optional(contender.compile_seconds.map(duration)),
    ]
}

/// A sentence for each comparison.
fn sentences(measurement: &Measurement) -> Vec<String> {
    let sentence = |comparison: &Comparison| {
        format!(
            "{} takes {} times the {} of {}",
            measurement.module,
            ratio(&comparison.ratio),
            measurement.measure.text(),
            comparison.with
        )
    };
    measurement.comparisons.iter().map(sentence).collect()
}

/// `1.02 (1.01 to 1.03)`.
pub fn ratio(estimate: &Estimate) -> String {
    format!(
        "{:.3} ({:.3} to {:.3})",
        estimate.value, estimate.low, estimate.high
    )
}

/// `95 %`, unless there were too few samples.
fn confidence(confidence: f64) -> String {
    // What is a little more than asked for is not worth another digit.
    format!("{:.0} %", confidence.min(CONFIDENCE) * 100.0)
}

/// Four digits and a unit.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 0.9995 => (s, "s"),
        s if s >= 0.000_999_5 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    let digits = match value {
        v if v >= 999.5 => 0,
        v if v >= 99.95 => 1,
        v if v >= 9.995 => 2,
        _ => 3,
    };
    format!("{value:.digits$} {unit}")
}

fn size(bytes: u64) -> String {
    let kibibytes = bytes as f64 / 1024.0;
    if kibibytes < 1000.0 {
        format!("{kibibytes:.0} KiB")
    } else {
        format!("{:.1} MiB", kibibytes / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        assert_eq!(duration(1.234567), "1.235 s");
        assert_eq!(duration(0.0123456), "12.35 ms");
        assert_eq!(duration(0.99949), "999.5 ms");
        assert_eq!(duration(0.99951), "1.000 s");
        assert_eq!(duration(0.000_123_46), "123.5 µs");
        assert_eq!(size(34_816), "34 KiB");
        assert_eq!(size(5 << 20), "5.0 MiB");
    }
}
