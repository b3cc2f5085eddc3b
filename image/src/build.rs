//! An image from executables: layers, configurations, manifests and their index.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::blob::{Blob, Descriptor, Digest, media};
use crate::error::{Error, Result};
use crate::layer::{Layer, Node, Tree};
use crate::{root, time};

/// What all platforms of an image share.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// The file name of the executable in [`FOLDER`].
    pub name: String,
    /// Arguments that are always given.
    pub entrypoint: Vec<String>,
    /// Arguments that are given unless others are.
    pub cmd: Vec<String>,
    /// Environment variables, `NAME=VALUE`.
    pub env: Vec<String>,
    /// Ports that the program listens to, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The user that the program runs as.
    pub user: String,
    /// The folder that the program starts in.
    pub working_dir: String,
    /// The time of all files and of the image, in seconds since 1970.
    pub time: u64,
    /// Files beside the executable and what every image has.
    pub files: Tree,
    /// What made the image.
    pub created_by: String,
}

/// The folder of executables: in the `PATH` that engines set.
pub const FOLDER: &str = "/bin";

/// An executable and the platform that it is for.
#[derive(Clone, Debug)]
pub struct Executable {
    /// The architecture as images name it: `amd64`, `arm64`.
    pub architecture: &'static str,
    /// The ELF file.
    pub bytes: Vec<u8>,
}

/// An image: an index with a manifest for each platform, and all that these refer to.
#[derive(Clone, Debug)]
pub struct Image {
    /// The index.
    pub index: Digest,
    /// The images of the platforms, in the order of the index.
    pub platforms: Vec<PlatformImage>,
    blobs: BTreeMap<Digest, Blob>,
}

/// The image of one platform.
#[derive(Clone, Debug)]
pub struct PlatformImage {
    /// The architecture.
    pub architecture: &'static str,
    /// Its manifest.
    pub manifest: Digest,
    /// Its configuration.
    pub config: Digest,
    /// Its layers, the lowest first.
    pub layers: Vec<Digest>,
}

impl Image {
    /// Every blob once, in the order of digests.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        self.blobs.values()
    }

    /// A blob of the image.
    pub fn blob(&self, digest: Digest) -> Option<&Blob> {
        self.blobs.get(&digest)
    }

    /// The descriptor of the index.
    pub fn root(&self) -> Descriptor {
        self.blobs[&self.index].descriptor()
    }

    /// Bytes that a machine of this platform downloads.
    pub fn download_size(&self, platform: &PlatformImage) -> u64 {
        let parts = platform.layers.iter();
        let parts = parts.chain([&platform.config, &platform.manifest, &self.index]);
        parts
            .map(|digest| self.blobs[digest].bytes.len() as u64)
            .sum()
    }

    fn add(&mut self, blob: Blob) -> Descriptor {
        let descriptor = blob.descriptor();
        self.blobs.entry(blob.digest).or_insert(blob);
        descriptor
    }
}

/// Makes the image.
///
/// # Errors
/// Where the files of the image contradict each other.
pub fn build(spec: &Spec, executables: Vec<Executable>) -> Result<Image> {
    let created = time::rfc3339(spec.time)
        .ok_or_else(|| Error::malformed("the image's time lies beyond the year 9999"))?;
    let mut shared = vec![(root::base()?.layer(spec.time)?, "accounts, /tmp, a home")];
    if !spec.files.is_empty() {
        shared.push((spec.files.layer(spec.time)?, "files"));
    }
    let mut image = Image {
        index: Digest::of(b""),
        platforms: Vec::new(),
        blobs: BTreeMap::new(),
    };
    let mut manifests = Vec::new();
    for executable in executables {
        let mut layers = shared.clone();
        layers.push((executable_layer(spec, &executable)?, "the executable"));
        let config = config(spec, &created, executable.architecture, &layers);
        let config = image.add(Blob::json(media::CONFIG, &config));
        let layers: Vec<_> = layers
            .into_iter()
            .map(|(layer, _)| image.add(layer.blob))
            .collect();
        let manifest = image.add(manifest(spec, &created, &config, &layers));
        image.platforms.push(PlatformImage {
            architecture: executable.architecture,
            manifest: manifest.digest,
            config: config.digest,
            layers: layers.iter().map(|layer| layer.digest).collect(),
        });
        manifests.push(
            manifest
                .with_platform("linux", executable.architecture)
                .to_json(),
        );
    }
    let mut index = json!({
        "schemaVersion": 2,
        "mediaType": media::INDEX,
        "manifests": manifests,
    });
    annotate(&mut index, spec, &created);
    image.index = image.add(Blob::json(media::INDEX, &index)).digest;
    Ok(image)
}

fn executable_layer(spec: &Spec, executable: &Executable) -> Result<Layer> {
    let path = format!("{FOLDER}/{}", spec.name);
    let inside = path.trim_start_matches('/');
    if spec.files.get(inside).is_some() {
        return Err(Error::malformed(format!(
            "`{path}` is the executable and a copied file"
        )));
    }
    let mut tree = Tree::new();
    tree.insert(&path, Node::file(executable.bytes.clone()).mode(0o755))?;
    tree.layer(spec.time)
}

fn config(spec: &Spec, created: &str, architecture: &str, layers: &[(Layer, &str)]) -> Value {
    let mut entrypoint = vec![format!("{FOLDER}/{}", spec.name)];
    entrypoint.extend(spec.entrypoint.iter().cloned());
    let mut config = json!({
        "User": spec.user,
        "Entrypoint": entrypoint,
        "WorkingDir": spec.working_dir,
    });
    if !spec.env.is_empty() {
        config["Env"] = json!(spec.env);
    }
    if !spec.cmd.is_empty() {
        config["Cmd"] = json!(spec.cmd);
    }
    if !spec.labels.is_empty() {
        config["Labels"] = json!(spec.labels);
    }
    if !spec.ports.is_empty() {
        config["ExposedPorts"] = spec
            .ports
            .iter()
            .map(|port| (port.clone(), json!({})))
            .collect();
    }
    let history = layers.iter().map(|(_, comment)| {
        json!({ "created": created, "created_by": spec.created_by, "comment": comment })
    });
    json!({
        "created": created,
        "architecture": architecture,
        "os": "linux",
        "config": config,
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|(layer, _)| layer.diff_id.to_string()).collect::<Vec<_>>(),
        },
        "history": history.collect::<Vec<_>>(),
    })
}

fn manifest(spec: &Spec, created: &str, config: &Descriptor, layers: &[Descriptor]) -> Blob {
    let mut value = json!({
        "schemaVersion": 2,
        "mediaType": media::MANIFEST,
        "config": config.to_json(),
        "layers": layers.iter().map(Descriptor::to_json).collect::<Vec<_>>(),
    });
    annotate(&mut value, spec, created);
    Blob::json(media::MANIFEST, &value)
}

/// Labels in the name space of annotations are annotations too: registries show those.
fn annotate(value: &mut Value, spec: &Spec, created: &str) {
    let mut annotations: BTreeMap<&str, &str> = spec
        .labels
        .iter()
        .filter(|(name, _)| name.starts_with("org.opencontainers.image."))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    annotations
        .entry("org.opencontainers.image.created")
        .or_insert(created);
    value["annotations"] = json!(annotations);
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest};

    fn spec() -> Spec {
        Spec {
            name: "app".to_owned(),
            cmd: vec!["--serve".to_owned()],
            env: vec!["A=B".to_owned()],
            ports: vec!["8080/tcp".to_owned()],
            labels: [("org.opencontainers.image.title", "App"), ("x", "y")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            user: "65532:65532".to_owned(),
            working_dir: "/".to_owned(),
            ..Spec::default()
        }
    }

    fn executables() -> Vec<Executable> {
        ["amd64", "arm64"]
            .map(|architecture| Executable {
                architecture,
                bytes: architecture.into(),
            })
            .to_vec()
    }

    #[test]
    fn the_specification_s_types_accept_all_parts() {
        let image = build(&spec(), executables()).unwrap();
        let bytes = |digest| &image.blob(digest).unwrap().bytes[..];
        let index = ImageIndex::from_reader(bytes(image.index)).unwrap();
        assert_eq!(index.manifests().len(), 2);
        let annotations = index.annotations().as_ref().unwrap();
        assert_eq!(annotations["org.opencontainers.image.title"], "App");
        assert!(!annotations.contains_key("x"));
        for platform in &image.platforms {
            let manifest = ImageManifest::from_reader(bytes(platform.manifest)).unwrap();
            assert_eq!(manifest.layers().len(), 2);
            let config = ImageConfiguration::from_reader(bytes(platform.config)).unwrap();
            assert_eq!(config.architecture().to_string(), platform.architecture);
            let config = config.config().as_ref().unwrap();
            assert_eq!(config.entrypoint().as_deref().unwrap(), ["/bin/app"]);
            assert_eq!(config.exposed_ports().as_deref().unwrap(), ["8080/tcp"]);
            assert_eq!(config.user().as_deref(), Some("65532:65532"));
        }
        // Only the executable's layer, its configuration and manifest differ.
        assert_eq!(image.blobs().count(), 2 * 3 + 1 + 1);
    }

    #[test]
    fn the_same_input_gives_the_same_digest() {
        let image = build(&spec(), executables()).unwrap();
        assert_eq!(build(&spec(), executables()).unwrap().index, image.index);
        let later = Spec { time: 1, ..spec() };
        assert_ne!(build(&later, executables()).unwrap().index, image.index);
    }

    #[test]
    fn a_file_cannot_hide_the_executable() {
        let mut spec = spec();
        spec.files.insert("/bin/app", Node::file("")).unwrap();
        assert!(build(&spec, executables()).is_err());
    }
}
