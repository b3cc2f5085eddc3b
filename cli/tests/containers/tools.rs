//! Engines and registries that a test starts for itself and ends.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Sandbox;

/// Longest that is waited for an engine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says something that the output of a passing test does not hide.
pub fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "containers: {text}").unwrap();
}

/// Whether a tool is installed; says so when it is not.
pub fn has(tool: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path
        .split(':')
        .any(|folder| Path::new(folder).join(tool).is_file());
    if !found {
        say(&format!(
            "{tool} is not installed; `scripts/container-tools` installs it"
        ));
    }
    found
}

/// Whether these tests are run by the superuser, as engines need it; says so when they are not.
pub fn is_root(tool: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        say(&format!("{tool} is not tested: it needs the superuser"));
    }
    is_root
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What an HTTP server answers, once it does.
pub fn answer(port: u16) -> Option<String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    wait_for(|| {
        let answer = ask().ok()?;
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
    })
}

fn wait_for<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = find() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}

/// A process that ends with its test.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command, log: &Path) -> Daemon {
        let log = File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        // It may be gone already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let ended = wait_for(|| self.0.try_wait().ok().flatten());
        if ended.is_none() {
            let _ = self.0.kill();
        }
    }
}

/// What an engine leaves mounted in its folder, which could not be removed otherwise.
struct Mounts(PathBuf);

impl Drop for Mounts {
    fn drop(&mut self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for point in points.filter(|point| Path::new(point).starts_with(&self.0)) {
            // What stays mounted only leaves a folder behind.
            let _ = Command::new("umount").arg(point).status();
        }
    }
}

/// A registry of Debian's `docker-registry`.
pub struct Registry {
    pub port: u16,
    _daemon: Daemon,
}

impl Registry {
    /// Starts one, which asks for a login if there is one.
    pub fn start(sandbox: &Sandbox, login: Option<&str>) -> Registry {
        let port = free_port();
        let mut config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: \"127.0.0.1:{port}\" }}\n",
            sandbox.path(&format!("storage{port}")).display()
        );
        if let Some((user, password)) = login.and_then(|login| login.split_once(':')) {
            sandbox
                .sh(&format!("htpasswd -Bbn {user} {password} > htpasswd"))
                .ok();
            let path = sandbox.path("htpasswd");
            let path = path.display();
            config.push_str(&format!(
                "auth: {{ htpasswd: {{ realm: test, path: {path} }} }}\n"
            ));
        }
        sandbox.write("registry.yml", config.as_bytes());
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(sandbox.path("registry.yml"));
        let daemon = Daemon::start(&mut command, &sandbox.path("registry.log"));
        let listens = wait_for(|| TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(listens.is_some(), "docker-registry does not listen");
        Registry {
            port,
            _daemon: daemon,
        }
    }
}

/// A containerd of its own.
pub struct Containerd {
    pub socket: String,
    _daemon: Daemon,
}

impl Containerd {
    pub fn start(sandbox: &Sandbox) -> Option<Containerd> {
        if !has("containerd") || !has("ctr") || !has("runc") || !is_root("containerd") {
            return None;
        }
        let folder = sandbox.path("containerd");
        fs::create_dir(&folder).unwrap();
        let socket = folder.join("sock").display().to_string();
        let mut command = Command::new("containerd");
        command
            .arg("--root")
            .arg(folder.join("root"))
            .arg("--state")
            .arg(folder.join("state"))
            .args(["--address", &socket]);
        let log = folder.join("log");
        let containerd = Containerd {
            _daemon: Daemon::start(&mut command, &log),
            socket,
        };
        let ready = wait_for(|| {
            let line = format!("ctr --address {} version", containerd.socket);
            (sandbox.sh(&line).status == 0).then_some(())
        });
        if ready.is_none() {
            say(&format!(
                "containerd does not start here: {}",
                last_line(&log)
            ));
            return None;
        }
        Some(containerd)
    }
}

/// A Docker daemon of its own.
pub struct Docker {
    pub host: String,
    /// Whether gVisor is one of its runtimes, named `gvisor`.
    pub has_gvisor: bool,
    // In this order: it uses containerd until it has ended, and leaves mounts behind.
    _daemon: Daemon,
    _containerd: Containerd,
    _mounts: Mounts,
}

impl Docker {
    pub fn start(sandbox: &Sandbox) -> Option<Docker> {
        if !has("docker") || !has("dockerd") || !is_root("dockerd") {
            return None;
        }
        if Path::new("/var/run/docker.sock").exists() {
            say("Docker runs already, and two would share its bridge: not tested");
            return None;
        }
        let containerd = Containerd::start(sandbox)?;
        let folder = sandbox.path("docker");
        fs::create_dir(&folder).unwrap();
        let host = format!("unix://{}", folder.join("sock").display());
        let mut command = Command::new("dockerd");
        command
            .args(["--host", &host, "--containerd", &containerd.socket])
            .args([
                "--storage-driver",
                "vfs",
                "--default-ulimit",
                "nofile=1024:1024",
            ])
            .arg("--data-root")
            .arg(folder.join("root"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("pid"));
        let has_gvisor = has("runsc");
        if has_gvisor {
            // It runs on any machine like this; the network is that of the container.
            let script = "#!/bin/sh\n\
                          exec runsc --platform=ptrace --ignore-cgroups --network=host \"$@\"\n";
            sandbox.write("gvisor", script.as_bytes());
            sandbox.sh("chmod +x gvisor").ok();
            let runtime = format!("gvisor={}", sandbox.path("gvisor").display());
            command.arg("--add-runtime").arg(runtime);
        }
        let log = folder.join("log");
        let docker = Docker {
            has_gvisor,
            _daemon: Daemon::start(&mut command, &log),
            _containerd: containerd,
            _mounts: Mounts(folder),
            host,
        };
        let ready = wait_for(|| {
            let outcome = sandbox.sh_with("docker version", &[("DOCKER_HOST", &docker.host)]);
            (outcome.status == 0).then_some(())
        });
        if ready.is_none() {
            say(&format!("dockerd does not start here: {}", last_line(&log)));
            return None;
        }
        Some(docker)
    }
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}
