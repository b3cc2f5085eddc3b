//! The WebAssembly module in whatever people have pushed.
//!
//! Wasm artifacts of every style keep the module in a layer as it is; images of Docker's preview
//! keep it in a layer's archive, at the entry point. Bytes decide, metadata does not: media types
//! and platforms only say what is looked at first.

use serde_json::Value;

use crate::blob::{Descriptor, media};
use crate::error::{Error, Result};
use crate::limits;
use crate::manifest::{children, parse};
use crate::registry::Client;
use crate::store::Store;
use crate::unpack::{Root, Unpacked, decompress, is_tar};

/// Where an image is.
pub enum Source<'a> {
    /// In a registry.
    Registry(&'a Client<'a>),
    /// In a file or folder.
    Store(&'a Store),
}

impl Source<'_> {
    fn root(&self) -> Result<(Descriptor, Vec<u8>)> {
        match self {
            Source::Registry(client) => {
                let root = client.root()?;
                Ok((root.descriptor, root.bytes))
            }
            Source::Store(store) => {
                let root = store.root()?;
                let bytes = store.blob(&root, limits::MANIFEST)?;
                Ok((root, bytes))
            }
        }
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match self {
            Source::Registry(client) => client.manifest(descriptor),
            Source::Store(store) => store.blob(descriptor, limits::MANIFEST),
        }
    }

    fn blob(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        match self {
            Source::Registry(client) => client.blob(descriptor, max),
            Source::Store(store) => store.blob(descriptor, max),
        }
    }
}

/// A module that was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The module.
    pub module: Vec<u8>,
    /// Where it was: a file name, if it had one.
    pub name: Option<String>,
    /// Arguments that its image always gives.
    pub entrypoint: Vec<String>,
    /// Arguments that its image gives unless others are given.
    pub cmd: Vec<String>,
    /// Variables that its image sets, `NAME=VALUE`.
    pub env: Vec<String>,
    /// Ports that its image exposes.
    pub ports: Vec<String>,
    /// The folder that it starts in.
    pub working_dir: Option<String>,
    /// Whether it was in an image with a file system, which the program saw as its own.
    pub in_file_system: bool,
    /// The image's other files.
    pub files: Vec<(String, Unpacked)>,
}

/// Finds the module.
///
/// # Errors
/// When there is none, or more than one and nothing tells which is meant.
pub fn find(source: &Source<'_>) -> Result<Found> {
    let (descriptor, bytes) = source.root()?;
    find_in(source, &descriptor, &bytes, 0, &mut Budget::default())
}

/// How much was looked at. Security: an image of a few kilobytes can name thousands of platforms
/// and layers, and each layer can decompress to a thousand times its size.
#[derive(Default)]
struct Budget {
    used: u64,
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> Result<()> {
        self.used = self.used.saturating_add(bytes);
        match self.used <= limits::SEARCH {
            true => Ok(()),
            false => Err(Error::Limit(format!(
                "no module was found in the first {} bytes of the image",
                limits::SEARCH
            ))),
        }
    }
}

fn find_in(
    source: &Source<'_>,
    descriptor: &Descriptor,
    bytes: &[u8],
    depth: usize,
    budget: &mut Budget,
) -> Result<Found> {
    let value = parse(bytes)?;
    let mut parts = children(&value)?;
    if value.get("manifests").is_none() {
        let (config, _) = parts.remove(0);
        let layers: Vec<_> = parts.into_iter().map(|(layer, _)| layer).collect();
        return find_in_layers(source, &config, &layers, budget);
    }
    if depth >= 2 {
        return Err(Error::malformed("the indices are nested too deeply"));
    }
    // What says that it is WebAssembly comes first; the sort keeps the order otherwise.
    parts.sort_by_key(|(child, _)| !says_wasm(child));
    let mut last = None;
    for (child, _) in parts {
        budget.spend(child.size)?;
        let bytes = source.manifest(&child)?;
        match find_in(source, &child, &bytes, depth + 1, budget) {
            Err(error @ Error::Missing(_)) => last = Some(error),
            found => return found,
        }
    }
    Err(last.unwrap_or_else(|| Error::Missing(format!("image {} is empty", descriptor.digest))))
}

fn says_wasm(descriptor: &Descriptor) -> bool {
    descriptor
        .platform
        .as_ref()
        .is_some_and(|(os, architecture)| {
            [os, architecture]
                .iter()
                .any(|name| name.starts_with("wasm") || name.starts_with("wasi"))
        })
}

/// Whether the bytes begin like a module or a component.
pub fn is_wasm(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm")
}

fn find_in_layers(
    source: &Source<'_>,
    config: &Descriptor,
    layers: &[Descriptor],
    budget: &mut Budget,
) -> Result<Found> {
    let mut module: Option<(Option<String>, Vec<u8>)> = None;
    let mut count = 0;
    let mut root = Root::new();
    for layer in layers {
        budget.spend(layer.size)?;
        let bytes = decompress(source.blob(layer, limits::MODULE)?)?;
        budget.spend(bytes.len() as u64)?;
        if is_wasm(&bytes) {
            let title = "org.opencontainers.image.title";
            let mut annotations = layer.annotations.iter();
            let title = annotations.find(|(name, _)| name == title);
            count += 1;
            module.get_or_insert_with(|| (title.map(|(_, title)| title.clone()), bytes));
        } else if is_tar(&bytes) {
            root.apply(&bytes)?;
        }
    }
    match (module, count) {
        (None, _) => {
            // It need not be JSON at all: what has no module may be anything.
            let config = source.blob(config, limits::MANIFEST)?;
            let config: Value = serde_json::from_slice(&config).unwrap_or_default();
            find_in_root(&root, &config["config"])
        }
        (Some((name, module)), 1) => Ok(Found {
            module,
            name,
            ..Found::default()
        }),
        (Some(_), count) => Err(Error::malformed(format!(
            "the artifact has {count} modules where one is expected"
        ))),
    }
}

/// The module at the entry point, or the only one there is, unless something else is there: a
/// native program may well bring a module, which is not what its image stands for.
fn find_in_root(root: &Root, config: &Value) -> Result<Found> {
    let list = |name: &str| -> Vec<String> {
        let list = config[name].as_array().into_iter().flatten();
        list.filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    };
    let mut entrypoint = list("Entrypoint");
    let mut cmd = list("Cmd");
    let working_dir = config["WorkingDir"].as_str().unwrap_or_default();
    let first = if entrypoint.is_empty() {
        &mut cmd
    } else {
        &mut entrypoint
    };
    let program = (!first.is_empty()).then(|| first.remove(0));
    let candidates: Vec<_> = program
        .iter()
        .flat_map(|program| {
            let folders = [working_dir, "", "bin", "usr/bin", "usr/local/bin"];
            folders.map(|folder| root.read(folder, program))
        })
        .flatten()
        .collect();
    let at_entry = candidates.iter().find(|(_, bytes)| is_wasm(bytes)).cloned();
    if let (None, Some((path, _))) = (&at_entry, candidates.first()) {
        return Err(Error::Missing(format!(
            "there is no WebAssembly module at the image's entry point `/{}`",
            path.escape_debug()
        )));
    }
    let mut all = root.files().filter_map(|(path, file)| match file {
        Unpacked::File(bytes, _) if is_wasm(bytes) => Some((path.to_owned(), &bytes[..])),
        _ => None,
    });
    let (path, module) = match (at_entry, all.next(), all.next()) {
        (Some(found), _, _) => found,
        (None, Some(only), None) => only,
        (None, None, _) => {
            return Err(Error::Missing(
                "there is no WebAssembly module in the image".to_owned(),
            ));
        }
        (None, Some(_), Some(_)) => {
            return Err(Error::malformed(format!(
                "the image has several modules, and none of them at its entry point `{}`",
                program.unwrap_or_default().escape_debug()
            )));
        }
    };
    let mut ports: Vec<_> = config["ExposedPorts"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(port, _)| port.clone())
        .collect();
    ports.sort();
    Ok(Found {
        module: module.to_vec(),
        name: path.rsplit('/').next().map(str::to_owned),
        entrypoint,
        cmd,
        env: list("Env"),
        ports,
        working_dir: (!working_dir.is_empty()).then(|| working_dir.to_owned()),
        in_file_system: true,
        files: root
            .files()
            .filter(|(other, _)| *other != path)
            .map(|(path, file)| (path.to_owned(), file.clone()))
            .collect(),
    })
}

/// The manifest of a module as an artifact, and its parts: the form of
/// <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>.
pub fn artifact(module: Vec<u8>, name: &str, created: u64) -> Result<Vec<crate::Blob>> {
    use crate::Blob;
    use serde_json::json;
    let created = crate::time::rfc3339(created)
        .ok_or_else(|| Error::malformed("the artifact's time lies beyond the year 9999"))?;
    let layer = Blob::new(media::WASM, module);
    let config = json!({
        "created": created,
        "architecture": "wasm",
        "os": "wasip1",
        "layerDigests": [layer.digest.to_string()],
    });
    let config = Blob::json(media::WASM_CONFIG, &config);
    let described = layer
        .descriptor()
        .with_annotation("org.opencontainers.image.title", name);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media::MANIFEST,
        "config": config.descriptor().to_json(),
        "layers": [described.to_json()],
    });
    let manifest = Blob::json(media::MANIFEST, &manifest);
    Ok(vec![manifest, config, layer])
}
