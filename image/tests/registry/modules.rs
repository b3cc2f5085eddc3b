//! Modules are found in what people have pushed, whatever it says about itself.

use std::io::Write as _;

use serde_json::{Value, json};
use wasmc_image::blob::media;
use wasmc_image::layer::{Node, NodeKind, ROOT, Tree};
use wasmc_image::module::{self, Found, Source};
use wasmc_image::registry::{Client, Meter, Settings};
use wasmc_image::{Error, Reference, Result};

use crate::server::{Behaviour, Registry};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn find(registry: &Registry, tag: &str) -> Result<Found> {
    let meter = Meter::new();
    let reference: Reference = registry.name(&format!("x:{tag}")).parse().unwrap();
    let client = Client::new(&reference, Settings::default(), &meter).unwrap();
    module::find(&Source::Registry(&client))
}

fn descriptor(registry: &Registry, media_type: &str, bytes: &[u8]) -> Value {
    let digest = registry.put(bytes);
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

/// Puts an image of a configuration and layers, given by media type and content.
fn put(registry: &Registry, tag: &str, config: (&str, &[u8]), layers: &[(&str, &[u8])]) -> Value {
    let config = descriptor(registry, config.0, config.1);
    let layers: Vec<_> = layers
        .iter()
        .map(|(media_type, bytes)| descriptor(registry, media_type, bytes))
        .collect();
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers }).to_string();
    let digest = registry.put_manifest(tag, media::MANIFEST, manifest.as_bytes());
    json!({ "mediaType": media::MANIFEST, "digest": digest, "size": manifest.len() })
}

fn layer(files: &[(&str, Node)]) -> Vec<u8> {
    let mut tree = Tree::new();
    for (path, node) in files {
        tree.insert(path, node.clone()).unwrap();
    }
    tree.layer(0).unwrap().blob.bytes
}

#[test]
fn artifacts_of_every_style() {
    let registry = Registry::start(Behaviour::default());
    for (tag, config, layer) in [
        (
            "cncf",
            "application/vnd.wasm.config.v0+json",
            "application/wasm",
        ),
        (
            "oras",
            "application/vnd.oci.empty.v1+json",
            "application/wasm",
        ),
        (
            "oras-unknown",
            "application/vnd.unknown.config.v1+json",
            "application/octet-stream",
        ),
        (
            "wasm-to-oci",
            "application/vnd.wasm.config.v1+json",
            "application/vnd.wasm.content.layer.v1+wasm",
        ),
        (
            "liar",
            "application/vnd.oci.image.config.v1+json",
            "image/png",
        ),
    ] {
        put(&registry, tag, (config, b"{}"), &[(layer, MODULE)]);
        assert_eq!(find(&registry, tag).unwrap().module, MODULE, "{tag}");
    }
    // The configuration may be anything; other layers do not matter.
    put(
        &registry,
        "text",
        ("text/plain", b"hi"),
        &[("a/b", b"readme"), ("c/d", MODULE)],
    );
    assert_eq!(find(&registry, "text").unwrap().module, MODULE);
    let runwasi = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm";
    put(
        &registry,
        "runwasi",
        (media::CONFIG, b"{}"),
        &[(runwasi, COMPONENT)],
    );
    assert_eq!(find(&registry, "runwasi").unwrap().module, COMPONENT);
    put(
        &registry,
        "two",
        (media::CONFIG, b"{}"),
        &[(runwasi, MODULE), (runwasi, COMPONENT)],
    );
    assert!(find(&registry, "two").is_err());
    put(
        &registry,
        "none",
        (media::CONFIG, b"{}"),
        &[("a/b", b"nothing")],
    );
    let error = find(&registry, "none").unwrap_err();
    assert!(
        error.to_string().contains("no WebAssembly module"),
        "{error}"
    );
}

#[test]
fn images_of_the_preview() {
    let registry = Registry::start(Behaviour::default());
    let config = json!({
        "architecture": "wasm32",
        "os": "wasi",
        "config": {
            "Entrypoint": ["/app/serve.wasm", "--port", "8080"],
            "Cmd": ["start"],
            "Env": ["MODE=fast"],
            "ExposedPorts": { "8080/tcp": {} },
            "WorkingDir": "/app",
        },
    });
    let link = Node {
        kind: NodeKind::Symlink("../app/other.wasm".to_owned()),
        mode: 0o777,
        owner: ROOT,
    };
    let first = layer(&[
        ("/app/serve.wasm", Node::file(*b"an older one")),
        ("/app/other.wasm", Node::file(COMPONENT)),
        ("/bin/link", link),
        ("/data/page", Node::file("text")),
        ("/gone", Node::file("text")),
    ]);
    let second = layer(&[
        ("/app/serve.wasm", Node::file(MODULE)),
        ("/.wh.gone", Node::file("")),
    ]);
    let layers = [(media::LAYER, &first[..]), (media::LAYER, &second[..])];
    put(
        &registry,
        "abs",
        (media::CONFIG, config.to_string().as_bytes()),
        &layers,
    );
    let found = find(&registry, "abs").unwrap();
    assert_eq!(found.module, MODULE);
    assert_eq!(found.name.as_deref(), Some("serve.wasm"));
    assert_eq!(found.entrypoint, ["--port", "8080"]);
    assert_eq!(found.cmd, ["start"]);
    assert_eq!(found.env, ["MODE=fast"]);
    assert_eq!(found.ports, ["8080/tcp"]);
    assert_eq!(found.working_dir.as_deref(), Some("/app"));
    let paths: Vec<_> = found.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "app",
            "app/other.wasm",
            "bin",
            "bin/link",
            "data",
            "data/page"
        ]
    );

    for (tag, entry, expected) in [
        (
            "relative",
            json!({ "Entrypoint": ["serve.wasm"], "WorkingDir": "/app" }),
            MODULE,
        ),
        ("cmd", json!({ "Cmd": ["/app/serve.wasm", "x"] }), MODULE),
        ("link", json!({ "Entrypoint": ["/bin/link"] }), COMPONENT),
        ("path", json!({ "Entrypoint": ["link"] }), COMPONENT),
    ] {
        let config = json!({ "config": entry }).to_string();
        put(&registry, tag, (media::CONFIG, config.as_bytes()), &layers);
        assert_eq!(find(&registry, tag).unwrap().module, expected, "{tag}");
    }
    // Nothing tells which of two is meant; of one there is no doubt.
    put(&registry, "unclear", (media::CONFIG, b"{}"), &layers);
    assert!(find(&registry, "unclear").is_err());
    let only = layer(&[("/x", Node::file(MODULE))]);
    put(
        &registry,
        "only",
        (media::CONFIG, b"{}"),
        &[(media::LAYER, &only)],
    );
    assert_eq!(find(&registry, "only").unwrap().module, MODULE);
}

#[test]
fn a_module_beside_a_native_program_is_not_the_program() {
    let registry = Registry::start(Behaviour::default());
    let files = layer(&[
        ("/usr/bin/node", Node::file("\x7fELF").mode(0o755)),
        ("/usr/lib/parser.wasm", Node::file(MODULE)),
    ]);
    let config = json!({ "config": { "Entrypoint": ["node", "x.js"] } }).to_string();
    put(
        &registry,
        "node",
        (media::CONFIG, config.as_bytes()),
        &[(media::LAYER, &files)],
    );
    let error = find(&registry, "node").unwrap_err();
    assert!(error.to_string().contains("`/usr/bin/node`"), "{error}");
}

#[test]
fn layers_that_grow_are_not_looked_at_for_ever() {
    // A layer of a mebibyte that becomes 256 of them, and an image that names it a hundred times.
    let registry = Registry::start(Behaviour::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        gzip.write_all(&zeros).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    let layers = vec![(media::LAYER, &bomb[..]); 100];
    put(&registry, "bomb", (media::CONFIG, b"{}"), &layers);
    let error = find(&registry, "bomb").unwrap_err();
    assert!(matches!(error, Error::Limit(_)), "{error}");
    assert!(registry.count("GET", "/blobs/") < 10);
}

#[test]
fn a_configuration_is_verified() {
    let registry = Registry::start(Behaviour::default());
    let files = layer(&[("/app.wasm", Node::file(MODULE))]);
    let config = json!({ "config": { "Entrypoint": ["/app.wasm"] } }).to_string();
    let config = config.as_bytes();
    put(
        &registry,
        "x",
        (media::CONFIG, config),
        &[(media::LAYER, &files)],
    );
    find(&registry, "x").unwrap();
    let other = vec![b'x'; config.len()];
    registry
        .state()
        .blobs
        .insert(crate::server::digest(config), other);
    let error = find(&registry, "x").unwrap_err();
    assert!(error.to_string().contains("digest mismatch"), "{error}");
}

#[test]
fn the_platform_says_what_is_looked_at_first() {
    let registry = Registry::start(Behaviour::default());
    let native = layer(&[("/bin/app", Node::file("\x7fELF"))]);
    let wasm = layer(&[("/app.wasm", Node::file(MODULE))]);
    let mut native = put(
        &registry,
        "n",
        (media::CONFIG, b"{}"),
        &[(media::LAYER, &native)],
    );
    let mut wasm = put(
        &registry,
        "w",
        (media::CONFIG, b"{}"),
        &[(media::LAYER, &wasm)],
    );
    native["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    wasm["platform"] = json!({ "os": "wasi", "architecture": "wasm" });
    let index = json!({ "schemaVersion": 2, "manifests": [native, wasm] }).to_string();
    registry.put_manifest("index", media::INDEX, index.as_bytes());
    registry.state().requests.clear();
    assert_eq!(find(&registry, "index").unwrap().module, MODULE);
    // The native image was not even looked at.
    assert_eq!(registry.count("GET", "/manifests/"), 2);
    let index = json!({ "schemaVersion": 2, "manifests": [native] }).to_string();
    registry.put_manifest("native", media::INDEX, index.as_bytes());
    assert!(find(&registry, "native").is_err());
}

#[test]
fn our_own_artifacts_are_found_too() {
    let registry = Registry::start(Behaviour::default());
    let parts = module::artifact(MODULE.to_vec(), "app.wasm", 0).unwrap();
    for part in &parts {
        registry.put(&part.bytes);
    }
    registry.put_manifest("own", media::MANIFEST, &parts[0].bytes);
    let found = find(&registry, "own").unwrap();
    assert_eq!(
        (found.module.as_slice(), found.name.as_deref()),
        (MODULE, Some("app.wasm"))
    );
}
