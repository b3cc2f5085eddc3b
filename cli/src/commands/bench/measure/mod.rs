//! What one run of a program takes: time, processor time, peak memory.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context as _, anyhow};

/// How a program is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable; looked for on the PATH when it has no slash.
    pub program: PathBuf,
    /// The name that it sees, when that is not `program`.
    pub argv0: Option<OsString>,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Environment variables besides those of this process.
    pub env: Vec<(OsString, OsString)>,
}

/// What a run took and did.
#[derive(Debug)]
pub struct Run {
    /// Seconds from before the process was made until it was waited for.
    pub wall: f64,
    /// Seconds of processor time, of the program, of those it waited for, and of the kernel for
    /// them; zero for a traced run.
    pub cpu: f64,
    /// Bytes that were resident at the most; exact for a traced run only (see [`run_traced`]).
    pub resident: u64,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it printed to standard error.
    pub stderr: Vec<u8>,
}

impl Run {
    /// An error that tells how the program ended, unless it succeeded.
    pub fn success(&self) -> anyhow::Result<()> {
        if self.status.success() {
            return Ok(());
        }
        let mut error = anyhow!("it ended with {}", self.status);
        let stderr = String::from_utf8_lossy(&self.stderr);
        let last: Vec<_> = stderr.trim_end().lines().rev().take(8).collect();
        if last.iter().any(|line| !line.is_empty()) {
            let tail: Vec<_> = last.into_iter().rev().collect();
            error = anyhow!("{}", tail.join("\n")).context(error.to_string());
        }
        Err(error)
    }
}

/// Runs a program to its end.
pub fn run(launch: &Launch, stdin: Option<&Path>) -> anyhow::Result<Run> {
    let mut streams = Streams::open()?;
    let mut command = streams.command(launch, stdin)?;
    let start = Instant::now();
    let child = command.spawn().with_context(|| not_started(launch))?;
    let (status, usage) = wait(&child)?;
    let wall = start.elapsed().as_secs_f64();
    let [stdout, stderr] = streams.read()?;
    Ok(Run {
        wall,
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        // The kernel counts in units of 1024 bytes.
        resident: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
        status,
        stdout,
        stderr,
    })
}

/// Runs a program to its end, and reads how much memory it had at the most while it is stopped at
/// its exit, by ptrace: what `wait4` tells begins with what *this* process had when it made the new
/// one (the kernel counts a process's peak from before `execve`). `None` where ptrace is forbidden;
/// the program may have run nevertheless.
pub fn run_traced(launch: &Launch, stdin: Option<&Path>) -> anyhow::Result<Option<Run>> {
    let mut streams = Streams::open()?;
    let mut command = streams.command(launch, stdin)?;
    // SAFETY: between fork and exec, the closure only makes one system call.
    unsafe { command.pre_exec(trace_me) };
    let start = Instant::now();
    let child = match command.spawn() {
        // What `trace_me` fails with.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        child => child.with_context(|| not_started(launch))?,
    };
    let Ok((status, Some(resident))) = trace(&child) else {
        // SAFETY: the process is stopped or has not been waited for, unless it is gone: ESRCH.
        unsafe { libc::kill(pid(&child), libc::SIGKILL) };
        let _ = wait(&child);
        return Ok(None);
    };
    let wall = start.elapsed().as_secs_f64();
    let [stdout, stderr] = streams.read()?;
    Ok(Some(Run {
        wall,
        cpu: 0.0,
        resident,
        status,
        stdout,
        stderr,
    }))
}

/// Lets the parent trace this process, from the next `execve` on.
fn trace_me() -> io::Result<()> {
    // SAFETY: this request has no arguments.
    match unsafe { libc::ptrace(libc::PTRACE_TRACEME) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Follows a traced process to its end: how it ended, and its peak memory.
fn trace(child: &Child) -> io::Result<(ExitStatus, Option<u64>)> {
    let pid = pid(child);
    let (mut peak, mut signal) = (None, 0);
    let mut status = wait_traced(pid)?;
    if libc::WIFSTOPPED(status) {
        let options = libc::PTRACE_O_TRACEEXIT | libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_EXITKILL;
        request(libc::PTRACE_SETOPTIONS, pid, options)?;
    }
    while libc::WIFSTOPPED(status) {
        request(libc::PTRACE_CONT, pid, signal)?;
        status = wait_traced(pid)?;
        let event = status >> 16;
        if libc::WIFSTOPPED(status) && event == libc::PTRACE_EVENT_EXIT {
            peak = high_water_mark(pid);
        }
        // Signals are the program's; events are ours.
        signal = match event {
            0 => libc::WSTOPSIG(status),
            _ => 0,
        };
    }
    Ok((ExitStatus::from_raw(status), peak))
}

fn request(request: libc::c_uint, pid: libc::pid_t, data: libc::c_int) -> io::Result<()> {
    let no_address = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the requests used here read `data` as a number and no memory of ours.
    match unsafe { libc::ptrace(request, pid, no_address, data as libc::c_long) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn wait_traced(pid: libc::pid_t) -> io::Result<libc::c_int> {
    loop {
        let mut status = 0;
        // SAFETY: `status` is ours for the time of the call.
        if unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) } == pid {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// `VmHWM`, in bytes.
fn high_water_mark(pid: libc::pid_t) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn pid(child: &Child) -> libc::pid_t {
    child.id().try_into().expect("process ids are positive")
}

/// Waits for a process that nothing else waits for.
fn wait(child: &Child) -> anyhow::Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both places are ours for the time of the call.
        let done = unsafe { libc::wait4(pid(child), &raw mut status, 0, usage.as_mut_ptr()) };
        if done == pid(child) {
            // SAFETY: all zeroes are a valid `rusage`, and the kernel has filled it in.
            return Ok((ExitStatus::from_raw(status), unsafe { usage.assume_init() }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(anyhow::Error::new(error).context("failed to wait for a program"));
        }
    }
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// Processor time of this process and of all that it waited for, in seconds.
pub fn own_cpu() -> f64 {
    [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN]
        .into_iter()
        .map(|who| {
            let mut usage = MaybeUninit::<libc::rusage>::zeroed();
            // SAFETY: the place is ours for the time of the call.
            unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
            // SAFETY: all zeroes are a valid `rusage`.
            let usage = unsafe { usage.assume_init() };
            seconds(usage.ru_utime) + seconds(usage.ru_stime)
        })
        .sum()
}

fn not_started(launch: &Launch) -> String {
    format!("failed to start `{}`", launch.program.display())
}

/// Files in memory that take what a program prints: unlike a pipe they never make it wait.
struct Streams([File; 2]);

impl Streams {
    fn open() -> anyhow::Result<Streams> {
        let open = || {
            rustix::fs::memfd_create("wasmc-bench", rustix::fs::MemfdFlags::CLOEXEC)
                .map(File::from)
                .context("failed to create a file in memory")
        };
        Ok(Streams([open()?, open()?]))
    }

    fn command(&self, launch: &Launch, stdin: Option<&Path>) -> anyhow::Result<Command> {
        let mut command = Command::new(&launch.program);
        if let Some(argv0) = &launch.argv0 {
            command.arg0(argv0);
        }
        let stdin = match stdin {
            Some(path) => File::open(path)
                .with_context(|| format!("failed to read `{}`", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        let handle = |file: &File| file.try_clone().context("failed to duplicate a descriptor");
        command
            .args(&launch.args)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(handle(&self.0[0])?)
            .stderr(handle(&self.0[1])?);
        Ok(command)
    }

    fn read(&mut self) -> anyhow::Result<[Vec<u8>; 2]> {
        let mut contents = [Vec::new(), Vec::new()];
        for (file, content) in self.0.iter_mut().zip(&mut contents) {
            file.rewind()
                .and_then(|()| file.read_to_end(content))
                .context("failed to read what a program printed")?;
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests;
