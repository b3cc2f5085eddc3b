//! What a caller of the library hands in: the instances of a program, and the commands of a
//! spec-suite driver.

use std::collections::HashMap;

/// An instance of a module in a program of several.
#[derive(Clone, Debug)]
pub struct InstanceSpec<'a> {
    /// A name for messages.
    pub name: String,
    /// The module's bytes.
    pub module: &'a [u8],
    /// Another module's, whose custom sections have this one's debugging information.
    pub debug: Option<&'a [u8]>,
    /// Import module names, and the index of the earlier instance that each means. Other names are
    /// the runtime's.
    pub imports: HashMap<String, usize>,
}

/// A command of a spec-suite driver: see [`wasmc_abi::script`]. Instances are given by index.
#[derive(Clone, Debug)]
pub enum Command {
    /// Instantiate an instance.
    Instantiate(usize),
    /// Call an exported function.
    Invoke {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
        /// Bits of the arguments, zero-extended.
        args: Vec<u128>,
    },
    /// Read an exported global.
    ReadGlobal {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
    },
    /// Hash an exported memory.
    HashMemory {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
    },
}
