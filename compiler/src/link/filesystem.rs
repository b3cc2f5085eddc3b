//! The files that the linker sees: inputs in memory and one output in memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libwild::error::Result;
use libwild::{FileSystem, FileType, InputFileData, OutputFileData, OutputOptions};

/// The contents of an input.
pub(super) type Bytes = Cow<'static, [u8]>;

/// A read-only folder of inputs, and the output that the linker made.
#[derive(Debug)]
pub(super) struct MemoryFileSystem {
    inputs: HashMap<PathBuf, Arc<Bytes>>,
    output: Arc<Mutex<Option<Vec<u8>>>>,
}

impl MemoryFileSystem {
    /// A file system with these inputs, by name, and no output.
    pub(super) fn new(inputs: Vec<(String, Arc<Bytes>)>) -> MemoryFileSystem {
        MemoryFileSystem {
            inputs: inputs
                .into_iter()
                .map(|(name, bytes)| (PathBuf::from(name), bytes))
                .collect(),
            output: Arc::default(),
        }
    }

    /// The output, once it is finished.
    pub(super) fn take_output(&self) -> Option<Vec<u8>> {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl FileSystem for MemoryFileSystem {
    type Input = Input;
    type Output = Output;

    fn open_input(&self, path: &Path, _prepopulate: bool) -> Result<(Input, Option<Arc<File>>)> {
        match self.inputs.get(path) {
            Some(bytes) => Ok((Input(Arc::clone(bytes)), None)),
            None => Err(not_found(path)),
        }
    }

    fn file_type(&self, path: &Path) -> Result<FileType> {
        match self.inputs.contains_key(path) {
            true => Ok(FileType::File),
            false => Err(not_found(path)),
        }
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        // The linker removes an output of an earlier run, and there is none.
        Err(not_found(path))
    }

    fn rename_file(&self, path: &Path, _new_path: &Path) -> Result<()> {
        Err(not_found(path))
    }

    fn create_output(&self, _path: Arc<Path>, options: OutputOptions) -> Result<Output> {
        let size = usize::try_from(options.size)
            .map_err(|_| io::Error::new(ErrorKind::OutOfMemory, "the executable is too large"))?;
        Ok(Output {
            // Not `resize`: the pages come zeroed from the system and are touched once.
            bytes: vec![0; size],
            finished: Arc::clone(&self.output),
        })
    }

    fn write_auxiliary(&self, path: &Path, _bytes: &[u8]) -> Result<()> {
        let message = format!("the linker writes a file that was not asked for: {path:?}");
        Err(io::Error::new(ErrorKind::PermissionDenied, message).into())
    }
}

fn not_found(path: &Path) -> libwild::error::Error {
    io::Error::new(ErrorKind::NotFound, format!("no file {path:?} in memory")).into()
}

/// An input that the linker has opened.
#[derive(Debug)]
pub(super) struct Input(Arc<Bytes>);

impl InputFileData for Input {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The executable while the linker writes it.
#[derive(Debug)]
pub(super) struct Output {
    bytes: Vec<u8>,
    finished: Arc<Mutex<Option<Vec<u8>>>>,
}

impl OutputFileData for Output {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn finish(self) -> Result {
        *self.finished.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.bytes);
        Ok(())
    }
}
