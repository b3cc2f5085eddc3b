//! What does a program spend its time on? Asked from outside, many times a second.
//!
//! The program and what confines it are as in any other run: nothing in it takes part. The kernel
//! takes samples ([`perf`]), or, where it refuses that, this process does as a debugger ([`trace`]).
//! Stacks are followed by frame pointers, which all code of ours has.

mod firefox;
mod flame_graph;
mod folded;
mod model;
mod perf;
mod pprof;
mod trace;
mod watch;

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, anyhow};
use wasmc_compiler::symbolize::ExecutableSymbols;

use crate::args::{ProfileFormat, ProfileMethod};
use crate::exec::{Child, Launch};
use crate::report::{Failure, Report};
use model::Profile;

/// Most samples that are kept: a day at 1 kHz would be more.
const MAX_SAMPLES: usize = 50_000_000;

/// What was seen of a run.
#[derive(Debug)]
struct Recording {
    /// By what means.
    method: &'static str,
    /// Samples, in the order of time.
    samples: Vec<Sample>,
    /// Mappings of code: offset in the file, bytes, address.
    mappings: Vec<(u64, u64, u64)>,
    /// Samples that there was no room for.
    lost: u64,
    /// How the program ended.
    status: ExitStatus,
}

/// What a thread was doing at a time.
#[derive(Clone, Debug)]
struct Sample {
    /// The thread's number.
    thread: u32,
    /// Nanoseconds, by a clock that counts from anywhere.
    time: u64,
    /// For how many nanoseconds of processor time it stands.
    weight: u64,
    /// Whether the kernel worked for the thread.
    in_kernel: bool,
    /// The instruction, and return addresses from the inside out.
    stack: Vec<u64>,
}

/// Runs a program, with samples taken of it `rate` times a second; how it ended. The profile is in
/// the form that `format` says, for whoever writes files.
pub fn run(
    launch: &Launch<'_>,
    executable: &[u8],
    (name, rate): (&str, u32),
    (method, format): (ProfileMethod, ProfileFormat),
    report: &Report,
) -> Result<(Vec<u8>, ExitStatus), Failure> {
    let symbols = ExecutableSymbols::read(executable).map_err(|error| anyhow!("{error}"));
    let symbols = symbols.context("failed to read the symbols of the program")?;
    let started = SystemTime::now();
    let start = Instant::now();
    let recording = record(launch, rate, method)?;
    let wall = start.elapsed();
    let interval = 1_000_000_000 / u64::from(rate);
    let profile = Profile::new(&recording, &symbols, name, interval, (started, wall));
    report.detail(|| {
        let samples = recording.samples.len();
        let seconds = profile.total() as f64 / 1e9;
        let (method, wall) = (recording.method, wall.as_secs_f64());
        format!("{samples} samples by {method}: {seconds:.3} s of processor time in {wall:.3} s")
    });
    if recording.lost > 0 {
        report.note(&format!(
            "{} samples were lost: the machine is too busy for {rate} a second",
            recording.lost
        ));
    }
    let bytes = match format {
        ProfileFormat::Folded => folded::write(&profile),
        ProfileFormat::FlameGraph => flame_graph::write(&profile),
        ProfileFormat::Firefox => firefox::write(&profile),
        ProfileFormat::Pprof => pprof::write(&profile),
    };
    Ok((bytes, recording.status))
}

fn record(launch: &Launch<'_>, rate: u32, method: ProfileMethod) -> Result<Recording, Failure> {
    let mut child = launch.spawn().context("failed to start a process")?;
    let mut refusals = Vec::new();
    if method != ProfileMethod::Ptrace {
        match perf::Sampler::new(child.pid, rate) {
            Ok(sampler) => return finish(sampler.run(&mut child), &mut child),
            Err(error) => refusals.push(format!("perf_event_open: {}", describe(&error))),
        }
    }
    if method != ProfileMethod::Perf {
        match trace::Sampler::new(child.pid, rate) {
            Ok(sampler) => return finish(sampler.run(&mut child), &mut child),
            Err(error) => refusals.push(format!("ptrace: {}", describe(&error))),
        }
    }
    // Dropped before it was started, the child ends without having become the program.
    drop(child);
    let refusals = refusals.join("; ");
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    let paranoid = paranoid.unwrap_or_default();
    let hint = match paranoid.trim().parse::<i32>() {
        Ok(level) if level > 2 => format!(
            "kernel.perf_event_paranoid is {level}; 2 and less let programs be profiled: \
             `sysctl kernel.perf_event_paranoid=2`"
        ),
        _ => {
            "in a container, `--cap-add SYS_PTRACE` or `--cap-add PERFMON` may allow it".to_owned()
        }
    };
    let error = anyhow!("the kernel refuses to let programs be watched ({refusals})");
    Err(Failure::from(error.context("failed to profile the program")).hint(hint))
}

/// The recording, unless the program did not even start.
fn finish(recording: io::Result<Recording>, child: &mut Child) -> Result<Recording, Failure> {
    let recording = recording.context("failed to profile the program")?;
    match child.failure() {
        Some(error) => Err(anyhow::Error::new(error)
            .context("failed to run the program")
            .into()),
        None => Ok(recording),
    }
}

/// The error without its number.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// How a process ended, if the system call says that it has.
fn status_of(raw: libc::c_int) -> Option<ExitStatus> {
    (libc::WIFEXITED(raw) || libc::WIFSIGNALED(raw)).then(|| ExitStatus::from_raw(raw))
}

/// How long a period is.
fn period(rate: u32) -> Duration {
    Duration::from_nanos(1_000_000_000 / u64::from(rate))
}
