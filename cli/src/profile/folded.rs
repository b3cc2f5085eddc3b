//! Stacks as text, a line each, as the tools that draw flame graphs read them:
//! `main;_start;work 1234`. The number is microseconds of processor time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::Profile;

/// Writes a profile. Stacks begin with the name of the thread, if there are several.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    let mut spent: BTreeMap<String, u64> = BTreeMap::new();
    for sample in &profile.samples {
        let mut names: Vec<String> = Vec::new();
        if profile.threads.len() > 1 {
            names.push(profile.thread_name(sample.thread));
        }
        names.extend(profile.frames(sample.stack).map(|frame| word(&frame.name)));
        *spent.entry(names.join(";")).or_default() += sample.weight;
    }
    let mut text = String::new();
    for (stack, nanoseconds) in spent {
        let microseconds = nanoseconds.div_ceil(1000);
        writeln!(text, "{stack} {microseconds}").expect("a String takes all");
    }
    text.into_bytes()
}

/// A name without what separates names and lines.
fn word(name: &str) -> String {
    let plain = |c: char| match c {
        ';' => ':',
        c if c.is_control() => ' ',
        c => c,
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::model::example;

    #[test]
    fn a_line_has_a_stack_and_its_time() {
        let text = String::from_utf8(write(&example())).unwrap();
        let expected =
            "main;main:  1000\nmain;main: ;work;tiny<&> 2000\nthread 1;main: ;work;tiny<&> 1000\n";
        assert_eq!(text, expected);
    }
}
