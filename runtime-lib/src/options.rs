//! The options of the running program: those that were baked in, then those of `WASMC_OPTIONS`.

use crate::output;
use crate::start::{Process, program};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};
use wasmc_abi::layout::program_flags;
use wasmc_abi::options::{MAX_BYTES, OptionError, Options, RunOption, VARIABLE, decode_variable};

/// Auxiliary vector entry: the program runs with more rights than its user has.
const AT_SECURE: usize = 23;

/// The decoded words of the environment variable.
struct Words(UnsafeCell<[u8; MAX_BYTES]>);

// SAFETY: the words are written once at start, before any thread or reader exists.
unsafe impl Sync for Words {}

static WORDS: Words = Words(UnsafeCell::new([0; MAX_BYTES]));
/// Apart from the words, with the data that every program touches.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static WORDS_LEN: AtomicUsize = AtomicUsize::new(0);

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
    if let Some(error) = all_options().find_map(Result::err) {
        invalid(error);
    }
}

/// The options, in the order in which they were given. [`init`] has made sure that they are valid.
pub fn run_options() -> impl Iterator<Item = RunOption<'static>> + Clone {
    all_options().filter_map(Result::ok)
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
