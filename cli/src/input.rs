//! Modules: files, standard input or registries, in the binary or the text format.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use wasmc_image::Reference;
use wasmc_image::module::{self, Found, Source};
use wasmc_image::store::Store;
use wasmc_image::unpack::is_tar;

use wasmc_compiler::symbolize::external_debug_info;

use crate::registry;
use crate::report::{Failure, Report};

/// Most bytes that are read: past the compiler's own limit, so that it is the one that complains,
/// while endless input such as `/dev/zero` does end.
const MAX_BYTES: u64 = (1 << 30) + 1;

/// A module that was read.
#[derive(Debug)]
pub struct Input {
    path: Option<PathBuf>,
    identity: Option<(u64, u64)>,
    bytes: Vec<u8>,
    found: Option<Box<Found>>,
    /// What it is called in messages, when that is not its path.
    shown: Option<String>,
}

impl Input {
    /// Reads a file or standard input, or pulls what `oci://` names. An archive or a folder with an
    /// image stands for the module in it.
    pub fn open(path: &OsStr, plain_http: bool, report: &Report) -> Result<Input, Failure> {
        let shown = path.to_string_lossy();
        if let Some(name) = shown.strip_prefix("oci://") {
            return Input::pull(name, &shown, plain_http, report);
        }
        if !Path::new(path).join("oci-layout").is_file() {
            let input = Input::read(path)?;
            if path == "-" || !is_tar(&input.bytes) {
                return Ok(input);
            }
        }
        let found =
            Store::open(Path::new(path)).and_then(|store| module::find(&Source::Store(&store)));
        let found = found
            .map_err(|error| Failure::from(error).context(format!("failed to read `{shown}`")))?;
        let mut name = Path::new(path).file_stem().unwrap_or_default().to_owned();
        name.push(".wasm");
        Ok(Input::found(found, PathBuf::from(name), &shown))
    }

    fn pull(name: &str, shown: &str, plain_http: bool, report: &Report) -> Result<Input, Failure> {
        let reference: Reference = name.parse().map_err(|error: wasmc_image::Error| {
            Failure::usage(error.to_string()).hint("the form is oci://registry/name:tag")
        })?;
        let found = registry::with_client(&reference, plain_http, report, "pulling", |client| {
            module::find(&Source::Registry(client))
        });
        let found =
            found.map_err(|failure| failure.context(format!("failed to pull `{shown}`")))?;
        let name = format!("{}.wasm", reference.short_name());
        Ok(Input::found(found, PathBuf::from(name), shown))
    }

    fn found(mut found: Found, path: PathBuf, shown: &str) -> Input {
        Input {
            path: Some(path),
            identity: None,
            bytes: std::mem::take(&mut found.module),
            found: Some(Box::new(found)),
            shown: Some(shown.to_owned()),
        }
    }

    /// What the image says that the module was found in.
    pub fn image(&self) -> Option<&Found> {
        self.found.as_deref()
    }

    /// Reads a file, or standard input for `-`.
    pub fn read(path: &OsStr) -> Result<Input, Failure> {
        let mut bytes = Vec::new();
        if path == "-" {
            io::stdin()
                .lock()
                .take(MAX_BYTES)
                .read_to_end(&mut bytes)
                .context("failed to read standard input")?;
            return Ok(Input {
                path: None,
                identity: None,
                bytes,
                found: None,
                shown: None,
            });
        }
        let path = PathBuf::from(path);
        let mut read = || {
            let file = File::open(&path)?;
            let metadata = file.metadata()?;
            file.take(MAX_BYTES).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>((metadata.dev(), metadata.ino()))
        };
        let identity = read().with_context(|| format!("failed to read `{}`", path.display()))?;
        Ok(Input {
            path: Some(path),
            identity: Some(identity),
            bytes,
            found: None,
            shown: None,
        })
    }

    /// The module's path; `None` for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Device and inode of the file.
    pub fn identity(&self) -> Option<(u64, u64)> {
        self.identity
    }

    /// The name in messages.
    pub fn name(&self) -> String {
        match (&self.shown, &self.path) {
            (Some(shown), _) => shown.clone(),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => "<stdin>".to_owned(),
        }
    }

    /// The bytes as they were read.
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// The module in the binary format. What does not begin like a binary module and is text, or
    /// is named `.wat`, is taken for the text format.
    pub fn module(&mut self) -> Result<&[u8], Failure> {
        if self.bytes.is_empty() {
            return Err(anyhow!("the module is empty")
                .context(format!("failed to parse `{}`", self.name()))
                .into());
        }
        let is_binary = b"\0asm".starts_with(self.bytes.get(..4).unwrap_or(&self.bytes));
        let named_text = self
            .path
            .as_ref()
            .and_then(|path| path.extension())
            .is_some_and(|extension| extension == "wat");
        if is_binary {
            return Ok(&self.bytes);
        }
        let is_text = !self.bytes.contains(&0) && str::from_utf8(&self.bytes).is_ok();
        if !is_text && !named_text {
            return Err(anyhow!("this is not a WebAssembly module")
                .context(format!("failed to parse `{}`", self.name()))
                .into());
        }
        self.bytes = self.parse_text()?;
        Ok(&self.bytes)
    }

    /// The module with this one's debugging information, if this one names another and it lies
    /// beside it: of the path or URL the last part counts, so that a module cannot make wasmc read
    /// other files.
    pub fn external_debug(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(folder) = self.path.as_ref().and_then(|path| path.parent()) else {
            return Ok(None);
        };
        let folder = folder.to_owned();
        let Some(named) = external_debug_info(self.module()?) else {
            return Ok(None);
        };
        let path = match Path::new(named).file_name() {
            Some(name) => folder.join(name),
            None => return Ok(None),
        };
        if !path.is_file() {
            return Ok(None);
        }
        Ok(Some(Input::read(path.as_os_str())?.bytes))
    }

    fn parse_text(&self) -> Result<Vec<u8>, Failure> {
        let context = || format!("failed to parse `{}`", self.name());
        let text = str::from_utf8(&self.bytes)
            .map_err(|error| {
                let line = 1 + self.bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count();
                anyhow!("line {line} is not UTF-8")
            })
            .with_context(context)?;
        let parsed = wat::parse_str(text).map_err(|mut error| {
            error.set_path(self.name());
            anyhow!("{}", error.to_string().trim_end())
        });
        Ok(parsed.with_context(context)?)
    }
}
