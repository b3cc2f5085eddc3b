//! What goes to standard error: failures, phases, progress, bugs.
//!
//! Security: messages quote names of modules, sources and images, whose authors are not trusted. What
//! could move a terminal's cursor or give it orders is escaped here, once, for every message
//! ([`plain`]); only colors and the line of progress, which are ours, are written as they are.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasmc_compiler::Phase;
use wasmc_image::registry::Meter;

use crate::args::Color;
use crate::environment;

/// How long a compilation is silent on a terminal.
const SILENCE: Duration = Duration::from_secs(1);
/// Characters of a progress bar.
const BAR_WIDTH: usize = 24;

/// How often progress is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    kind: FailureKind,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FailureKind {
    /// Bad input, or a file that cannot be read or written.
    Input,
    /// A command line that cannot mean anything.
    Usage,
    /// A program that is slower than was allowed.
    Slower,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure {
            error,
            hint: None,
            kind: FailureKind::Input,
        }
    }
}

impl From<wasmc_image::Error> for Failure {
    fn from(error: wasmc_image::Error) -> Failure {
        let hint = error.hint().map(str::to_owned);
        Failure {
            error: error.into(),
            hint,
            kind: FailureKind::Input,
        }
    }
}

impl Failure {
    /// The same failure, while doing what `context` says.
    pub fn context(self, context: String) -> Failure {
        Failure {
            error: self.error.context(context),
            ..self
        }
    }

    /// A failure to do what `context` says.
    pub fn compiler(context: String, error: &wasmc_compiler::Error) -> Failure {
        let mut chain = anyhow::Error::msg(error.to_string());
        if let Some(location) = error.location() {
            chain = chain.context(location.to_string());
        }
        Failure {
            error: chain.context(context),
            hint: error.hint().map(str::to_owned),
            kind: FailureKind::Input,
        }
    }

    /// A command line that is wrong in a way that clap does not see.
    pub fn usage(message: String) -> Failure {
        Failure {
            error: anyhow::Error::msg(message),
            hint: None,
            kind: FailureKind::Usage,
        }
    }

    /// A program that is slower than was allowed.
    pub fn slower(message: String) -> Failure {
        Failure {
            error: anyhow::Error::msg(message),
            hint: None,
            kind: FailureKind::Slower,
        }
    }

    /// The same failure, with what the user can do.
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The whole text, lines ended.
    fn render(&self, paint: Paint) -> String {
        let error = plain(&self.error.to_string());
        let mut text = format!("{}: {error}\n", paint.error("error"));
        let causes: Vec<_> = self.error.chain().skip(1).collect();
        if !causes.is_empty() {
            text.push_str("\nCaused by:\n");
        }
        for (index, cause) in causes.iter().enumerate() {
            let number = match causes.len() {
                1 => String::new(),
                _ => format!("{index}: "),
            };
            let indent = " ".repeat(4 + number.len());
            for (at, line) in plain(&cause.to_string()).lines().enumerate() {
                let start = if at == 0 {
                    &format!("    {number}")
                } else {
                    &indent
                };
                writeln!(text, "{}", format!("{start}{line}").trim_end())
                    .expect("a String takes all");
            }
        }
        if let Some(hint) = &self.hint {
            let hint = plain(hint);
            write!(text, "\n{}: {hint}\n", paint.hint("hint")).expect("a String takes all");
        }
        text
    }
}

/// The text with every character escaped that would be an order to a terminal, or would make it show
/// the text in another order; lines and tabs stay.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => plain.push(c),
            c if c.is_control() || reorders(c) => plain.extend(c.escape_unicode()),
            c => plain.push(c),
        }
    }
    plain
}

/// A name: as [`plain`], on one line.
pub fn on_one_line(name: &str) -> String {
    plain(name).replace('\n', "\\u{a}").replace('\t', "\\u{9}")
}

/// Whether a character changes the direction of others (Unicode's bidirectional controls).
fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes to standard error as the flags say.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    paint: Paint,
    verbose: bool,
}

impl Report {
    /// A report as the command line wants it.
    pub fn new(color: Color, verbose: bool) -> Report {
        Report {
            paint: Paint::new(color),
            verbose,
        }
    }

    /// Whether `-v` was given.
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Prints a failure; the exit status that belongs to it.
    pub fn failure(&self, failure: &Failure) -> ExitCode {
        print(&failure.render(self.paint));
        ExitCode::from(match failure.kind {
            FailureKind::Input => 1,
            FailureKind::Usage => 2,
            FailureKind::Slower => 3,
        })
    }

    /// Prints what the user may not have meant, or may not know.
    pub fn note(&self, text: &str) {
        print(&format!("{}: {}\n", self.paint.hint("note"), plain(text)));
    }

    /// Prints what the user should know although nothing failed.
    pub fn warnings<'w>(&self, warnings: impl IntoIterator<Item = &'w String>) {
        for warning in warnings {
            let warning = plain(warning);
            print(&format!("{}: {warning}\n", self.paint.hint("warning")));
        }
    }

    /// Prints a line with `-v`.
    pub fn detail(&self, line: impl FnOnce() -> String) {
        if self.verbose {
            print(&format!("{}\n", plain(&line())));
        }
    }

    /// A bar for work of many steps, on a terminal only.
    pub fn progress(&self) -> Progress {
        Progress {
            start: Instant::now(),
            is_terminal: io::stderr().is_terminal(),
            is_shown: false,
        }
    }

    /// Prints how long each phase took.
    pub fn phases(&self, phases: &[Phase], total: Duration) {
        let width = phases.iter().map(|phase| phase.name.len()).max();
        let width = width.unwrap_or(0).max("total".len());
        let mut text = String::new();
        let rows = phases.iter().map(|phase| (phase.name, phase.wall));
        for (name, wall) in rows.chain([("total", total)]) {
            let milliseconds = wall.as_secs_f64() * 1e3;
            writeln!(text, "{name:width$}  {milliseconds:>10.2} ms").expect("a String takes all");
        }
        print(&text);
    }

    /// Does the work; when that takes long and a person watches, shows how far it is.
    pub fn with_meter<T>(&self, doing: &str, meter: &Meter, work: impl FnOnce() -> T) -> T {
        if !io::stderr().is_terminal() {
            return work();
        }
        let doing = &plain(doing);
        thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            scope.spawn(move || {
                let mut wait = SILENCE;
                let mut shown = false;
                while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    print(&format!("\r\x1b[K{doing} {}", progress(meter)));
                    wait = REDRAW;
                    shown = true;
                }
                if shown {
                    print("\r\x1b[K");
                }
            });
            let result = work();
            drop(done);
            result
        })
    }

    /// Does the work; when that takes long and a person watches, says what is being done.
    pub fn with_progress<T>(&self, doing: &str, work: impl FnOnce() -> T) -> T {
        if !io::stderr().is_terminal() {
            return work();
        }
        let doing = &plain(doing);
        thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            scope.spawn(move || {
                if is_done.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                    print(&format!("{doing} ..."));
                    // Nothing is ever sent: this returns when the work is over.
                    let _ = is_done.recv();
                    print("\r\x1b[K");
                }
            });
            let result = work();
            drop(done);
            result
        })
    }
}

/// `12% of 45.6 MiB`, once there is something to move.
fn progress(meter: &Meter) -> String {
    match meter.read() {
        (_, 0) => "...".to_owned(),
        (done, total) => {
            let mebibytes = total as f64 / f64::from(1 << 20);
            let percent = done.saturating_mul(100) / total;
            format!("{percent:3}% of {mebibytes:.1} MiB")
        }
    }
}

/// Says how far work is, once that took a second; the line goes when this is dropped.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    is_terminal: bool,
    is_shown: bool,
}

impl Progress {
    /// Shows the share that is done, and what is being done.
    pub fn show(&mut self, done: f64, doing: &str) {
        let elapsed = self.start.elapsed();
        if !self.is_terminal || elapsed < SILENCE {
            return;
        }
        self.is_shown = true;
        print(&progress_line(done, doing, elapsed));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            print("\r\x1b[K");
        }
    }
}

/// Replaces the line that the cursor is in by a bar.
fn progress_line(done: f64, doing: &str, elapsed: Duration) -> String {
    let filled = (done.clamp(0.0, 1.0) * BAR_WIDTH as f64) as usize;
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(BAR_WIDTH - filled));
    let left = match done > 0.0 {
        true => {
            let seconds = elapsed.as_secs_f64() * (1.0 - done) / done;
            format!(", {seconds:.0} s left")
        }
        false => String::new(),
    };
    let doing = plain(doing);
    format!("\r\x1b[K[{bar}] {:3.0} %{left}: {doing}", done * 100.0)
}

/// Colors, or none.
#[derive(Clone, Copy, Debug)]
struct Paint(bool);

impl Paint {
    fn new(color: Color) -> Paint {
        Paint(match color {
            Color::Auto => !environment::no_color() && io::stderr().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        })
    }

    fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn hint(self, text: &str) -> String {
        self.paint("1;36", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Makes a panic say that it is a bug, once, whatever thread panics.
pub fn set_panic_hook(color: Color) {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    let paint = Paint::new(color);
    panic::set_hook(Box::new(move |info| {
        if !REPORTED.swap(true, Ordering::Relaxed) {
            let message = info.payload_as_str().unwrap_or("(no message)");
            let place = info
                .location()
                .map_or_else(String::new, ToString::to_string);
            print(&render_panic(message, &place, paint));
        }
    }));
}

fn render_panic(message: &str, place: &str, paint: Paint) -> String {
    let mut text = format!(
        "{}: this is a bug in wasmc {}\n\nCaused by:\n",
        paint.error("error"),
        env!("CARGO_PKG_VERSION"),
    );
    for line in plain(message)
        .lines()
        .chain([format!("at {place}").as_str()])
    {
        writeln!(text, "    {line}").expect("a String takes all");
    }
    let hint = "please report it with the command line and the module";
    write!(text, "\n{}: {hint}\n", paint.hint("hint")).expect("a String takes all");
    text
}

/// Prints a line of the log. What stands in it may come from a module: nothing of it controls the
/// terminal.
pub fn log_line(line: &str) {
    let mut text = String::with_capacity(line.len() + 1);
    for c in line.chars() {
        match c.is_control() {
            true => text.extend(c.escape_debug()),
            false => text.push(c),
        }
    }
    text.push('\n');
    print(&text);
}

/// Nothing can be done when standard error itself fails.
fn print(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_says_that_it_is_one() {
        let text = render_panic("first\nsecond", "file.rs:1:2", Paint(false));
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!(
            "error: this is a bug in wasmc {version}\n\nCaused by:\n    first\n    second\n    \
             at file.rs:1:2\n\nhint: please report it with the command line and the module\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn no_message_gives_a_terminal_orders() {
        let hostile = "a\x1b]0;title\x07b\u{9b}2Jc\rd\u{202e}e\x7f\tf";
        let escaped = "a\\u{1b}]0;title\\u{7}b\\u{9b}2Jc\\u{d}d\\u{202e}e\\u{7f}\tf";
        let failure = Failure::from(anyhow::anyhow!(hostile).context(hostile).context(hostile));
        let text = failure.hint(hostile).render(Paint(false));
        assert_eq!(text.matches(escaped).count(), 4, "{text:?}");
        let bug = render_panic(hostile, "here", Paint(false));
        let line = progress_line(0.5, hostile, Duration::from_secs(2));
        for text in [&text, &bug, line.trim_start_matches("\r\x1b[K")] {
            let orders = |c: char| c != '\n' && c != '\t' && (c.is_control() || reorders(c));
            assert!(!text.contains(orders), "{text:?}");
        }
        // Our own colors stay.
        let colored = Failure::from(anyhow::anyhow!("x")).render(Paint(true));
        assert!(colored.starts_with("\x1b[1;31merror"), "{colored:?}");
    }

    #[test]
    fn a_bar_fills_up() {
        let line = progress_line(0.25, "app", Duration::from_secs(4));
        assert_eq!(
            line,
            "\r\x1b[K[######------------------] 25 %, 12 s left: app".replace("] 25", "]  25")
        );
    }

    #[test]
    fn causes_are_numbered_when_there_are_several() {
        let one = Failure::from(anyhow::anyhow!("why\nelse").context("what"));
        let text = one.render(Paint(false));
        assert_eq!(text, "error: what\n\nCaused by:\n    why\n    else\n");
        let two = Failure::from(
            anyhow::anyhow!("why\nelse")
                .context("where")
                .context("what"),
        );
        let text = two.hint("do").render(Paint(false));
        let causes = "    0: where\n    1: why\n       else\n";
        assert_eq!(
            text,
            format!("error: what\n\nCaused by:\n{causes}\nhint: do\n")
        );
    }
}
