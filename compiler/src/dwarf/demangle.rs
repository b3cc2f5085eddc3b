//! What do people call a function whose name a compiler has mangled?

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Longest mangled name that is looked at, and longest name that is made of one: mangled names may
/// repeat parts of themselves, and grow beyond all bounds when they are written out.
const MAX_BYTES: usize = 32 << 10;

/// The name as people write it: a path of Rust, v0 or legacy, without its hash, or a function of
/// C++ with its parameters. Any other name, and any that is malformed or grows too long, stays as
/// it is.
pub fn demangle(name: &str) -> Cow<'_, str> {
    // With one underscore on Linux; `__R` and `__Z` are the same on systems that add one.
    let is_mangled = name.starts_with("_R") || name.starts_with("_Z");
    if !is_mangled || name.len() > MAX_BYTES {
        return Cow::Borrowed(name);
    }
    match rust(name).or_else(|| cpp(name)) {
        Some(demangled) => Cow::Owned(demangled),
        None => Cow::Borrowed(name),
    }
}

fn rust(name: &str) -> Option<String> {
    let symbol = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Bounded::default();
    // The alternate form has neither hashes nor disambiguators of crates.
    write!(text, "{symbol:#}").ok()?;
    text.finish()
}

fn cpp(name: &str) -> Option<String> {
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let mut text = Bounded::default();
    let options = cpp_demangle::DemangleOptions::new();
    symbol.structured_demangle(&mut text, &options).ok()?;
    text.finish()
}

/// A text that refuses to grow beyond [`MAX_BYTES`].
#[derive(Default)]
struct Bounded(String);

impl Bounded {
    fn finish(self) -> Option<String> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_and_cpp_are_demangled() {
        for (mangled, demangled) in [
            ("_RNvNtNtCs1234_4core3fmt2rt5write", "core::fmt::rt::write"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("_ZN3foo3barEi", "foo::bar(int)"),
            ("_Z3addii", "add(int, int)"),
            (
                "_ZNSt3__26vectorIiNS_9allocatorIiEEE9push_backEOi",
                "std::__2::vector<int, std::__2::allocator<int> >::push_back(int&&)",
            ),
        ] {
            assert_eq!(demangle(mangled), demangled);
        }
    }

    #[test]
    fn other_names_stay_as_they_are() {
        for name in [
            "", "main", "_Z", "_R", "_Zwhat", "_RNvX", "Zebra", "_start", "größe",
        ] {
            assert_eq!(demangle(name), name);
        }
    }

    /// A number as names of Rust have it.
    fn base_62(number: usize) -> String {
        const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut digits = Vec::new();
        let mut left = number.checked_sub(1);
        while let Some(rest) = left {
            digits.insert(0, DIGITS[rest % 62]);
            left = (rest >= 62).then_some(rest / 62);
        }
        String::from_utf8(digits).unwrap() + "_"
    }

    #[test]
    fn a_name_that_grows_without_bounds_stays_as_it_is() {
        // Each tuple holds the one before twice: 2^30 elements.
        let mut path = String::from("INvC1a1bT");
        let mut last = path.len();
        path.push_str("TuuE");
        for _ in 0..30 {
            let here = path.len();
            let back = base_62(last);
            path.push_str(&format!("TB{back}B{back}E"));
            last = here;
        }
        path.push_str("EE");
        let name = format!("_R{path}");
        assert_eq!(demangle(&name), name);
        // Substitutions of C++ that refer to the last one twice.
        let mut name = String::from("_Z1fSt4pairIiiE");
        for at in 0..30u32 {
            let digit = char::from_digit(at, 36).unwrap().to_ascii_uppercase();
            name.push_str(&format!("St4pairIS{digit}_S{digit}_E"));
        }
        let demangled = demangle(&name);
        assert!(demangled.len() <= MAX_BYTES, "{}", demangled.len());
    }
}
