//! What speaks against trusting a measurement: other load, a governor, wide spreads, short runs.

use std::fs;
use std::time::Instant;

use crate::commands::bench::measure::own_cpu;
use crate::commands::bench::statistics::{Estimate, spread};

/// A wider spread of the middle half of the runs is worth a warning.
const WIDE_SPREAD: f64 = 0.05;
/// So is an interval whose half is wider.
const UNCERTAIN: f64 = 0.05;
/// Seconds below which a run is mostly the start of a process.
const SHORT: f64 = 0.005;
/// Processors that others may use in the meantime.
const OTHER_LOAD: f64 = 0.1;
/// The share of time that a hypervisor may take away.
const STOLEN: f64 = 0.01;
/// `/proc/stat` counts in hundredths of a second: below this it says too little.
const LEAST_SECONDS: f64 = 0.3;

/// Watches the machine from its making on.
#[derive(Debug)]
pub struct Watch {
    start: Instant,
    own: f64,
    processors: Option<Processors>,
}

impl Watch {
    /// Begins.
    pub fn start() -> Watch {
        Watch {
            start: Instant::now(),
            own: own_cpu(),
            processors: Processors::read(),
        }
    }

    /// What was noticed since then.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<_> = governor().into_iter().collect();
        let elapsed = self.start.elapsed().as_secs_f64();
        if let (Some(before), Some(after)) = (self.processors, Processors::read())
            && elapsed > LEAST_SECONDS
        {
            let own = own_cpu() - self.own;
            warnings.extend(load(before, after, own, elapsed));
        }
        warnings
    }
}

/// What the samples of one program say about themselves.
pub fn of_samples(name: &str, samples: &[f64], median: &Estimate) -> Option<String> {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    if median.value < SHORT {
        return Some(format!(
            "a run of {name} takes {:.2} ms, which is mostly the start of a process: give it more \
             to do",
            median.value * 1e3
        ));
    }
    if median.uncertainty() > UNCERTAIN {
        return Some(format!(
            "the median of {name} is known to ±{} only: more `--runs` or a quieter machine help",
            percent(median.uncertainty())
        ));
    }
    let spread = spread(samples);
    (spread > WIDE_SPREAD).then(|| {
        format!(
            "the middle half of the runs of {name} spreads over {} of the median",
            percent(spread)
        )
    })
}

/// Seconds of processor time since the machine started.
#[derive(Clone, Copy, Debug)]
struct Processors {
    busy: f64,
    stolen: f64,
    count: f64,
}

impl Processors {
    fn read() -> Option<Processors> {
        parse_stat(&fs::read_to_string("/proc/stat").ok()?)
    }
}

/// Reads `/proc/stat`, see proc_stat(5).
fn parse_stat(text: &str) -> Option<Processors> {
    let count = text
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .count();
    let fields: Vec<f64> = text
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let &[user, nice, system, _idle, _iowait, irq, softirq, stolen, ..] = &fields[..] else {
        return None;
    };
    Some(Processors {
        busy: (user + nice + system + irq + softirq) / 100.0,
        stolen: stolen / 100.0,
        count: count as f64,
    })
}

fn load(before: Processors, after: Processors, own: f64, elapsed: f64) -> Vec<String> {
    let mut warnings = Vec::new();
    let others = (after.busy - before.busy - own) / elapsed;
    if others > OTHER_LOAD {
        warnings.push(format!(
            "other programs used {others:.1} of {} processors in the meantime",
            after.count
        ));
    }
    let stolen = (after.stolen - before.stolen) / elapsed / after.count;
    if stolen > STOLEN {
        warnings.push(format!(
            "the hypervisor took away {:.0} % of the processor time in the meantime",
            stolen * 100.0
        ));
    }
    warnings
}

/// The frequency governor, when it lets the clock vary.
fn governor() -> Option<String> {
    let path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    let governor = fs::read_to_string(path).ok()?;
    let governor = governor.trim();
    (governor != "performance").then(|| {
        format!(
            "the processor's frequency governor is `{governor}`: \
             `cpupower frequency-set -g performance` makes times steadier"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::statistics::median_estimate;

    const STAT: &str = "cpu  100 20 30 4000 5 6 7 8 0 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 1\n";

    #[test]
    fn other_load_is_noticed() {
        let before = parse_stat(STAT).unwrap();
        assert_eq!(
            (before.busy, before.stolen, before.count),
            (1.63, 0.08, 2.0)
        );
        let mut after = before;
        after.busy += 3.0;
        assert!(load(before, after, 2.9, 2.0).is_empty());
        let warnings = load(before, after, 1.0, 2.0);
        assert!(warnings[0].contains("1.0 of 2 processors"), "{warnings:?}");
        after.stolen += 1.0;
        let warnings = load(before, after, 3.0, 2.0);
        assert!(warnings[0].contains("25 %"), "{warnings:?}");
        assert!(parse_stat("cpu  1 2").is_none());
    }

    #[test]
    fn samples_are_judged() {
        let judge = |samples: &[f64]| of_samples("it", samples, &median_estimate(samples));
        assert_eq!(judge(&[1.0, 1.01, 1.0, 0.99, 1.0, 1.01, 1.0, 1.0]), None);
        assert!(judge(&[0.001; 8]).unwrap().contains("1.00 ms"));
        assert!(judge(&[1.0, 2.0, 1.0, 2.0]).unwrap().contains("--runs"));
        let wide: Vec<_> = (0..1000).map(|i| 1.0 + f64::from(i) / 5000.0).collect();
        assert!(judge(&wide).unwrap().contains("middle half"));
    }
}
