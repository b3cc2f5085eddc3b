//! The options of the running program: those that were baked in, then those of `WASMC_OPTIONS`.

use crate::boot::image::program;
use crate::boot::process::{AT_SECURE, Process};
use crate::output;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use wasmc_abi::layout::program_flags;
use wasmc_abi::options::{MAX_BYTES, OptionError, Options, RunOption, VARIABLE, decode_variable};

/// The decoded words of the environment variable.
struct Words(UnsafeCell<[u8; MAX_BYTES]>);

// SAFETY: the words are written once at start, before any thread or reader exists.
unsafe impl Sync for Words {}

static WORDS: Words = Words(UnsafeCell::new([0; MAX_BYTES]));
/// Apart from the words, with the data that every program touches.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static WORDS_LEN: AtomicUsize = AtomicUsize::new(0);
/// The [`kinds`] of the options.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static GIVEN: AtomicU8 = AtomicU8::new(0);

/// Reads the environment variable and makes sure that every option is valid, or ends the process.
pub fn init(process: &Process) {
    let sealed = program().flags & program_flags::SEALED != 0;
    if !sealed
        && process.auxiliary(AT_SECURE).unwrap_or(0) == 0
        && let Some(value) = process.variable(VARIABLE)
    {
        // SAFETY: nothing else uses the words yet.
        let words = unsafe { &mut *WORDS.0.get() };
        match decode_variable(value, words) {
            Ok(len) => WORDS_LEN.store(len, Ordering::Relaxed),
            Err(error) => invalid(error),
        }
    }
    let mut given = 0;
    for option in all_options() {
        match option {
            Ok(option) => given |= kind(option),
            Err(error) => invalid(error),
        }
    }
    GIVEN.store(given, Ordering::Relaxed);
}

/// Kinds of options.
pub mod kinds {
    pub const DIR: u8 = 1;
    pub const ENVIRONMENT: u8 = 1 << 1;
    pub const LISTEN: u8 = 1 << 2;
    pub const NET: u8 = 1 << 3;
    /// What [`limits`](crate::limits) sets.
    pub const LIMITS: u8 = 1 << 4;
    pub const CONFINE: u8 = 1 << 5;
}

fn kind(option: RunOption<'_>) -> u8 {
    match option {
        RunOption::Dir { .. } => kinds::DIR,
        RunOption::Env { .. } | RunOption::InheritEnv => kinds::ENVIRONMENT,
        RunOption::Listen { .. } => kinds::LISTEN,
        RunOption::Net => kinds::NET,
        RunOption::Timeout { .. }
        | RunOption::Fuel { .. }
        | RunOption::MaxFileSize(_)
        | RunOption::MaxFds(_) => kinds::LIMITS,
        RunOption::Confine(_) => kinds::CONFINE,
    }
}

/// The options if some are of these [`kinds`], and otherwise none: most programs have none, and
/// then nothing is decoded. In the order in which they were given; [`init`] has made sure that they
/// are valid.
pub fn run_options(of: u8) -> impl Iterator<Item = RunOption<'static>> + Clone {
    let some = (GIVEN.load(Ordering::Relaxed) & of != 0).then(all_options);
    some.into_iter().flatten().filter_map(Result::ok)
}

fn all_options() -> impl Iterator<Item = Result<RunOption<'static>, OptionError<'static>>> + Clone {
    // SAFETY: the compiler has written that many bytes.
    let baked = unsafe { program().options.get::<u8>() };
    let len = WORDS_LEN.load(Ordering::Relaxed);
    // SAFETY: `init` has written that many bytes, and nothing writes them again.
    let given = unsafe { core::slice::from_raw_parts(WORDS.0.get().cast::<u8>(), len) };
    Options::new(baked).chain(Options::new(given))
}

#[cold]
#[inline(never)]
fn invalid(error: OptionError<'_>) -> ! {
    let mut line = output::error();
    line.text("invalid option in WASMC_OPTIONS: ");
    match error {
        OptionError::Unknown(option) => line.text("unknown `").escaped(option).text("`"),
        OptionError::MissingValue(option) => line.text("`").escaped(option).text("` needs a value"),
        OptionError::UnexpectedValue(option) => {
            line.text("`").escaped(option).text("` takes no value")
        }
        OptionError::BadValue {
            option,
            value,
            form,
        } => {
            line.text("`").text(option).text(" ").escaped(value);
            line.text("` is not of the form ").text(form)
        }
        OptionError::TooLong => line.text("too many or too long"),
    };
    line.exit()
}
