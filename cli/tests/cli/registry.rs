//! Images and modules to and from a registry: `wasmc image push`, `pull` and `oci://`.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::image::PLATFORM;
use crate::server::{Auth, Behaviour, Registry};
use crate::support::{ARGUMENTS, HELLO, Sandbox};

/// Runs a line in which `REGISTRY` is the registry's address.
fn sh(sandbox: &Sandbox, registry: &Registry, line: &str) -> crate::support::Outcome {
    let address = registry.address.to_string();
    // Whatever credentials the user has are nobody's concern.
    let home = sandbox.path(".");
    let variables = [
        ("HOME", home.to_str().unwrap()),
        ("DOCKER_CONFIG", home.to_str().unwrap()),
        ("XDG_RUNTIME_DIR", home.to_str().unwrap()),
    ];
    sandbox.sh_with(&line.replace("REGISTRY", &address), &variables)
}

#[test]
fn an_image_is_pushed_pulled_and_pushed_again() {
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sh(
        &sandbox,
        &registry,
        &format!(
            "wasmc image --platform {PLATFORM} hello.wat -t REGISTRY/hello:1 -t REGISTRY/hello:2 --push"
        ),
    )
    .ok();
    let digest = outcome.text().to_owned();
    assert!(!sandbox.path("hello.tar").exists());
    for line in [
        "wasmc image pull REGISTRY/hello:1 -o pulled.tar",
        "wasmc image pull REGISTRY/hello:2 -o layout/",
        "wasmc image push pulled.tar REGISTRY/other:1",
        "wasmc image push layout REGISTRY/other:2",
    ] {
        assert_eq!(sh(&sandbox, &registry, line).ok().text(), digest, "{line}");
    }
    // The archive is what building would have written.
    let built = format!(
        "wasmc image --platform {PLATFORM} hello.wat -t REGISTRY/hello:1 -o built.tar; \
         tar -tf built.tar | sort > built; tar -tf pulled.tar | sort > pulled; cmp built pulled"
    );
    sh(&sandbox, &registry, &built).ok();
    // By digest, and with what programs read.
    let digest = digest.trim();
    let line = format!("wasmc image pull REGISTRY/hello@{digest} --format json");
    let outcome = sh(&sandbox, &registry, &line).ok();
    let value: Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(value["digest"], digest);
    assert!(sandbox.path("hello.tar").exists());
}

#[test]
fn a_module_is_an_artifact() {
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::with(&[("show.wat", ARGUMENTS)]);
    sandbox.write("show.wasm", &wat::parse_str(ARGUMENTS).unwrap());
    sh(
        &sandbox,
        &registry,
        "wasmc image push show.wasm REGISTRY/tools/show:1",
    )
    .ok();
    sh(
        &sandbox,
        &registry,
        "wasmc image pull REGISTRY/tools/show:1 -o pulled.wasm; cmp show.wasm pulled.wasm",
    );
    for line in [
        "wasmc compile oci://REGISTRY/tools/show:1; ./show a",
        "wasmc oci://REGISTRY/tools/show:1 -o other; ./other a",
        "wasmc run oci://REGISTRY/tools/show:1 a",
    ] {
        let outcome = sh(&sandbox, &registry, line);
        assert_eq!(outcome.status, 7, "{line}: {outcome:?}");
        assert!(outcome.text().ends_with("\na\n"), "{line}: {outcome:?}");
    }
    let outcome = sh(
        &sandbox,
        &registry,
        "wasmc inspect oci://REGISTRY/tools/show:1",
    )
    .ok();
    assert!(outcome.text().contains("args_get"));
}

/// Puts an image as Docker wrote them under the tag `1`: a configuration and a layer.
fn put_preview(registry: &Registry, config: &str, layer: &[u8]) {
    let descriptor = |media_type: &str, bytes: &[u8]| {
        let digest = registry.put(bytes);
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor("application/vnd.docker.container.image.v1+json", config.as_bytes()),
        "layers": [descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
    })
    .to_string();
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    registry.put_manifest("1", docker, manifest.as_bytes());
}

#[test]
fn a_server_of_the_preview_listens_to_the_ports_of_its_image() {
    use wasmc_image::layer::{Node, Tree};
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::new();
    let server = "(module
        (import \"wasi_snapshot_preview1\" \"sock_accept\" (func (param i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (func (export \"_start\")))";
    for (module, has_sockets) in [(server, true), (HELLO, false)] {
        let mut tree = Tree::new();
        let module = wat::parse_str(module).unwrap();
        tree.insert("/app.wasm", Node::file(module)).unwrap();
        let config = json!({ "config": {
            "Entrypoint": ["/app.wasm"],
            "ExposedPorts": { "8080/tcp": {}, "53/udp": {}, "0/tcp": {}, "x y": {} },
        }});
        let layer = tree.layer(0).unwrap().blob;
        put_preview(&registry, &config.to_string(), &layer.bytes);
        for (flags, expected) in [("", "--listen=0.0.0.0:8080"), ("--listen 0.0.0.0:1", ":1")] {
            let line = format!(
                "wasmc image --platform {PLATFORM} oci://REGISTRY/a:1 {flags} -o a.tar; \
                 rm -rf x root"
            );
            sh(&sandbox, &registry, &line).ok();
            let image = crate::image::read(&sandbox.path("a.tar"));
            crate::image::unpack(&sandbox, "a.tar", &image);
            let outcome = sandbox.sh("wasmc inspect root/bin/a --format json").ok();
            let value: Value = serde_json::from_str(outcome.text()).unwrap();
            let grants = value["grants"].as_array().unwrap().iter();
            let listens: Vec<_> = grants
                .filter_map(|grant| grant.as_str())
                .filter(|grant| grant.starts_with("--listen"))
                .collect();
            match flags.is_empty() && !has_sockets {
                true => assert!(listens.is_empty(), "{listens:?}"),
                false => {
                    assert_eq!(listens.len(), 1, "{listens:?}");
                    assert!(listens[0].ends_with(expected), "{listens:?}");
                }
            }
        }
    }
}

#[test]
fn an_image_of_the_preview_becomes_an_ordinary_one() {
    use wasmc_image::layer::{Node, Tree};
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::new();
    let mut tree = Tree::new();
    let module = wat::parse_str(ARGUMENTS).unwrap();
    tree.insert("/app/show.wasm", Node::file(module)).unwrap();
    tree.insert("/data/page", Node::file("text")).unwrap();
    let layer = tree.layer(0).unwrap().blob;
    let config = json!({
        "architecture": "wasm32",
        "os": "wasi",
        "config": {
            "Entrypoint": ["show.wasm", "--fixed"],
            "Cmd": ["usual"],
            "Env": ["MODE=fast"],
            "ExposedPorts": { "8080/tcp": {} },
            "WorkingDir": "/app",
        },
    })
    .to_string();
    put_preview(&registry, &config, &layer.bytes);
    sh(
        &sandbox,
        &registry,
        &format!(
            "wasmc image --platform {PLATFORM} oci://REGISTRY/old:1 -t REGISTRY/new:1 -o new.tar; \
             wasmc image pull REGISTRY/old:1 -o old.tar; wasmc compile old.tar"
        ),
    );
    let image = crate::image::read(&sandbox.path("new.tar"));
    let new = &image.config["config"];
    assert_eq!(new["Entrypoint"], json!(["/bin/old", "--fixed"]));
    assert_eq!(new["Cmd"], json!(["usual"]));
    assert_eq!(new["Env"], json!(["MODE=fast"]));
    assert_eq!(new["ExposedPorts"], json!({ "8080/tcp": {} }));
    assert_eq!(new["WorkingDir"], "/app");
    crate::image::unpack(&sandbox, "new.tar", &image);
    assert_eq!(sandbox.sh("cat root/data/page").ok().text(), "text");
    assert!(!sandbox.path("root/app/show.wasm").exists());
    let outcome = sandbox.sh("./old a");
    assert_eq!(outcome.text(), "./old\na\n");
    let outcome = sandbox.sh("wasmc inspect root/bin/old").ok();
    for grant in ["--env=MODE", "--dir=/"] {
        assert!(outcome.text().contains(grant), "{outcome:?}");
    }
}

#[test]
fn a_module_with_a_native_section_is_the_module_that_it_is() {
    let sandbox = Sandbox::new();
    let mut module = wat::parse_str(HELLO).unwrap();
    // What WasmEdge's compiler appends: a custom section with machine code.
    let content = [&[8][..], b"wasmedge", &[0xcc; 100]].concat();
    module.extend_from_slice(&[0, content.len() as u8]);
    module.extend_from_slice(&content);
    sandbox.write("universal.wasm", &module);
    let outcome = sandbox.sh("wasmc universal.wasm; ./universal").ok();
    assert_eq!(outcome.text(), "hello\n");
}

#[test]
fn credentials_are_those_that_were_stored() {
    for auth in [
        Auth::Basic("me:secret".to_owned()),
        Auth::Bearer("me:secret".to_owned()),
    ] {
        let registry = Registry::start(Behaviour {
            auth,
            ..Behaviour::default()
        });
        let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
        let line = "wasmc image push hello.wat REGISTRY/hello:1";
        let outcome = sh(&sandbox, &registry, line);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        let hint = format!("`docker login {}`", registry.address);
        assert!(outcome.stderr.contains(&hint), "{outcome:?}");
        assert!(!outcome.stderr.contains('\x1b'), "{outcome:?}");
        let auth = base64::engine::general_purpose::STANDARD.encode("me:secret");
        let config = json!({ "auths": { registry.address.to_string(): { "auth": auth } } });
        sandbox.write("config.json", config.to_string().as_bytes());
        sh(&sandbox, &registry, line).ok();
        // And by a helper, as `docker login` sets it up on a desktop.
        let config = json!({ "credHelpers": { registry.address.to_string(): "wasmc-test" } });
        sandbox.write("config.json", config.to_string().as_bytes());
        let helper = "#!/bin/sh\ncat >&2\necho '{\"Username\":\"me\",\"Secret\":\"secret\"}'\n";
        sandbox.write("docker-credential-wasmc-test", helper.as_bytes());
        let line = format!("chmod +x docker-credential-*; PATH=$PWD:$PATH {line}");
        sh(&sandbox, &registry, &line).ok();
    }
}

#[test]
fn plain_http_is_for_this_machine() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    // Nothing answers HTTPS at this address of the documentation, and nothing is asked by HTTP.
    let outcome = sandbox.sh("wasmc image pull registry.invalid/x");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(
        outcome.stderr.contains("GET https://registry.invalid/"),
        "{outcome:?}"
    );
    let outcome = sandbox.sh("wasmc image pull --plain-http registry.invalid/x");
    assert!(
        outcome.stderr.contains("GET http://registry.invalid/"),
        "{outcome:?}"
    );
    assert!(!sandbox.path("x.tar").exists());
}

#[test]
fn nothing_is_written_when_a_pull_fails() {
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sh(
        &sandbox,
        &registry,
        "wasmc image push hello.wat REGISTRY/x:1",
    )
    .ok();
    registry.state().behaviour.corrupt = true;
    for output in ["image.tar", "layout/", "module.wasm"] {
        let line = format!("wasmc image pull REGISTRY/x:1 -o {output}");
        let outcome = sh(&sandbox, &registry, &line);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(outcome.stderr.contains("digest mismatch"), "{outcome:?}");
        assert_eq!(sandbox.sh("ls -A").ok().text(), "hello.wat\n");
    }
    let outcome = sh(&sandbox, &registry, "wasmc image pull REGISTRY/x:absent");
    assert!(outcome.stderr.contains("404"), "{outcome:?}");
}

#[test]
fn a_bill_of_materials_is_a_file_and_attached() {
    let registry = Registry::start(Behaviour::default());
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let line = format!(
        "wasmc image --platform {PLATFORM} hello.wat -t REGISTRY/hello:1 --push --sbom sbom.json"
    );
    let digest = sh(&sandbox, &registry, &line).ok().text().trim().to_owned();
    let file = std::fs::read(sandbox.path("sbom.json")).unwrap();
    let value: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(value["bomFormat"], "CycloneDX");
    let components = value["components"].as_array().unwrap();
    assert!(
        components
            .iter()
            .any(|component| component["name"] == "wasmc-runtime")
    );
    let state = registry.state();
    assert!(state.blobs.values().any(|blob| *blob == file));
    let tag = digest.replace(':', "-");
    let (_, list) = &state.manifests[&tag];
    let list: Value = serde_json::from_slice(list).unwrap();
    assert_eq!(
        list["manifests"][0]["artifactType"],
        "application/vnd.cyclonedx+json"
    );
    drop(state);
    // Without one nothing more is pushed than the image.
    let registry = Registry::start(Behaviour::default());
    let line =
        format!("wasmc image --platform {PLATFORM} hello.wat -t REGISTRY/hello:1 --push --no-sbom");
    sh(&sandbox, &registry, &line).ok();
    assert!(!registry.state().manifests.contains_key(&tag));
}
