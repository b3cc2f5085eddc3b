//! What a caller of the library hands in: the instances of a program, and the commands of a
//! spec-suite driver.

use std::collections::HashMap;

/// An instance of a module in a program of several.
///
/// ```
/// use std::collections::HashMap;
/// use wasmc_compiler::{InstanceSpec, Options, compile_program};
///
/// let library = wat::parse_str(r#"(module (func (export "answer") (result i32) i32.const 42))"#)?;
/// let main = wat::parse_str(
///     r#"(module
///         (import "library" "answer" (func $answer (result i32)))
///         (func (export "_start") (drop (call $answer))))"#,
/// )?;
/// let imports = HashMap::from([("library".to_owned(), 0)]);
/// let instances = [
///     InstanceSpec::new("library", &library),
///     InstanceSpec::new("main", &main).imports(imports),
/// ];
/// let executable = compile_program(&instances, &Options::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
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

impl<'a> InstanceSpec<'a> {
    /// An instance whose imports are the runtime's. A program's only one needs no name.
    pub fn new(name: impl Into<String>, module: &'a [u8]) -> InstanceSpec<'a> {
        InstanceSpec {
            name: name.into(),
            module,
            debug: None,
            imports: HashMap::new(),
        }
    }

    /// The same with another module, whose custom sections have this one's debugging information.
    #[must_use]
    pub fn debug(mut self, debug: Option<&'a [u8]>) -> InstanceSpec<'a> {
        self.debug = debug;
        self
    }

    /// The same with imports from earlier instances: module names, and indices of instances.
    #[must_use]
    pub fn imports(mut self, imports: HashMap<String, usize>) -> InstanceSpec<'a> {
        self.imports = imports;
        self
    }
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
