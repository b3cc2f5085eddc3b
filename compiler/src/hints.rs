//! Which branches does a module call likely?
//!
//! The custom section `metadata.code.branch_hint` says of `br_if` and `if` instructions whether
//! they are likely to be taken. Like every custom section it is advice: one that is malformed is
//! ignored as a whole, and so is a hint where there is no such instruction.

use std::collections::HashMap;

use wasmparser::BranchHintSectionReader;

/// The hints of a module.
#[derive(Clone, Debug, Default)]
pub struct BranchHints {
    /// By function: offsets from the first byte of its body, ascending, and whether the
    /// instruction there is likely to branch, or its condition to hold.
    funcs: HashMap<u32, Vec<(u32, bool)>>,
}

impl BranchHints {
    /// Takes the hints of a section, if it is well-formed and the first.
    pub fn read(&mut self, section: BranchHintSectionReader<'_>) {
        if self.funcs.is_empty()
            && let Some(funcs) = read_section(section)
        {
            self.funcs = funcs;
        }
    }

    /// The hints of a function.
    pub fn of_func(&self, func: u32) -> &[(u32, bool)] {
        self.funcs.get(&func).map_or(&[], Vec::as_slice)
    }
}

fn read_section(section: BranchHintSectionReader<'_>) -> Option<HashMap<u32, Vec<(u32, bool)>>> {
    let mut funcs = HashMap::new();
    let mut last_func = None;
    for func in section {
        let func = func.ok()?;
        let mut hints: Vec<(u32, bool)> = Vec::new();
        for hint in func.hints {
            let hint = hint.ok()?;
            if hints.last().is_some_and(|last| last.0 >= hint.func_offset) {
                return None;
            }
            hints.push((hint.func_offset, hint.taken));
        }
        if last_func.is_some_and(|last| last >= func.func) {
            return None;
        }
        last_func = Some(func.func);
        funcs.insert(func.func, hints);
    }
    Some(funcs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::BinaryReader;

    fn read(bytes: &[u8]) -> BranchHints {
        let mut hints = BranchHints::default();
        if let Ok(section) = BranchHintSectionReader::new(BinaryReader::new(bytes, 0)) {
            hints.read(section);
        }
        hints
    }

    #[test]
    fn hints_are_found_by_function() {
        let hints = read(&[2, 3, 2, 5, 1, 0, 9, 1, 1, 7, 1, 2, 1, 1]);
        assert_eq!(hints.of_func(3), [(5, false), (9, true)]);
        assert_eq!(hints.of_func(7), [(2, true)]);
        assert_eq!(hints.of_func(0), []);
    }

    #[test]
    fn a_malformed_section_is_ignored_as_a_whole() {
        for bytes in [
            // No such size, no such hint, offsets and functions that do not ascend, too short and
            // too long.
            &[1, 3, 1, 5, 2, 0][..],
            &[1, 3, 1, 5, 1, 2],
            &[1, 3, 2, 5, 1, 0, 5, 1, 0],
            &[2, 3, 1, 5, 1, 0, 3, 1, 6, 1, 0],
            &[2, 3, 1, 5, 1, 0],
            &[1, 3, 1, 5, 1, 0, 0],
        ] {
            assert_eq!(read(bytes).of_func(3), [], "{bytes:?}");
        }
    }
}
