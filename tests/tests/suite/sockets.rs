//! Sockets of a guest's own, from the import to the kernel, confined: both generations of WasmEdge's
//! functions, and the example's server under load.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wasmc_abi::wasi::{FUNCTIONS, ValueType};
use wasmc_compiler::grants::Grants;
use wasmc_compiler::{Options, compile};
use wasmc_tests::expected;
use wasmc_tests::process::{Executable, Launch};
use wasmc_tests::target::say;

const LIMIT: Duration = Duration::from_secs(30);

fn options(words: &[&str]) -> Options {
    Options::default().grants(Grants::parse(words).expect("they are grants"))
}

/// Every function under every one of its names, and what is said about a type that none has.
#[test]
fn the_type_of_an_import_chooses_its_function() {
    let mut wat = String::from("(module ");
    for function in FUNCTIONS {
        for name in function.imports {
            let params: Vec<_> = function
                .params
                .iter()
                .map(|(_, ty)| match ty {
                    ValueType::I32 => "i32",
                    ValueType::I64 => "i64",
                })
                .collect();
            let result = function.result.map_or("", |_| "(result i32)");
            let _ = write!(
                wat,
                "(import \"wasi_snapshot_preview1\" \"{name}\" (func (param {}) {result}))",
                params.join(" ")
            );
        }
    }
    wat += r#"(memory (export "memory") 1) (func (export "_start")))"#;
    compile(&wat::parse_str(wat).unwrap(), &options(&[])).expect("every import is satisfied");
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "sock_accept" (func (param i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_accept_v1" (func (param i32 i32) (result i32)))
        (func (export "_start")))"#;
    let error = compile(&wat::parse_str(wat).unwrap(), &options(&[])).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(
            "incompatible import type: `wasi_snapshot_preview1` `sock_accept` \
             (func (param i64 i32) (result i32)); offered as \
             (func (param i32 i32 i32) (result i32)) and (func (param i32 i32) (result i32))"
        ) && text.contains("unknown import: `wasi_snapshot_preview1` `sock_accept_v1`"),
        "{text}"
    );
}

/// A guest that talks to itself. Each step is a call; the first that fails is the exit status.
#[test]
fn a_guest_talks_to_itself() {
    // Places: 0.. descriptors; 64 address of 4 bytes at 128; 72 address of 16 bytes at 144; 80 of
    // 128 bytes at 256; 88 type; 92 port; 96 list of one buffer at 512; 104 length; 108 flags;
    // 112 number 1; 116 size; 400 names.
    let steps = [
        "(call $open (i32.const 1) (i32.const 2) (i32.const 0))",
        "(call $setsockopt (i32.load (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 112) (i32.const 4))",
        "(call $bind (i32.load (i32.const 0)) (i32.const 64) (i32.const 0))",
        "(call $listen (i32.load (i32.const 0)) (i32.const 5))",
        "(call $local1 (i32.load (i32.const 0)) (i32.const 72) (i32.const 88) (i32.const 92))",
        "(i32.ne (i32.load (i32.const 88)) (i32.const 4))",
        "(i32.ne (i32.load (i32.const 144)) (i32.const 0x0100007f))",
        "(call $open2 (i32.const 1) (i32.const 2) (i32.const 4))",
        "(call $connect (i32.load (i32.const 4)) (i32.const 64) (i32.load (i32.const 92)))",
        "(call $accept1 (i32.load (i32.const 0)) (i32.const 8))",
        "(call $local2 (i32.load (i32.const 8)) (i32.const 80) (i32.const 120))",
        "(i32.ne (i32.load16_u (i32.const 256)) (i32.const 1))",
        "(i32.ne (i32.load (i32.const 120)) (i32.load (i32.const 92)))",
        "(call $peer2 (i32.load (i32.const 4)) (i32.const 80) (i32.const 120))",
        "(i32.ne (i32.load (i32.const 120)) (i32.load (i32.const 92)))",
        "(call $peer1 (i32.load (i32.const 8)) (i32.const 64) (i32.const 88) (i32.const 120))",
        "(call $getsockopt (i32.load (i32.const 8)) (i32.const 0) (i32.const 1) (i32.const 88) (i32.const 116))",
        "(i32.ne (i32.load (i32.const 88)) (i32.const 2))",
        // Datagrams.
        "(call $open (i32.const 1) (i32.const 1) (i32.const 12))",
        "(call $bind (i32.load (i32.const 12)) (i32.const 64) (i32.const 0))",
        "(call $local1 (i32.load (i32.const 12)) (i32.const 72) (i32.const 88) (i32.const 92))",
        "(call $open (i32.const 1) (i32.const 1) (i32.const 16))",
        "(call $send_to (i32.load (i32.const 16)) (i32.const 96) (i32.const 1) (i32.const 64) (i32.load (i32.const 92)) (i32.const 0) (i32.const 104))",
        "(call $send_to (i32.load (i32.const 16)) (i32.const 96) (i32.const 1) (i32.const 64) (i32.load (i32.const 92)) (i32.const 0) (i32.const 104))",
        "(call $epoll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 104))",
        "(call $recv_from1 (i32.load (i32.const 12)) (i32.const 96) (i32.const 1) (i32.const 72) (i32.const 0) (i32.const 104) (i32.const 108))",
        "(i32.ne (i32.load (i32.const 104)) (i32.const 8))",
        "(call $recv_from2 (i32.load (i32.const 12)) (i32.const 96) (i32.const 1) (i32.const 80) (i32.const 0) (i32.const 120) (i32.const 104) (i32.const 108))",
        "(i32.eqz (i32.load (i32.const 120)))",
        // localhost:http into one result at 600.
        "(call $getaddrinfo (i32.const 400) (i32.const 9) (i32.const 410) (i32.const 4) (i32.const 700) (i32.const 740) (i32.const 1) (i32.const 744))",
        "(i32.ne (i32.load (i32.const 744)) (i32.const 1))",
        "(i32.ne (i32.load (i32.const 660)) (i32.const 0x007f5000))",
        // `/etc/hosts` may be read; a name without a server may not be found.
        "(i32.eq (call $getaddrinfo (i32.const 420) (i32.const 9) (i32.const 410) (i32.const 4) (i32.const 700) (i32.const 740) (i32.const 1) (i32.const 744)) (i32.const 2))",
        "(i32.ne (call $open (i32.const 3) (i32.const 2) (i32.const 0)) (i32.const 2))",
    ];
    let mut body = String::new();
    for (at, step) in steps.iter().enumerate() {
        let status = at + 1;
        let _ = write!(body, "(if {step} (then (call $exit (i32.const {status}))))");
    }
    let import = |name: &str, id: &str, params: usize| {
        let params = "i32 ".repeat(params);
        format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${id} (param {params}) (result i32)))"
        )
    };
    let imports = [
        import("sock_open", "open", 3),
        import("sock_open_v2", "open2", 3),
        import("sock_setsockopt", "setsockopt", 5),
        import("sock_getsockopt", "getsockopt", 5),
        import("sock_bind", "bind", 3),
        import("sock_listen", "listen", 2),
        import("sock_getlocaladdr", "local1", 4),
        import("sock_getlocaladdr", "local2", 3),
        import("sock_getpeeraddr", "peer1", 4),
        import("sock_getpeeraddr_v2", "peer2", 3),
        import("sock_connect", "connect", 3),
        import("sock_accept", "accept1", 2),
        import("sock_send_to", "send_to", 7),
        import("sock_recv_from", "recv_from1", 7),
        import("sock_recv_from", "recv_from2", 8),
        import("sock_getaddrinfo", "getaddrinfo", 8),
        import("epoll_oneoff", "epoll", 4),
    ];
    let wat = format!(
        r#"(module {}
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "\80\00\00\00\04\00\00\00\90\00\00\00\10\00\00\00\00\01\00\00\80\00\00\00")
        (data (i32.const 96) "\00\02\00\00\08\00\00\00")
        (data (i32.const 112) "\01\00\00\00\04\00\00\00")
        (data (i32.const 128) "\7f\00\00\01")
        (data (i32.const 400) "localhost\00http")
        (data (i32.const 420) "w.invalid")
        ;; The result: its address at 640, whose bytes lie at 660.
        (data (i32.const 612) "\80\02\00\00")
        (data (i32.const 640) "\01\00\00\00\0e\00\00\00\94\02\00\00")
        ;; The hints: IPv4, a stream. The pointer to the result.
        (data (i32.const 702) "\01\02")
        (data (i32.const 740) "\58\02\00\00")
        ;; A clock that has passed.
        (data (i32.const 1040) "\01")
        (func (export "_start") {body}))"#,
        imports.concat()
    );
    let module = wat::parse_str(wat).unwrap();
    for confine in ["--confine=auto", "--confine=off"] {
        let program = compile(&module, &options(&["--net", confine])).unwrap();
        let executable = Executable::new(&program.bytes).unwrap();
        let outcome = executable.run(&Launch::default(), LIMIT).unwrap();
        assert_eq!(outcome.code(), Some(0), "{confine}: {}", outcome.describe());
    }
    // Without the grant the first step fails.
    let program = compile(&module, &options(&[])).unwrap();
    let executable = Executable::new(&program.bytes).unwrap();
    let outcome = executable.run(&Launch::default(), LIMIT).unwrap();
    assert_eq!(outcome.code(), Some(1), "{}", outcome.describe());
}

/// The example's server while it runs, killed with its value.
struct Server {
    process: Child,
    port: u16,
    _executable: Executable,
}

impl Server {
    /// The server, under `--listen` alone; `None` when its module is absent.
    fn start(wrapper: &[&str]) -> Option<Server> {
        let path = expected::repository().join(".material/wasm/http-server.wasm");
        let Ok(module) = fs::read(&path) else {
            say(
                "SKIPPED: the example's server is absent; `scripts/material http-server` builds it",
            );
            return None;
        };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let listen = format!("--listen=0.0.0.0:{port}");
        let program = compile(&module, &options(&[&listen])).unwrap();
        let executable = Executable::new(&program.bytes).unwrap();
        let mut words = wrapper.to_vec();
        let program = executable.folder().join("program");
        words.push(program.to_str().unwrap());
        let process = Command::new(words[0])
            .args(&words[1..])
            .arg(port.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Server {
            process,
            port,
            _executable: executable,
        };
        let mut line = String::new();
        let stderr = server.process.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        assert_eq!(line, format!("listening on port {port}\n"));
        Some(server)
    }

    fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        BufReader::new(stream)
    }

    /// Sends it SIGTERM: how it ends, and how soon.
    fn terminate(mut self, pid: u32) -> (Option<i32>, Option<i32>, Duration) {
        let start = Instant::now();
        let kill = Command::new("kill").arg(pid.to_string()).status().unwrap();
        assert!(kill.success());
        while start.elapsed() < LIMIT {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status.code(), status.signal(), start.elapsed());
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("it does not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The body of the next answer, which must be a success.
fn answer(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    let mut len = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            len = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).unwrap();
    body
}

#[test]
fn the_example_serves_under_load() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    const CLIENTS: usize = 20;
    const REQUESTS: usize = 200;
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut stream = server.connect();
                for request in 0..REQUESTS {
                    if request % 2 == 0 {
                        let get = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";
                        stream.get_mut().write_all(get).unwrap();
                        assert!(answer(&mut stream).starts_with(b"Hello"));
                        continue;
                    }
                    // Longer than the server's buffers now and then; in two parts.
                    let len = (client * 7919 + request * 1009) % 100_000;
                    let body: Vec<_> = (0..len).map(|at| (at * 31 + client) as u8).collect();
                    let head = format!("POST /echo HTTP/1.1\r\nContent-Length: {len}\r\n\r\n");
                    let mut writer = stream.get_ref().try_clone().unwrap();
                    let sent = body.clone();
                    let write = thread::spawn(move || {
                        writer.write_all(head.as_bytes()).unwrap();
                        writer.write_all(&sent).unwrap();
                    });
                    assert_eq!(answer(&mut stream), body);
                    write.join().unwrap();
                }
            });
        }
    });
    // Requests in one go, and one that ends the connection.
    let mut stream = server.connect();
    let get = "GET / HTTP/1.1\r\n\r\n".repeat(100) + "GET / HTTP/1.0\r\n\r\n";
    stream.get_mut().write_all(get.as_bytes()).unwrap();
    for _ in 0..101 {
        assert!(answer(&mut stream).starts_with(b"Hello"));
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let pid = server.process.id();
    let (code, signal, time) = server.terminate(pid);
    assert_eq!((code, signal), (None, Some(15)));
    assert!(time < Duration::from_secs(2), "{time:?}");
    say(&format!(
        "HTTP server: {} requests answered, ended {time:?} after SIGTERM",
        CLIENTS * REQUESTS + 101
    ));
}

/// As the first process of a container, for which signals do nothing by default.
#[test]
fn the_example_ends_as_the_first_process() {
    const UNSHARE: [&str; 5] = ["unshare", "--user", "--map-root-user", "--pid", "--fork"];
    let works = Command::new(UNSHARE[0])
        .args(&UNSHARE[1..])
        .arg("true")
        .status();
    if !works.is_ok_and(|status| status.success()) {
        say("SKIPPED: this system makes no process namespaces");
        return;
    }
    let Some(server) = Server::start(&UNSHARE) else {
        return;
    };
    let unshare = server.process.id();
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let child = fs::read_to_string(Path::new(&children)).unwrap_or_default();
    let child: u32 = child.trim().parse().expect("the server is the one child");
    let mut stream = server.connect();
    stream
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    assert!(answer(&mut stream).starts_with(b"Hello"));
    let (code, _, time) = server.terminate(child);
    assert_eq!(code, Some(128 + 15));
    assert!(time < Duration::from_secs(2), "{time:?}");
}
