//! `wasmc bench`: how fast a module is, beside other ways to run it.
//!
//! Everything is compiled beforehand. Then the contenders take turns, round by round, each round
//! beginning with another one and every second one going backwards, so that a change of the
//! machine's mood hits all of them, and nobody always runs behind the same one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow};

use crate::args::bench::BenchArgs;
use crate::commands::bench::contender::Contender;
use crate::commands::bench::measure::{Run, run, run_traced};
use crate::commands::bench::measurement::{Baseline, Measured, Measurement, machine};
use crate::commands::bench::noise::Watch;
use crate::commands::bench::statistics::median_estimate;
use crate::output;
use crate::report::{Failure, Progress, Report};

mod contender;
mod engines;
mod measure;
mod measurement;
mod noise;
mod render;
mod statistics;

/// Without `--runs`, as many rounds as take this many seconds for each contender on average.
const SECONDS: f64 = 3.0;
/// But not fewer than this many,
const FEWEST_ROUNDS: f64 = 10.0;
/// and not more.
const MOST_ROUNDS: f64 = 200.0;

/// Measures a module.
pub fn execute(args: &BenchArgs, report: &Report) -> Result<(), Failure> {
    if args.fail_if_slower_than.is_some() && args.baseline.is_none() && args.against.is_empty() {
        return Err(Failure::usage(
            "`--fail-if-slower-than` has nothing to compare with".to_owned(),
        )
        .hint("pass `--baseline FILE` or `--against WHAT`"));
    }
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?;
    let folder = tempfile::Builder::new()
        .prefix("wasmc-bench-")
        .tempdir()
        .context("failed to make a temporary folder")?;
    let contenders = contender::prepare(args, report, folder.path())?;

    let watch = Watch::start();
    let measured = measure_all(args, report, contenders)?;
    let mut measurement = Measurement {
        module: measured[0].contender.name.clone(),
        arguments: args
            .arguments
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        machine: machine(),
        measure: args.measure,
        warmup: args.warmup.get(),
        warnings: watch.warnings(),
        measured,
        comparisons: Vec::new(),
    };
    for measured in &measurement.measured {
        let median = median_estimate(&measured.wall);
        let warning = noise::of_samples(&measured.contender.name, &measured.wall, &median);
        measurement.warnings.extend(warning);
    }
    measurement.compare();
    if let Some(baseline) = &baseline {
        measurement.compare_with_baseline(baseline);
    }
    output::print(&render::render(&measurement, args.format))?;
    judge(args, &measurement)?;
    if let Some(path) = &args.save_baseline {
        let text = format!("{:#}\n", measurement.json());
        output::replace(path, text.as_bytes(), 0o644)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

/// Fails when the module is slower than `--fail-if-slower-than` allows.
fn judge(args: &BenchArgs, measurement: &Measurement) -> Result<(), Failure> {
    let Some(allowed) = args.fail_if_slower_than else {
        return Ok(());
    };
    // The baseline is the last comparison.
    let comparison = match args.baseline {
        Some(_) => measurement.comparisons.last(),
        None => measurement.comparisons.first(),
    };
    let comparison = comparison.expect("there is a baseline or a contender");
    let ratio = &comparison.ratio;
    if ratio.value <= 1.0 + allowed || ratio.low <= 1.0 {
        return Ok(());
    }
    Err(Failure::slower(format!(
        "`{}` takes {} times the {} of `{}`, more than {:.3}",
        measurement.module,
        render::ratio(ratio),
        measurement.measure.text(),
        comparison.with,
        1.0 + allowed,
    )))
}

/// Runs all contenders in turn: the checking run, the other warm-up runs, the measured ones.
fn measure_all(
    args: &BenchArgs,
    report: &Report,
    contenders: Vec<Contender>,
) -> Result<Vec<Measured>, Failure> {
    let session = Session {
        stdin: args.stdin.as_deref(),
        prepare: args.prepare.as_deref(),
    };
    let mut measured: Vec<Measured> = Vec::with_capacity(contenders.len());
    let mut progress = report.progress();
    let mut expected: Option<Vec<u8>> = None;
    let mut seconds = 0.0;
    for contender in contenders {
        progress.show(0.0, &format!("checking {}", contender.name));
        let run = session.check(&contender)?;
        seconds += run.wall;
        let expected = expected.get_or_insert_with(|| run.stdout.clone());
        let reference = measured.first().map_or("", |first| &first.contender.name);
        if !args.ignore_output {
            same_output(&contender, &run, reference, expected)?;
        }
        measured.push(Measured {
            contender,
            wall: Vec::new(),
            cpu: Vec::new(),
            peak_memory: run.resident,
        });
    }
    let expected = expected.expect("the module itself was run");
    let rounds = match args.runs {
        Some(runs) => runs.get(),
        None => {
            (SECONDS * measured.len() as f64 / seconds).clamp(FEWEST_ROUNDS, MOST_ROUNDS) as usize
        }
    };
    // The check was the first warm-up run.
    let warmup = args.warmup.get() - 1;
    let count = measured.len();
    let subject = measured[0].contender.name.clone();
    for round in 0..warmup + rounds {
        for place in 0..count {
            let done = (round * count + place) as f64 / ((warmup + rounds) * count) as f64;
            let one = &mut measured[whose_turn(round, place, count)];
            progress.show(done, &one.contender.name);
            let run = session.run(&one.contender)?;
            if !args.ignore_output {
                same_output(&one.contender, &run, &subject, &expected)?;
            }
            if round >= warmup {
                one.wall.push(run.wall);
                one.cpu.push(run.cpu);
            }
        }
    }
    drop::<Progress>(progress);
    Ok(measured)
}

/// Which of `count` contenders runs at this place of a round. Each round begins with another one,
/// and every second one goes backwards: what a program leaves in the caches must not always meet the
/// same one.
fn whose_turn(round: usize, place: usize, count: usize) -> usize {
    let place = match round % 2 {
        0 => place,
        _ => count - 1 - place,
    };
    (round / 2 + place) % count
}

/// What all runs have in common.
struct Session<'a> {
    stdin: Option<&'a Path>,
    prepare: Option<&'a std::ffi::OsStr>,
}

impl Session<'_> {
    /// A run that must succeed.
    fn run(&self, contender: &Contender) -> anyhow::Result<Run> {
        self.before_each()?;
        let run = run(&contender.launch, self.stdin)?;
        run.success().with_context(|| failed(contender))?;
        Ok(run)
    }

    /// The same with the exact peak memory, as far as the system allows.
    fn check(&self, contender: &Contender) -> anyhow::Result<Run> {
        self.before_each()?;
        let Some(run) = run_traced(&contender.launch, self.stdin)? else {
            return self.run(contender);
        };
        run.success().with_context(|| failed(contender))?;
        Ok(run)
    }

    fn before_each(&self) -> anyhow::Result<()> {
        let Some(prepare) = self.prepare else {
            return Ok(());
        };
        let shown = || format!("`{}`", prepare.to_string_lossy());
        let done = Command::new("sh")
            .arg("-c")
            .arg(prepare)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .with_context(|| format!("failed to run {}", shown()))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr).trim_end().to_owned();
        Err(anyhow!(said).context(format!("{} ended with {}", shown(), done.status)))
    }
}

fn failed(contender: &Contender) -> String {
    format!("`{}` failed", contender.name)
}

/// Fails when a program does not print what the module did at first.
fn same_output(
    contender: &Contender,
    run: &Run,
    reference: &str,
    expected: &[u8],
) -> Result<(), Failure> {
    if run.stdout == expected {
        return Ok(());
    }
    let name = &contender.name;
    let title = if *name == reference {
        format!("`{name}` does not print the same each time")
    } else {
        format!("`{name}` does not print the same as `{reference}`")
    };
    let failure = anyhow!(first_difference(expected, &run.stdout)).context(title);
    Err(Failure::from(failure).hint("`--ignore-output` measures all the same"))
}

/// Where two outputs part, and what stands there.
fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let same = expected.iter().zip(actual).take_while(|(a, b)| a == b);
    let at = same.count();
    let line = 1 + expected[..at].iter().filter(|&&byte| byte == b'\n').count();
    let start = expected[..at]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |end| end + 1)
        // Of a long line, the part around the difference.
        .max(at.saturating_sub(20));
    let excerpt = |bytes: &[u8]| match &bytes[start..] {
        [] => "the end".to_owned(),
        rest => {
            let line = rest.split(|&byte| byte == b'\n').next().unwrap_or(rest);
            let line = &line[..line.len().min(60)];
            format!("`{}`", line.escape_ascii())
        }
    };
    format!(
        "line {line}, byte {at}: expected {}, got {}",
        excerpt(expected),
        excerpt(actual)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_always_follows_the_same_one() {
        for count in 2..6 {
            let mut all = Vec::new();
            for round in 0..4 * count {
                let turns = (0..count).map(|place| whose_turn(round, place, count));
                let mut sorted: Vec<_> = turns.clone().collect();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..count), "each has one turn");
                all.extend(turns);
            }
            for one in 0..count {
                let before: Vec<_> = all
                    .windows(2)
                    .filter(|pair| pair[1] == one)
                    .map(|pair| pair[0])
                    .collect();
                for other in 0..count {
                    let times = before.iter().filter(|&&it| it == other).count();
                    assert!(
                        5 * times <= 4 * before.len(),
                        "{one} of {count} follows {other} in {times} of {} turns",
                        before.len()
                    );
                }
            }
        }
    }

    #[test]
    fn the_first_difference_is_shown() {
        let text = first_difference(b"one\ntwo\nthree\n", b"one\ntwice\n");
        assert_eq!(text, "line 2, byte 6: expected `two`, got `twice`");
        let text = first_difference(b"one\n", b"one\nmore");
        assert_eq!(text, "line 2, byte 4: expected the end, got `more`");
        let long = [b'a'; 100];
        let text = first_difference(&long, &[&long[..], b"\xff"].concat());
        assert!(text.ends_with(r"got `aaaaaaaaaaaaaaaaaaaa\xff`"), "{text}");
    }
}
