//! The only code that turns a guest pointer into memory.
