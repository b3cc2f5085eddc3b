//! Arguments and environment: what the kernel handed over, and what of it the guest gets.

use core::ffi::CStr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use wasmc_abi::options::{RunOption, VARIABLE};

/// Strings that the kernel handed over.
pub struct Strings {
    start: AtomicPtr<*const core::ffi::c_char>,
    len: AtomicUsize,
}

impl Strings {
    /// None.
    pub const fn new() -> Strings {
        Strings {
            start: AtomicPtr::new(core::ptr::null_mut()),
            len: AtomicUsize::new(0),
        }
    }

    /// Sets which.
    pub fn set(&self, strings: &'static [*const core::ffi::c_char]) {
        self.start
            .store(strings.as_ptr().cast_mut(), Ordering::Relaxed);
        self.len.store(strings.len(), Ordering::Relaxed);
    }

    fn get(&self) -> &'static [*const core::ffi::c_char] {
        let start = self.start.load(Ordering::Relaxed);
        if start.is_null() {
            return &[];
        }
        // SAFETY: `set` has stored both from a slice that lives for ever.
        unsafe { core::slice::from_raw_parts(start, self.len.load(Ordering::Relaxed)) }
    }

    /// The strings.
    pub fn iter(&self) -> impl Iterator<Item = Parts> + Clone + use<> {
        self.get().iter().map(|&string| {
            // SAFETY: the kernel has made these strings, and nothing writes to them.
            let string = unsafe { CStr::from_ptr(string) };
            [string.to_bytes(), b"", b""]
        })
    }
}

/// A string: its parts, one after the other.
pub type Parts = [&'static [u8]; 3];

/// The guest's environment: what the options set or pass on, the last option for a name, and the
/// rest of the host's when they say so. The variable with the options is not passed on.
pub fn variables(
    options: impl Iterator<Item = RunOption<'static>> + Clone,
    host: impl Iterator<Item = Parts> + Clone,
) -> impl Iterator<Item = Parts> {
    let inherit = options
        .clone()
        .any(|option| option == RunOption::InheritEnv);
    let named = options.filter_map(|option| match option {
        RunOption::Env { name, value } => Some((name, value)),
        _ => None,
    });
    let is_set = {
        let named = named.clone();
        move |name: &[u8]| named.clone().any(|(other, _)| other == name)
    };
    let inherited = host.clone().filter(move |[word, ..]| {
        let name = word.split(|&byte| byte == b'=').next().unwrap_or_default();
        inherit && name != VARIABLE && !is_set(name)
    });
    let mut rest = named;
    let set = core::iter::from_fn(move || {
        loop {
            let (name, value) = rest.next()?;
            if name == VARIABLE || rest.clone().any(|(later, _)| later == name) {
                continue;
            }
            if let Some(value) = value {
                return Some([name, b"=", value]);
            }
            let passed_on = host.clone().find(|[word, ..]| {
                word.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(b"="))
            });
            if passed_on.is_some() {
                return passed_on;
            }
        }
    });
    set.chain(inherited)
}
