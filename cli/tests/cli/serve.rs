//! Servers: `wasmc serve`, what `wasmc inspect` says of one, and the port of its image.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::image;
use crate::support::Sandbox;

const SERVER: &str = include_str!("../../../tests/servers/kinds.wat");

/// Ends the process of a server with its value.
struct Ends(String);

impl Drop for Ends {
    fn drop(&mut self) {
        let sandbox = Sandbox::with(&[]);
        sandbox.sh(&format!("kill {} || true", self.0));
    }
}

#[test]
fn a_component_is_served() {
    let sandbox = Sandbox::with(&[("app.wat", SERVER)]);
    let line = "wasmc serve --listen 127.0.0.1:0 --access-log app.wat >/dev/null 2>log & echo $!";
    let started = sandbox.sh(line).ok();
    let server = Ends(started.text().trim().to_owned());
    let log = || std::fs::read_to_string(sandbox.path("log")).unwrap_or_default();
    let address = (0..1000).find_map(|_| {
        thread::sleep(Duration::from_millis(20));
        let log = log();
        let rest = log.split_once("listening at http://")?.1;
        Some(rest.split_once('\n')?.0.to_owned())
    });
    let address = address.expect("the server listens");
    let mut stream = TcpStream::connect(address).unwrap();
    let request = b"GET /whole HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"));
    drop(server);
}

#[test]
fn a_server_is_told_from_a_command() {
    let sandbox = Sandbox::with(&[("app.wat", SERVER)]);
    let inspected = sandbox.sh("wasmc inspect app.wat").ok();
    let text = inspected.text();
    assert!(text.starts_with("component (") && text.contains(" bytes), a server\n"));
    for needed in ["accept4", "epoll_pwait"] {
        assert!(text.contains(needed), "{text}");
    }
    assert!(
        !text.contains("execve") && !text.contains("clone"),
        "{text}"
    );
    let of = |flags: &str| {
        let platform = image::PLATFORM;
        let line = format!("wasmc image --platform {platform} {flags} app.wat -o image.tar");
        sandbox.sh(&line).ok();
        let read = image::read(&sandbox.path("image.tar"));
        std::fs::remove_file(Path::new(&sandbox.path("image.tar"))).unwrap();
        read.config["config"]["ExposedPorts"].to_string()
    };
    assert_eq!(of(""), "{\"8080/tcp\":{}}");
    assert_eq!(of("--listen 0.0.0.0:3000"), "{\"3000/tcp\":{}}");
}
