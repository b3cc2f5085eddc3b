//! The options of the running program: those that were baked in, then those of `WASMC_OPTIONS`.

use crate::boot::image::program;
use crate::boot::process::{AT_SECURE, Process};
use crate::output;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
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

/// Finds out which options there are: those that were baked in, and those of the environment
/// variable unless the program is sealed.
pub fn init(process: &Process) {
    let read = &program().parts.read_options;
    if !read.is_null() {
        // SAFETY: the compiler has written the address of the function below, so that it is only
        // part of programs that are not sealed; the stack is the process's.
        unsafe { read.function()(process.stack) };
    }
    let mut given = 0;
    for option in all_options() {
        match option {
            Ok(option) => given |= option.kind(),
            // Those of the variable have been looked at.
            Err(_) => output::fail("an option that was baked in is invalid"),
        }
    }
    GIVEN.store(given, Ordering::Relaxed);
}

/// See [`Parts::read_options`](wasmc_abi::layout::Parts::read_options). Makes sure that every option
/// is valid, or ends the process.
///
/// # Safety
/// `stack` must be the stack pointer at the process's entry.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe fn wasmc_read_options(stack: *const usize) {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    if process.auxiliary(AT_SECURE).unwrap_or(0) == 0
        && let Some(value) = process.variable(VARIABLE)
    {
        // SAFETY: nothing else uses the words yet.
        let words = unsafe { &mut *WORDS.0.get() };
        match decode_variable(value, words) {
            Ok(len) => WORDS_LEN.store(len, Ordering::Relaxed),
            Err(error) => invalid(error),
        }
    }
    for option in all_options() {
        if let Err(error) = option {
            invalid(error);
        }
    }
}

/// Whether some options are of these [`kinds`](wasmc_abi::options::kinds).
pub fn given(of: u8) -> bool {
    GIVEN.load(Ordering::Relaxed) & of != 0
}

/// The options if some are of these [`kinds`](wasmc_abi::options::kinds), and otherwise none: most
/// programs have none, and then nothing is decoded. In the order in which they were given; [`init`]
/// has made sure that they are valid.
pub fn run_options(of: u8) -> impl Iterator<Item = RunOption<'static>> + Clone {
    let some = given(of).then(all_options);
    some.into_iter().flatten().filter_map(Result::ok)
}

fn all_options() -> impl Iterator<Item = Parsed> + Clone {
    // SAFETY: the compiler has written that many bytes.
    let baked = unsafe { program().options.get() };
    let len = WORDS_LEN.load(Ordering::Relaxed);
    // SAFETY: `wasmc_read_options` has written that many bytes, and nothing writes them again.
    let given = unsafe { core::slice::from_raw_parts(WORDS.0.get().cast::<u8>(), len) };
    AllOptions {
        baked: Options::new(baked),
        given: Options::new(given),
    }
}

/// An option, or what is wrong with it.
type Parsed = Result<RunOption<'static>, OptionError<'static>>;

/// The options that were baked in, then those of the environment variable.
#[derive(Clone)]
struct AllOptions {
    baked: Options<'static>,
    given: Options<'static>,
}

impl Iterator for AllOptions {
    type Item = Parsed;

    fn next(&mut self) -> Option<Parsed> {
        let next = &program().parts.next_option;
        if next.is_null() {
            return None;
        }
        // SAFETY: the compiler has written the address of the function below, so that it is only
        // part of programs that can have options.
        let next = unsafe { next.function() };
        next(&mut self.baked).or_else(|| next(&mut self.given))
    }
}

/// See [`Parts::next_option`](wasmc_abi::layout::Parts::next_option).
#[cfg_attr(not(test), unsafe(no_mangle))]
pub fn wasmc_next_option(options: &mut Options<'static>) -> Option<Parsed> {
    options.next_of_program()
}

/// The same for a server, which has more options.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub fn wasmc_next_server_option(options: &mut Options<'static>) -> Option<Parsed> {
    options.next()
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
