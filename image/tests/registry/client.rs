//! The registry client against a registry that behaves, and against one that does not.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use wasmc_image::blob::{Blob, media};
use wasmc_image::build::{Executable, Image, Spec, build};
use wasmc_image::module::{self, Source};
use wasmc_image::registry::{Client, Meter, Settings};
use wasmc_image::store::Store;
use wasmc_image::{Descriptor, Error, Reference, Result, limits};

use crate::server::{Auth, Behaviour, Registry, basic, digest};

fn image() -> Image {
    let spec = Spec {
        name: "app".to_owned(),
        ..Spec::default()
    };
    let executables = ["amd64", "arm64"].map(|architecture| Executable {
        architecture,
        bytes: architecture.repeat(100_000).into(),
    });
    build(&spec, executables.to_vec()).unwrap()
}

fn settings() -> Settings {
    Settings {
        back_off: Duration::from_millis(1),
        ..Settings::default()
    }
}

/// Calls a function with a client of `name`.
fn with<T>(name: &str, settings: Settings, work: impl FnOnce(&Client<'_>) -> T) -> T {
    let meter = Meter::new();
    let reference: Reference = name.parse().unwrap();
    let client = Client::new(&reference, settings, &meter).unwrap();
    work(&client)
}

fn push(name: &str, settings: Settings, image: &Image) -> Result<()> {
    with(name, settings, |client| {
        client.push(&image.root(), &|descriptor| {
            let blob = image.blob(descriptor.digest).unwrap();
            Ok(Box::new(Cursor::new(blob.bytes.clone())) as Box<dyn Read>)
        })
    })
}

fn pull(name: &str, settings: Settings, folder: &Path) -> Result<()> {
    with(name, settings, |client| client.pull(folder).map(drop))
}

/// A file of credentials for a registry.
fn credentials(registry: &Registry, login: &str) -> (TempDir, Settings) {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let auth = base64::engine::general_purpose::STANDARD.encode(login);
    let address = registry.address.to_string();
    let config = json!({ "auths": { address: { "auth": auth } } });
    fs::write(&path, config.to_string()).unwrap();
    let settings = Settings {
        auth_files: vec![folder.path().join("absent.json"), path],
        ..settings()
    };
    (folder, settings)
}

#[test]
fn what_is_pushed_can_be_pulled() {
    let registry = Registry::start(Behaviour::default());
    let image = image();
    let name = registry.name("a/b:1");
    push(&name, settings(), &image).unwrap();
    let uploads = registry.count("PUT", "/blobs/uploads/");
    assert_eq!(uploads, 5);
    // A second time nothing is uploaded but manifests.
    push(&name, settings(), &image).unwrap();
    assert_eq!(registry.count("PUT", "/blobs/uploads/"), uploads);

    let folder = tempfile::tempdir().unwrap();
    pull(&name, settings(), folder.path()).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.root().unwrap().digest, image.index);
    for blob in image.blobs() {
        let read = store.blob(&blob.descriptor(), limits::MODULE).unwrap();
        assert_eq!(read, blob.bytes);
    }
    assert!(!folder.path().join("blobs/partial").exists());
    // By digest too.
    let name = registry.name(&format!("a/b@{}", image.index));
    let folder = tempfile::tempdir().unwrap();
    pull(&name, settings(), folder.path()).unwrap();
}

#[test]
fn children_come_before_the_index() {
    // The test registry refuses a manifest that refers to what is not there.
    let registry = Registry::start(Behaviour::default());
    push(&registry.name("x"), settings(), &image()).unwrap();
    let state = registry.state();
    let last = state.requests.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("PUT", "/v2/x/manifests/latest")
    );
}

#[test]
fn a_meter_counts_what_is_moved() {
    let registry = Registry::start(Behaviour::default());
    let image = image();
    let meter = Meter::new();
    let reference: Reference = registry.name("x").parse().unwrap();
    let client = Client::new(&reference, settings(), &meter).unwrap();
    let content = |descriptor: &Descriptor| {
        let blob = image.blob(descriptor.digest).unwrap();
        Ok(Box::new(Cursor::new(blob.bytes.clone())) as Box<dyn Read>)
    };
    client.push(&image.root(), &content).unwrap();
    let (done, total) = meter.read();
    assert_eq!(done, total);
    assert!(total > 0);
}

#[test]
fn basic_and_bearer_authorization() {
    for auth in [
        Auth::Basic("me:secret".to_owned()),
        Auth::Bearer("me:secret".to_owned()),
    ] {
        let registry = Registry::start(Behaviour {
            auth,
            ..Behaviour::default()
        });
        let name = registry.name("x");
        let (_folder, known) = credentials(&registry, "me:secret");
        push(&name, known.clone(), &image()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        pull(&name, known, folder.path()).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let error = pull(&name, settings(), folder.path()).unwrap_err();
        let Error::Registry { status: 401, .. } = &error else {
            panic!("{error}");
        };
        assert!(
            error.hint().unwrap().contains("docker login 127.0.0.1"),
            "{error}"
        );
        assert!(!error.to_string().contains('\x1b'), "{error}");
        let (_folder, wrong) = credentials(&registry, "me:wrong");
        let error = pull(&name, wrong, folder.path()).unwrap_err();
        assert!(
            matches!(error, Error::Registry { status: 401, .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[test]
fn credential_helpers_are_asked() {
    let registry = Registry::start(Behaviour {
        auth: Auth::Basic("me:secret".to_owned()),
        ..Behaviour::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.json");
    let config = json!({ "credHelpers": { registry.address.to_string(): "wasmc-test-absent" } });
    fs::write(&path, config.to_string()).unwrap();
    let settings = Settings {
        auth_files: vec![path.clone()],
        ..settings()
    };
    let error = pull(&registry.name("x"), settings.clone(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("helper"), "{error}");
    fs::write(&path, "{").unwrap();
    let error = pull(&registry.name("x"), settings, folder.path()).unwrap_err();
    assert!(error.to_string().contains("auth.json"), "{error}");
}

#[test]
fn a_redirect_elsewhere_gets_no_credentials() {
    let image = image();
    let elsewhere = Registry::start(Behaviour::default());
    let registry = Registry::start(Behaviour {
        auth: Auth::Basic("me:secret".to_owned()),
        redirect_blobs: Some(format!("http://{}", elsewhere.address)),
        ..Behaviour::default()
    });
    let (_credentials, settings) = credentials(&registry, "me:secret");
    push(&registry.name("x"), settings.clone(), &image).unwrap();
    push(&elsewhere.name("x"), settings.clone(), &image).unwrap();
    elsewhere.state().requests.clear();
    let folder = tempfile::tempdir().unwrap();
    pull(&registry.name("x"), settings, folder.path()).unwrap();
    let state = elsewhere.state();
    assert_eq!(state.requests.len(), 5);
    assert!(
        state
            .requests
            .iter()
            .all(|seen| seen.authorization.is_none())
    );
    let here = registry.state();
    let authorized = here
        .requests
        .iter()
        .filter(|seen| seen.authorization.is_some());
    assert!(authorized.clone().count() > 5);
    assert!(
        authorized
            .clone()
            .all(|seen| seen.authorization == Some(basic("me:secret")))
    );
}

#[test]
fn another_host_cannot_ask_who_we_are() {
    // A redirect leads to a host that asks for a token, and names a token service of its own.
    let elsewhere = Registry::start(Behaviour {
        auth: Auth::Bearer("me:secret".to_owned()),
        ..Behaviour::default()
    });
    let registry = Registry::start(Behaviour {
        auth: Auth::Basic("me:secret".to_owned()),
        ..Behaviour::default()
    });
    let (_credentials, settings) = credentials(&registry, "me:secret");
    push(&registry.name("x"), settings.clone(), &image()).unwrap();
    let target = format!("http://{}", elsewhere.address);
    registry.state().behaviour.redirect_blobs = Some(target);
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.name("x"), settings, folder.path()).unwrap_err();
    assert!(
        matches!(error, Error::Registry { status: 401, .. }),
        "{error}"
    );
    let state = elsewhere.state();
    assert_eq!(state.requests.len(), 1);
    assert_eq!(state.requests[0].authorization, None);
}

#[test]
fn identity_tokens_are_exchanged() {
    let registry = Registry::start(Behaviour {
        auth: Auth::Refresh("identity+/=".to_owned()),
        ..Behaviour::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let address = registry.address.to_string();
    // As `docker login` writes it: the user is nobody, and the token stands beside.
    let auth = json!({ "auth": "Omlnbm9yZWQ=", "identitytoken": "identity+/=" });
    fs::write(&path, json!({ "auths": { address: auth } }).to_string()).unwrap();
    let settings = Settings {
        auth_files: vec![path],
        ..settings()
    };
    push(&registry.name("x"), settings, &image()).unwrap();
    let state = registry.state();
    let asked = state.requests.iter().filter(|seen| seen.path == "/token");
    assert!(asked.clone().count() > 0);
    assert!(asked.clone().all(|seen| seen.authorization.is_none()));
}

#[test]
fn an_upload_elsewhere_gets_no_credentials() {
    let elsewhere = Registry::start(Behaviour::default());
    let registry = Registry::start(Behaviour {
        auth: Auth::Basic("me:secret".to_owned()),
        redirect_uploads: Some(format!("http://{}/v2/x/blobs/uploads/1", elsewhere.address)),
        ..Behaviour::default()
    });
    let (_credentials, settings) = credentials(&registry, "me:secret");
    // The blobs are elsewhere then, and the manifest is refused.
    push(&registry.name("x"), settings, &image()).unwrap_err();
    let state = elsewhere.state();
    assert!(!state.requests.is_empty());
    assert!(
        state
            .requests
            .iter()
            .all(|seen| seen.authorization.is_none())
    );
}

#[test]
fn unsafe_redirects_are_not_followed() {
    for target in [
        "http://example.org",
        "http://169.254.169.254",
        "https://user:hunter2@example.org",
        "ftp://example.org",
        "file://",
    ] {
        let registry = Registry::start(Behaviour {
            redirect_blobs: Some(target.to_owned()),
            ..Behaviour::default()
        });
        push(&registry.name("x"), settings(), &image()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.name("x"), settings(), folder.path()).unwrap_err();
        assert!(
            matches!(error, Error::Refused { .. } | Error::Malformed(_)),
            "{target}: {error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    // A registry that sends clients in a circle.
    let registry = Registry::start(Behaviour::default());
    let circle = format!("http://{}", registry.address);
    push(&registry.name("x"), settings(), &image()).unwrap();
    registry.state().behaviour.redirect_blobs = Some(circle);
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.name("x"), settings(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
}

#[test]
fn a_busy_registry_is_asked_again() {
    for status in [429, 500, 503] {
        let registry = Registry::start(Behaviour {
            busy: Some((3, status)),
            broken: 2,
            ..Behaviour::default()
        });
        push(&registry.name("x"), settings(), &image()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        pull(&registry.name("x"), settings(), folder.path()).unwrap();
    }
    let registry = Registry::start(Behaviour {
        busy: Some((4, 503)),
        ..Behaviour::default()
    });
    let error = push(&registry.name("x"), settings(), &image()).unwrap_err();
    assert!(
        matches!(error, Error::Registry { status: 503, .. }),
        "{error}"
    );
    // Four times it is, also where several requests are one piece of work.
    let registry = Registry::start(Behaviour::default());
    push(&registry.name("x"), settings(), &image()).unwrap();
    registry.state().behaviour.busy_blobs = Some(503);
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.name("x"), settings(), folder.path()).unwrap_err();
    assert!(
        matches!(error, Error::Registry { status: 503, .. }),
        "{error}"
    );
    assert_eq!(registry.count("GET", "/blobs/"), 4);
    let error = push(&registry.name("y"), settings(), &image()).unwrap_err();
    assert!(
        matches!(error, Error::Registry { status: 503, .. }),
        "{error}"
    );
    assert_eq!(registry.count("HEAD", "/y/blobs/"), 4);
}

#[test]
fn a_registry_that_is_not_there_is_not_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let start = Instant::now();
    let settings = Settings {
        back_off: Duration::from_secs(5),
        ..Settings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&format!("{address}/x"), settings, folder.path()).unwrap_err();
    assert!(error.to_string().contains("cannot connect"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn other_content_than_announced_is_refused() {
    for behaviour in [
        Behaviour {
            corrupt: true,
            ..Behaviour::default()
        },
        Behaviour {
            endless: true,
            ..Behaviour::default()
        },
        Behaviour {
            wrong_digest: true,
            ..Behaviour::default()
        },
    ] {
        let registry = Registry::start(Behaviour::default());
        push(&registry.name("x"), settings(), &image()).unwrap();
        registry.state().behaviour = behaviour;
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.name("x"), settings(), folder.path()).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
        assert!(!folder.path().join("index.json").exists());
    }
}

#[test]
fn hostile_manifests_are_refused() {
    let registry = Registry::start(Behaviour::default());
    let config = registry.put(b"{}");
    let huge = json!({ "mediaType": media::WASM, "digest": config, "size": 1u64 << 60 });
    let other = registry.put(b"[]");
    let short = json!({ "mediaType": media::WASM, "digest": other, "size": 1 });
    let path = json!({ "mediaType": media::WASM, "digest": "sha256:../../../x", "size": 2 });
    let good = json!({ "mediaType": media::WASM, "digest": config, "size": 2 });
    let manifest = |layer: &serde_json::Value| {
        json!({ "schemaVersion": 2, "config": good, "layers": [layer] }).to_string()
    };
    for (tag, text) in [
        ("text", "not JSON".to_owned()),
        ("array", "[]".to_owned()),
        ("empty", "{}".to_owned()),
        ("huge", manifest(&huge)),
        ("short", manifest(&short)),
        ("path", manifest(&path)),
        (
            "large",
            format!("\"{}\"", "x".repeat(limits::MANIFEST as usize)),
        ),
        ("deep", "[".repeat(100_000)),
    ] {
        registry.put_manifest(tag, media::MANIFEST, text.as_bytes());
        let name = registry.name(&format!("x:{tag}"));
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&name, settings(), folder.path()).unwrap_err();
        assert!(
            matches!(error, Error::Malformed(_) | Error::Limit(_)),
            "{tag}: {error}"
        );
        let found = with(&name, settings(), |client| {
            module::find(&Source::Registry(client))
        });
        assert!(found.is_err(), "{tag}");
        assert!(!folder.path().join("index.json").exists());
    }
    // An index that contains an index, without end.
    let mut inner = manifest(&good);
    for _ in 0..5 {
        let digest = registry.put_manifest("nested", media::INDEX, inner.as_bytes());
        let child = json!({ "mediaType": media::INDEX, "digest": digest, "size": inner.len() });
        inner = json!({ "schemaVersion": 2, "manifests": [child] }).to_string();
    }
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.name("x:nested"), settings(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
}

#[test]
fn documents_are_attached() {
    let document = Blob::new(media::CYCLONEDX, b"{\"bomFormat\":\"CycloneDX\"}".to_vec());
    for referrers in [true, false] {
        let registry = Registry::start(Behaviour {
            referrers,
            ..Behaviour::default()
        });
        let image = image();
        push(&registry.name("x"), settings(), &image).unwrap();
        for _ in 0..2 {
            let attached = with(&registry.name("x"), settings(), |client| {
                client.attach(&image.root(), &document)
            });
            let state = registry.state();
            let (_, manifest) = &state.manifests[&attached.unwrap().to_string()];
            let manifest: serde_json::Value = serde_json::from_slice(manifest).unwrap();
            assert_eq!(manifest["subject"]["digest"], image.index.to_string());
            assert_eq!(manifest["artifactType"], media::CYCLONEDX);
        }
        // Without the API, one entry in the list that stands in for it.
        let state = registry.state();
        let list = state
            .manifests
            .get(&format!("sha256-{}", image.index.hex()));
        assert_eq!(list.is_none(), referrers);
        if let Some((_, list)) = list {
            let list: serde_json::Value = serde_json::from_slice(list).unwrap();
            assert_eq!(list["manifests"].as_array().unwrap().len(), 1);
            assert_eq!(list["manifests"][0]["artifactType"], media::CYCLONEDX);
        }
    }
}

#[test]
fn the_digests_of_the_test_registry_are_ours() {
    assert_eq!(digest(b"{}"), wasmc_image::Digest::of(b"{}").to_string());
}
