//! `wasmc image`: what is in an image, and that the same input gives the same one.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use wasmc_image::limits;
use wasmc_image::store::Store;

use crate::support::{HELLO, Sandbox};

/// The platform that every build of wasmc on this machine has.
pub const PLATFORM: &str = match cfg!(target_arch = "aarch64") {
    true => "linux/arm64",
    false => "linux/amd64",
};

/// An image that was read.
pub struct Read {
    pub manifest: Value,
    pub config: Value,
}

/// Reads the image of the first platform.
pub fn read(path: &Path) -> Read {
    let store = Store::open(path).unwrap();
    let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
    let index = json(
        store
            .blob(&store.root().unwrap(), limits::MANIFEST)
            .unwrap(),
    );
    let blob = |descriptor: &Value| {
        let descriptor: wasmc_image::Descriptor = wasmc_image::Descriptor {
            media_type: descriptor["mediaType"].as_str().unwrap().to_owned(),
            digest: descriptor["digest"].as_str().unwrap().parse().unwrap(),
            size: descriptor["size"].as_u64().unwrap(),
            platform: None,
            annotations: Vec::new(),
        };
        store.blob(&descriptor, limits::MODULE).unwrap()
    };
    let manifest = json(blob(&index["manifests"][0]));
    let config = json(blob(&manifest["config"]));
    for layer in manifest["layers"].as_array().unwrap() {
        blob(layer);
    }
    Read { manifest, config }
}

/// Unpacks the layers of an archive or layout into `root`, by the system's own tools.
pub fn unpack(sandbox: &Sandbox, archive: &str, image: &Read) {
    sandbox
        .sh(&format!("mkdir x; tar -C x -xf {archive}; mkdir root"))
        .ok();
    for layer in image.manifest["layers"].as_array().unwrap() {
        let hex = layer["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap();
        sandbox
            .sh(&format!("tar -C root -xzf x/blobs/sha256/{hex}"))
            .ok();
    }
}

#[test]
fn an_image_has_what_a_program_needs() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("page.html", "<p>")]);
    sandbox
        .sh("mkdir site; mv page.html site; ln -s page.html site/index.html")
        .ok();
    let outcome = sandbox
        .sh(&format!(
            "wasmc image --platform {PLATFORM} hello.wat -t example.org/hello:1 -o image.tar \
             --copy site:/srv --env MODE=fast --env TERM --dir /srv:ro --dir /data \
             --listen 0.0.0.0:8080 --expose 53/udp --label org.opencontainers.image.title=Hello \
             --arg --fixed -- --usual 'two words'"
        ))
        .ok();
    let digest = outcome.text().trim();
    let store = Store::open(&sandbox.path("image.tar")).unwrap();
    assert_eq!(store.root().unwrap().digest.to_string(), digest);

    let image = read(&sandbox.path("image.tar"));
    let config = &image.config["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(
        config["Entrypoint"],
        serde_json::json!(["/bin/hello", "--fixed"])
    );
    assert_eq!(config["Cmd"], serde_json::json!(["--usual", "two words"]));
    assert_eq!(config["Env"], serde_json::json!(["MODE=fast"]));
    assert_eq!(config["WorkingDir"], "/");
    assert_eq!(
        config["ExposedPorts"],
        serde_json::json!({ "53/udp": {}, "8080/tcp": {} })
    );
    assert_eq!(config["Labels"]["org.opencontainers.image.title"], "Hello");
    assert_eq!(image.config["created"], "1970-01-01T00:00:00Z");

    unpack(&sandbox, "image.tar", &image);
    let listing = sandbox
        .sh("cd root; find . -mindepth 1 -printf '%P %y %m %U\\n' | sort")
        .ok();
    let expected = "\
bin d 755 0
bin/hello f 755 0
data d 755 65532
etc d 755 0
etc/group f 644 0
etc/nsswitch.conf f 644 0
etc/passwd f 644 0
home d 755 0
home/nonroot d 700 65532
srv d 755 0
srv/index.html l 777 0
srv/page.html f 644 0
tmp d 1777 0
";
    // Only the superuser's tar gives files to others and keeps the sticky bit.
    match rustix::process::geteuid().is_root() {
        true => assert_eq!(listing.text(), expected),
        false => println!("owners are not compared: these tests are not run by the superuser"),
    }
}

#[test]
fn the_executable_of_an_image_runs_and_is_sealed() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    for (flags, status) in [("", 0), ("--unsealed", 1)] {
        sandbox
            .sh(&format!(
                "rm -rf x root; wasmc image --platform {PLATFORM} hello.wat {flags} -o image.tar"
            ))
            .ok();
        let image = read(&sandbox.path("image.tar"));
        unpack(&sandbox, "image.tar", &image);
        let outcome = sandbox.sh("root/bin/hello").ok();
        assert_eq!(outcome.text(), "hello\n");
        let outcome = sandbox.sh_with("root/bin/hello", &[("WASMC_OPTIONS", "--nonsense")]);
        assert_eq!(outcome.status, status, "{flags}: {outcome:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_image() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("file", "content")]);
    let line = format!(
        "wasmc image --platform {PLATFORM} hello.wat --copy file:/etc/file --label b=1 --label a=2 -o"
    );
    let digest = |output: &str, variables: &[(&str, &str)]| {
        let outcome = sandbox.sh_with(&format!("{line} {output}"), variables).ok();
        outcome.text().to_owned()
    };
    let first = digest("first.tar", &[]);
    sandbox.sh("touch -d 2001-01-01 file; chmod 600 file").ok();
    assert_eq!(
        digest("second.tar", &[("TZ", "Asia/Tokyo"), ("LANG", "C")]),
        first
    );
    sandbox.sh("cmp first.tar second.tar").ok();
    assert_eq!(digest("layout/", &[]), first);
    assert_eq!(digest("layout/", &[]), first);
    let later = digest("later.tar", &[("SOURCE_DATE_EPOCH", "1700000000")]);
    assert_ne!(later, first);
    let image = read(&sandbox.path("later.tar"));
    assert_eq!(image.config["created"], "2023-11-14T22:13:20Z");
    let layout = Store::open(&sandbox.path("layout")).unwrap();
    assert_eq!(layout.root().unwrap().digest.to_string(), first.trim());
    assert_eq!(
        read(&sandbox.path("layout")).config,
        read(&sandbox.path("first.tar")).config
    );
}

#[test]
fn programs_can_read_what_was_built() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox
        .sh(&format!(
            "wasmc image --platform {PLATFORM} hello.wat -t a -t b:2 --format json -o image.tar"
        ))
        .ok();
    let value: Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(
        value["tags"],
        serde_json::json!(["docker.io/library/a:latest", "docker.io/library/b:2"])
    );
    assert_eq!(value["platforms"][0]["platform"], PLATFORM);
    let bytes = value["platforms"][0]["bytes"].as_u64().unwrap();
    assert!((1000..200_000).contains(&bytes), "{bytes}");
}

#[test]
fn standard_output_takes_an_archive() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox
        .sh(&format!(
            "wasmc image --platform {PLATFORM} - -o - < hello.wat > image.tar; tar -tf image.tar > list"
        ))
        .ok();
    let image = read(&sandbox.path("image.tar"));
    assert_eq!(image.config["config"]["Entrypoint"][0], "/bin/app");
}

#[test]
fn a_platform_without_a_runtime_is_named() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let targets = sandbox.sh("wasmc targets --format json").ok();
    let targets: Vec<BTreeMap<String, Value>> = serde_json::from_str(targets.text()).unwrap();
    let all = targets.iter().all(|target| target["executables"] == true);
    let outcome = sandbox.sh("wasmc image hello.wat -o image.tar");
    if all {
        let image = Store::open(&sandbox.path("image.tar")).unwrap();
        let index = image
            .blob(&image.root().unwrap(), limits::MANIFEST)
            .unwrap();
        let index: Value = serde_json::from_slice(&index).unwrap();
        let architecture = |at: usize| index["manifests"][at]["platform"]["architecture"].clone();
        assert_eq!([architecture(0), architecture(1)], ["amd64", "arm64"]);
    } else {
        println!("this wasmc has one runtime: an image for both platforms is not tested");
        assert_eq!(outcome.status, 2);
        assert!(
            outcome.stderr.contains("pass `--platform linux/"),
            "{outcome:?}"
        );
        assert!(!sandbox.path("image.tar").exists());
    }
}

#[test]
fn only_layouts_are_overwritten() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox.sh("mkdir full; touch full/precious").ok();
    let outcome = sandbox.sh(&format!(
        "wasmc image --platform {PLATFORM} hello.wat -o full/"
    ));
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert_eq!(sandbox.sh("ls full").ok().text(), "precious\n");
}
