//! Images in the engines and tools that people have: Docker, podman, containerd, gVisor, skopeo,
//! docker-registry and qemu. `scripts/container-tools` installs them from Debian.
//!
//! Each engine is started for its test alone, with folders of its own, which takes the superuser.
//! What is absent is said so on standard output.

#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
mod tools;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{HELLO, Sandbox};
use crate::tools::{Containerd, Docker, Registry, answer, free_port, has, is_root, say};

/// An HTTP server for the socket that it is granted.
const SERVE: &str = include_str!("serve.wat");
/// A program that needs 64 MiB.
const GROW: &str = include_str!("grow.wat");

/// The platforms of the images: all that this wasmc has.
fn platforms(sandbox: &Sandbox) -> Vec<&'static str> {
    let targets = sandbox.sh("wasmc targets --format json").ok();
    let targets: serde_json::Value = serde_json::from_str(targets.text()).unwrap();
    [(0, "linux/amd64"), (1, "linux/arm64")]
        .into_iter()
        .filter(|&(index, _)| targets[index]["executables"] == true)
        .map(|(_, platform)| platform)
        .collect()
}

/// A sandbox with `hello.tar`, named `registry.example/hello:1`.
fn hello() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("hello.wat", HELLO),
        ("serve.wat", SERVE),
        ("grow.wat", GROW),
    ]);
    let platforms = platforms(&sandbox).join(",");
    sandbox
        .sh(&format!(
            "wasmc image --platform {platforms} hello.wat -t registry.example/hello:1 -o hello.tar"
        ))
        .ok();
    sandbox
}

#[test]
fn skopeo_reads_archives_and_layouts() {
    if !has("skopeo") {
        return;
    }
    let sandbox = hello();
    let digest = |line: &str| {
        let outcome = sandbox.sh(line);
        assert_eq!(outcome.status, 0, "{line}: {outcome:?}");
        let value: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap();
        value["Digest"].as_str().unwrap().to_owned()
    };
    let platforms = platforms(&sandbox).join(",");
    let built = sandbox
        .sh(&format!(
            "wasmc image --platform {platforms} hello.wat -o layout/"
        ))
        .ok();
    assert_eq!(
        digest("skopeo inspect oci-archive:hello.tar"),
        built.text().trim()
    );
    assert_eq!(digest("skopeo inspect oci:layout"), built.text().trim());
    digest("skopeo inspect docker-archive:hello.tar");
    for (from, to) in [
        ("oci-archive:hello.tar", "docker-archive:a.tar"),
        ("docker-archive:hello.tar", "oci-archive:b.tar"),
        ("--all oci-archive:hello.tar", "oci:c"),
    ] {
        let outcome = sandbox.sh(&format!("skopeo --insecure-policy copy {from} {to}"));
        assert_eq!(outcome.status, 0, "{from}: {outcome:?}");
    }
    // What skopeo wrote is read by wasmc: there is no module in it.
    let outcome = sandbox.sh("wasmc compile c -o x");
    assert!(
        outcome.stderr.contains("no WebAssembly module"),
        "{outcome:?}"
    );
}

#[test]
fn a_registry_takes_and_gives_images() {
    if !has("docker-registry") || !has("skopeo") {
        return;
    }
    let sandbox = hello();
    for login in [None, Some("me:secret")] {
        if login.is_some() && !has("htpasswd") {
            return;
        }
        let registry = Registry::start(&sandbox, login);
        let name = format!("127.0.0.1:{}/a/hello:1", registry.port);
        let auth = sandbox.path("auth.json");
        let variables = [("REGISTRY_AUTH_FILE", auth.to_str().unwrap())];
        let sh = |line: &str| sandbox.sh_with(line, &variables);
        if login.is_some() {
            let outcome = sh(&format!("wasmc image push hello.tar {name}"));
            assert_eq!(outcome.status, 1, "{outcome:?}");
            assert!(outcome.stderr.contains("401"), "{outcome:?}");
            let outcome = sh(&format!(
                "skopeo login --tls-verify=false -u me -p secret 127.0.0.1:{}",
                registry.port
            ));
            assert_eq!(outcome.status, 0, "{outcome:?}");
        }
        let pushed = sh(&format!("wasmc image push hello.tar {name}")).ok();
        let outcome = sh(&format!(
            "skopeo inspect --tls-verify=false docker://{name}"
        ));
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.text().contains(pushed.text().trim()), "{outcome:?}");
        let pulled = sh(&format!("wasmc image pull {name} -o pulled.tar")).ok();
        assert_eq!(pulled.text(), pushed.text());
        let module = format!("127.0.0.1:{}/a/module:1", registry.port);
        sh(&format!("wasmc image push hello.wat {module}")).ok();
        assert_eq!(
            sh(&format!("wasmc run oci://{module}")).ok().text(),
            "hello\n"
        );
        // With a bill of materials, which this registry lists by a tag.
        let outcome = sh(&format!(
            "wasmc image --platform {} hello.wat -t {name} --push",
            platforms(&sandbox).join(",")
        ))
        .ok();
        let tag = outcome.text().trim().replace(':', "-");
        let outcome = sh(&format!(
            "skopeo list-tags --tls-verify=false docker://{name}"
        ));
        let without_tag = name.trim_end_matches(":1");
        let outcome = match outcome.status {
            0 => outcome,
            _ => sh(&format!(
                "skopeo list-tags --tls-verify=false docker://{without_tag}"
            )),
        };
        assert!(outcome.text().contains(&tag), "{outcome:?}");
    }
}

#[test]
fn docker_loads_and_runs_images() {
    let sandbox = hello();
    let Some(docker) = Docker::start(&sandbox) else {
        return;
    };
    let sh = |line: &str| sandbox.sh_with(line, &[("DOCKER_HOST", &docker.host)]);
    let outcome = sh("docker load -i hello.tar");
    assert!(
        outcome.text().contains("registry.example/hello:1"),
        "{outcome:?}"
    );
    for flags in [
        "--network none",
        "--network host",
        "--read-only --cap-drop ALL --security-opt no-new-privileges",
        "--memory 32m --pids-limit 16",
        "--user 1234:1234",
    ] {
        let outcome = sh(&format!("docker run --rm {flags} registry.example/hello:1"));
        assert_eq!(outcome.text(), "hello\n", "{flags}: {outcome:?}");
    }
    let outcome = sh("docker inspect --format '{{.Config.User}}' registry.example/hello:1");
    assert_eq!(outcome.text(), "65532:65532\n");
    a_limit_on_memory_holds(&sandbox, &sh);
    let mut runtimes = vec![""];
    runtimes.extend(docker.has_gvisor.then_some("--runtime gvisor"));
    for (name, file, expected) in servers(&sandbox) {
        build_server(&sandbox, name, file);
        let outcome = sh(&format!("docker load -i {name}.tar"));
        assert_eq!(outcome.status, 0, "{outcome:?}");
        for flags in &runtimes {
            serves_and_stops("docker", name, flags, expected, &sh);
        }
    }
}

/// A program that touches more than its container may have is ended by the kernel.
fn a_limit_on_memory_holds(sandbox: &Sandbox, sh: &dyn Fn(&str) -> support::Outcome) {
    let platforms = platforms(sandbox).join(",");
    let outcome = sh(&format!(
        "wasmc image --platform {platforms} grow.wat -t registry.example/grow:1 --load=docker"
    ));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let run = "docker run --rm --network none";
    let outcome = sh(&format!("{run} registry.example/grow:1"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let outcome = sh(&format!(
        "{run} --memory 16m --memory-swap 16m registry.example/grow:1"
    ));
    if outcome.stderr.contains("does not support") {
        say(&format!(
            "memory limits do not work here: {}",
            outcome.stderr.trim()
        ));
        return;
    }
    assert_eq!(outcome.status, 137, "{outcome:?}");
}

/// Servers for port 8080: names, files of modules, and what they answer.
fn servers(sandbox: &Sandbox) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut servers = vec![("serve", "serve.wat", "hello\n")];
    let example = "http-server.wasm";
    let material = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.material/wasm");
    match fs::read(material.join(example)) {
        Ok(module) => {
            sandbox.write(example, &module);
            let greeting = "Hello from WebAssembly, compiled by wasmc.\n";
            servers.push(("http-server", example, greeting));
        }
        Err(_) => say(
            "the example's server is absent and not tested; `scripts/material http-server` \
             builds it",
        ),
    }
    servers
}

/// Makes `NAME.tar` with the image of a server.
fn build_server(sandbox: &Sandbox, name: &str, file: &str) {
    let platforms = platforms(sandbox).join(",");
    sandbox
        .sh(&format!(
            "wasmc image --platform {platforms} {file} -t registry.example/{name}:1 \
             --listen 0.0.0.0:8080 -o {name}.tar"
        ))
        .ok();
}

/// A server behind a published port answers, as nobody's user and within limits, and SIGTERM ends it
/// at once although it is PID 1.
fn serves_and_stops(
    engine: &str,
    name: &str,
    flags: &str,
    expected: &str,
    sh: &dyn Fn(&str) -> support::Outcome,
) {
    let port = free_port();
    let outcome = sh(&format!(
        "{engine} run --detach --name {name} {flags} --read-only --memory 64m --pids-limit 32 \
         --cap-drop ALL --security-opt no-new-privileges --publish 127.0.0.1:{port}:8080 \
         registry.example/{name}:1"
    ));
    assert_eq!(outcome.status, 0, "{flags}: {outcome:?}");
    assert_eq!(
        answer(port).as_deref(),
        Some(expected),
        "{flags}: {:?}",
        sh(&format!("{engine} logs {name}"))
    );
    let start = Instant::now();
    sh(&format!("{engine} stop --time 30 {name}"));
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{flags}: SIGTERM did not stop it"
    );
    let outcome = sh(&format!(
        "{engine} inspect --format '{{{{.State.ExitCode}}}}' {name}"
    ));
    assert_eq!(outcome.text(), "143\n", "{flags}: {outcome:?}");
    let outcome = sh(&format!("{engine} rm --force {name}"));
    assert_eq!(outcome.status, 0, "{flags}: {outcome:?}");
}

#[test]
fn containerd_imports_and_runs_images() {
    let sandbox = hello();
    let Some(containerd) = Containerd::start(&sandbox) else {
        return;
    };
    let ctr = format!("ctr --address {}", containerd.socket);
    let all = match platforms(&sandbox).len() {
        1 => "",
        _ => "--all-platforms",
    };
    for line in [
        format!("{ctr} image import {all} hello.tar"),
        format!("{ctr} image check | grep registry.example/hello:1"),
    ] {
        let outcome = sandbox.sh(&line);
        assert_eq!(outcome.status, 0, "{line}: {outcome:?}");
    }
    for (id, flags) in [
        ("a", ""),
        ("b", "--read-only"),
        ("c", "--memory-limit 33554432"),
    ] {
        let outcome = sandbox.sh(&format!(
            "{ctr} run --rm {flags} registry.example/hello:1 {id}"
        ));
        assert_eq!(outcome.text(), "hello\n", "{flags}: {outcome:?}");
    }
}

#[test]
fn podman_loads_and_runs_images() {
    if !has("podman") || !has("runc") || !is_root("podman") {
        return;
    }
    let sandbox = hello();
    let podman = "podman --root $PWD/root --runroot $PWD/run --storage-driver vfs \
                  --cgroup-manager cgroupfs --runtime runc";
    let outcome = sandbox.sh(&format!("{podman} load -i hello.tar"));
    assert!(
        outcome.text().contains("registry.example/hello:1"),
        "{outcome:?}"
    );
    // podman asks for more open files and processes than a container may have here and there.
    let limits = "--ulimit nofile=1024:1024 --ulimit nproc=1024:1024";
    for flags in [
        "--network none",
        "--network host --read-only --user 1234 --cap-drop all",
        "--network none --memory 32m --pids-limit 16",
    ] {
        let line = format!("{podman} run --rm {limits} {flags} registry.example/hello:1");
        let outcome = sandbox.sh(&line);
        assert_eq!(outcome.text(), "hello\n", "{flags}: {outcome:?}");
    }
    // It publishes ports by tools that Debian only recommends.
    let published = sandbox.sh(&format!(
        "{podman} run --rm {limits} --publish 127.0.0.1:{}:8080 registry.example/hello:1",
        free_port()
    ));
    if published.status != 0 {
        let why = published.stderr.trim();
        say(&format!("podman publishes no ports here: {why}"));
        return;
    }
    for (name, file, expected) in servers(&sandbox) {
        build_server(&sandbox, name, file);
        let outcome = sandbox.sh(&format!("{podman} load -i {name}.tar"));
        assert_eq!(outcome.status, 0, "{outcome:?}");
        serves_and_stops(podman, name, limits, expected, &|line| sandbox.sh(line));
    }
}

#[test]
fn other_runtimes_run_the_file_system() {
    let sandbox = hello();
    sandbox
        .sh("mkdir -p x bundle/rootfs; tar -C x -xf hello.tar")
        .ok();
    let manifest = fs::read(sandbox.path("x/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for layer in manifest[0]["Layers"].as_array().unwrap() {
        let layer = layer.as_str().unwrap();
        sandbox
            .sh(&format!("tar -C bundle/rootfs -xzf x/{layer}"))
            .ok();
    }
    for (runtime, flags) in [
        ("runc", ""),
        ("crun", ""),
        ("runsc", "--network=none --ignore-cgroups --platform=ptrace"),
    ] {
        if !has(runtime) || !is_root(runtime) {
            continue;
        }
        let id = format!("wasmc-test-{}", std::process::id());
        let outcome = sandbox.sh(&format!(
            "cd bundle; rm -f config.json; {runtime} spec; \
             sed -i -e 's/\"terminal\": true/\"terminal\": false/' \
                    -e 's/\"sh\"/\"\\/bin\\/hello\"/' config.json; \
             {runtime} --root $PWD/../{runtime} {flags} run {id}"
        ));
        let is_kernel = ["cgroups in hybrid mode", "cgroup"]
            .iter()
            .any(|text| outcome.stderr.contains(text));
        if outcome.status != 0 && is_kernel {
            say(&format!(
                "{runtime} does not run here: {}",
                outcome.stderr.trim()
            ));
            continue;
        }
        assert_eq!(outcome.text(), "hello\n", "{runtime}: {outcome:?}");
    }
}

#[test]
fn the_image_for_arm64_runs() {
    if !has("skopeo") || !has("qemu-aarch64-static") {
        return;
    }
    let sandbox = hello();
    if !platforms(&sandbox).contains(&"linux/arm64") {
        say("this wasmc has no runtime for arm64");
        return;
    }
    let outcome = sandbox.sh(
        "skopeo --insecure-policy --override-arch arm64 copy oci-archive:hello.tar dir:arm64 && \
         mkdir root && for layer in arm64/*; do tar -C root -xzf $layer 2>/dev/null || true; done; \
         qemu-aarch64-static root/bin/hello",
    );
    assert!(outcome.text().ends_with("hello\n"), "{outcome:?}");
}
