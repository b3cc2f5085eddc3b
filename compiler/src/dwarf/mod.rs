//! What a module says of its source, in DWARF, and in the names of its functions.

pub mod demangle;
pub mod sections;
pub mod source;
