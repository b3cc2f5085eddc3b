//! Servers: components that answer requests, over connections of this machine. What clients may do, what
//! they must not get away with, and what a handler that misbehaves does to others.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use wasmc_compiler::{Options, compile};
use wasmc_tests::process::Executable;

const LIMIT: Duration = Duration::from_secs(20);

/// The executable of `tests/servers/kinds.wat`, which takes options from its environment.
fn kinds() -> &'static Executable {
    static KINDS: OnceLock<Executable> = OnceLock::new();
    KINDS.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/kinds.wat");
        let component = wat::parse_file(path).expect("the component is well-formed");
        let program = compile(&component, &Options::default()).expect("the component compiles");
        Executable::new(&program.bytes).expect("the executable can be written")
    })
}

/// The same with memories that are larger than what is made anew as a whole, of which the upper part
/// begins with bytes of the file, the counter among them.
fn large() -> &'static Executable {
    static LARGE: OnceLock<Executable> = OnceLock::new();
    LARGE.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/kinds.wat");
        let text = fs::read_to_string(path).expect("the component can be read");
        let bytes: String = (0..0x30000)
            .map(|at| match at {
                0x1fff0..0x1fff4 => "\\00".to_owned(),
                _ => char::from(b'a' + (at % 26) as u8).to_string(),
            })
            .collect();
        let data = format!("(data (i32.const 0x80000) \"{bytes}\")\n    (global $count");
        let text = text
            .replace("(memory 4 64)", "(memory 40 64)")
            .replace(
                "(memory (export \"memory\") 4 64)",
                "(memory (export \"memory\") 40 64)",
            )
            .replace("0x2fff0", "0x9fff0")
            .replacen("(global $count", &data, 1);
        let component = wat::parse_str(text).expect("the component is well-formed");
        let program = compile(&component, &Options::default()).expect("the component compiles");
        Executable::new(&program.bytes).expect("the executable can be written")
    })
}

/// A server while it runs, killed with its value.
struct Server {
    process: Child,
    address: SocketAddr,
    stderr: BufReader<ChildStderr>,
}

impl Server {
    /// The server with some more options; two workers at most unless these say otherwise.
    fn start(options: &str) -> Server {
        Server::of(kinds(), options)
    }

    fn of(executable: &Executable, options: &str) -> Server {
        let program = executable.folder().join("program");
        let mut process = Command::new(program)
            .env(
                "WASMC_OPTIONS",
                format!("--listen=127.0.0.1:0 --workers=2 {options}"),
            )
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut stderr = BufReader::new(process.stderr.take().expect("it is a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line comes");
        let address = line.trim().strip_prefix("listening at http://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address: {line:?}"));
        Server {
            process,
            address,
            stderr,
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(LIMIT)).expect("it can be set");
        Client(BufReader::new(stream))
    }

    /// The answer to a request on a connection of its own.
    fn get(&self, path: &str) -> Answer {
        let mut client = self.connect();
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        client.answer().expect("an answer")
    }

    /// The answer to bytes that are sent on a connection of their own.
    fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        let mut client = self.connect();
        // Whoever is refused early need not take all.
        let _ = client.0.get_mut().write_all(bytes);
        client.answer()
    }

    /// Tells it to end: its exit status, and how soon it ends.
    fn terminate(&mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        let pid = self.process.id().to_string();
        let kill = Command::new("kill").arg(pid).status().expect("kill runs");
        assert!(kill.success());
        while start.elapsed() < LIMIT {
            if let Some(status) = self.process.try_wait().expect("it can be waited for") {
                return (status.code(), start.elapsed());
            }
            thread::sleep(Duration::from_millis(2));
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

/// A connection.
struct Client(BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// The lines of the head after the first, lower case.
    head: String,
    body: Vec<u8>,
    /// Whether the body has the end that the head promises.
    whole: bool,
}

impl Client {
    fn send(&mut self, text: &str) {
        let sent = self.0.get_mut().write_all(text.as_bytes());
        sent.expect("the server takes it");
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok()?;
        line.strip_suffix("\r\n").map(str::to_owned)
    }

    /// The next answer; `None` when the connection ends before one.
    fn answer(&mut self) -> Option<Answer> {
        let first = self.line()?;
        let status = first.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let mut head = String::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            head += &(line.to_lowercase() + "\n");
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut answer = Answer {
            status,
            body: Vec::new(),
            whole: true,
            head: head.clone(),
        };
        if status == 100 {
            return Some(answer);
        }
        if let Some(length) = length {
            let length: u64 = length.parse().expect("a number");
            let mut body = (&mut self.0).take(length);
            body.read_to_end(&mut answer.body).ok()?;
            answer.whole = answer.body.len() as u64 == length;
        } else if head.contains("transfer-encoding: chunked") {
            answer.whole = self.chunks(&mut answer.body).is_some();
        } else {
            self.0.read_to_end(&mut answer.body).ok()?;
        }
        Some(answer)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let size = u64::from_str_radix(&self.line()?, 16).ok()?;
            let mut chunk = (&mut self.0).take(size);
            let read = chunk.read_to_end(body).ok()?;
            if read as u64 != size || !self.line()?.is_empty() {
                return None;
            }
            if size == 0 {
                return Some(());
            }
        }
    }

    /// Whether nothing comes any more.
    fn is_at_its_end(&mut self) -> bool {
        let mut rest = Vec::new();
        matches!(self.0.read_to_end(&mut rest), Ok(0))
    }
}

#[test]
fn answers_whatever_way_the_guest_writes_them() {
    let server = Server::start("");
    let mut client = server.connect();
    let mut ask = |request: &str| {
        client.send(request);
        client.answer().expect("an answer")
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    // One connection for all.
    let hello = ask(&get("/"));
    assert_eq!((hello.status, &*hello.body), (200, &b"hello\n"[..]));
    assert!(hello.head.contains("content-type: text/plain\n"));
    assert!(hello.head.contains("transfer-encoding: chunked\n"));
    assert!(hello.head.contains("\ndate: ") || hello.head.starts_with("date: "));
    let whole = ask(&get("/whole"));
    assert_eq!(&*whole.body, b"hello\n");
    assert!(whole.head.contains("content-length: 6\n"), "{whole:?}");
    let early = ask(&get("/early"));
    assert_eq!(&*early.body, b"hello\nhello\n");
    let none = ask(&get("/none"));
    assert_eq!((none.status, none.body.len()), (500, 0));
    let big = ask(&get("/big"));
    assert!(big.whole && big.body == vec![0; 1 << 20]);
    let absolute = ask("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(&*absolute.body, b"hello\n");
    // An answer without a body, and another one right behind it.
    client.send("HEAD /whole HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let lines = std::iter::from_fn(|| client.line().filter(|line| !line.is_empty()));
    let head: Vec<_> = lines.collect();
    assert_eq!(head[0], "HTTP/1.1 200 OK");
    assert!(head.contains(&"content-length: 6".to_owned()), "{head:?}");
    let after = client.answer().expect("nothing was in between");
    assert_eq!(&*after.body, b"hello\n");
    // The old version is not given chunks, and the connection ends.
    let mut client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let old = client.answer().expect("an answer");
    assert!(old.head.contains("connection: close\n") && !old.head.contains("chunked"));
    assert_eq!(&*old.body, b"hello\n");
}

#[test]
fn bodies_come_in_any_pieces() {
    let server = Server::start("");
    let mut client = server.connect();
    let body: Vec<u8> = (0..200_000u32).map(|at| ((at * 31) >> 3) as u8).collect();
    for chunked in [false, true] {
        let mut writer = client.0.get_ref().try_clone().expect("it can be cloned");
        let sent = body.clone();
        let writing = thread::spawn(move || {
            let framing = match chunked {
                true => "Transfer-Encoding: chunked".to_owned(),
                false => format!("Content-Length: {}", sent.len()),
            };
            let head = format!("POST /echo HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
            writer.write_all(head.as_bytes())?;
            for piece in sent.chunks(7_001) {
                if chunked {
                    write!(writer, "{:x};x=y\r\n", piece.len())?;
                }
                writer.write_all(piece)?;
                if chunked {
                    writer.write_all(b"\r\n")?;
                }
            }
            match chunked {
                true => writer.write_all(b"0\r\nA-Trailer: x\r\n\r\n"),
                false => Ok(()),
            }
        });
        let answer = client.answer().expect("an answer");
        assert!(answer.whole && answer.body == body, "chunked: {chunked}");
        writing.join().expect("no panic").expect("all was taken");
    }
    // A client that waits for a word.
    let expect =
        "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    client.send(expect);
    assert_eq!(client.answer().expect("a word").status, 100);
    client.send("hello");
    assert_eq!(&*client.answer().expect("an answer").body, b"0005");
    // One that is not given the word: the body never comes, and the connection ends.
    client.send(&expect.replace("/read", "/"));
    let answer = client.answer().expect("an answer");
    assert!(answer.status == 200 && answer.head.contains("connection: close\n"));
    assert!(client.is_at_its_end());
}

#[test]
fn requests_in_one_go_and_bodies_that_nobody_reads() {
    let server = Server::start("");
    let mut client = server.connect();
    let one = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\
               POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n\r\n";
    client.send(&one.repeat(50));
    for at in 0..100 {
        let answer = client.answer().unwrap_or_else(|| panic!("no answer {at}"));
        assert_eq!((answer.status, &*answer.body), (200, &b"hello\n"[..]));
    }
    // A request, and no more: the answer comes all the same.
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let stream = client.0.get_ref();
    stream
        .shutdown(Shutdown::Write)
        .expect("it can be shut down");
    assert_eq!(client.answer().expect("an answer").status, 200);
    assert!(client.is_at_its_end());
}

#[test]
fn hostile_heads_are_refused() {
    let server = Server::start("");
    let refused = |text: String, status: u16| {
        let answer = server.raw(text.as_bytes()).expect("an answer");
        assert_eq!(answer.status, status, "{:.80}", text.escape_debug());
        assert!(answer.head.contains("connection: close\n"));
    };
    let with = |fields: &str| format!("POST /read HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
    refused(with(&"A: b\r\n".repeat(10_000)), 431);
    refused(with(&format!("A: {}", "b".repeat(100_000))), 431);
    refused(with("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400);
    refused(with("Content-Length: 3\r\nContent-Length: 3"), 400);
    refused(with("Content-Length: 3\r\nContent-Length: 4"), 400);
    refused(with("Transfer-Encoding: gzip, chunked"), 501);
    refused(
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        400,
    );
    refused(with("A : b"), 400);
    refused("GET / HTTP/1.1\n\n".into(), 400);
    refused("GET / HTTP/1.1\r\n\r\n".into(), 400);
    refused("GET / HTTP/3.0\r\nHost: h\r\n\r\n".into(), 505);
    refused("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".into(), 400);
    // Bodies that are not what they say, of a guest that reads them and answers nothing then.
    let chunks = |body: &str| with("Transfer-Encoding: chunked") + body;
    for body in [
        "x\r\n",
        "-1\r\na",
        "1\r\nabc\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
    ] {
        refused(chunks(body), 400);
    }
    // Shorter than it says: the client goes away.
    let mut client = server.connect();
    client.send(&(with("Content-Length: 10") + "abc"));
    let stream = client.0.get_ref();
    stream
        .shutdown(Shutdown::Write)
        .expect("it can be shut down");
    assert_eq!(client.answer().expect("an answer").status, 400);
    // Longer: what follows is no request.
    let mut client = server.connect();
    client.send(&(with("Content-Length: 3") + "abcdef\r\n\r\n"));
    assert_eq!(&*client.answer().expect("an answer").body, b"0003");
    assert_eq!(client.answer().expect("an answer").status, 400);
    assert!(client.is_at_its_end());
    // And others are served.
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn slow_clients_are_given_up() {
    let server = Server::start("--request-timeout=1s");
    let mut slow = server.connect();
    let start = Instant::now();
    for byte in "GET / HTTP/1.1\r\nHost: h".bytes() {
        if slow.0.get_mut().write_all(&[byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(slow.answer().expect("an answer").status, 408);
    assert!(start.elapsed() < Duration::from_secs(5));
    // A body that does not come.
    let mut slow = server.connect();
    slow.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(slow.answer().expect("an answer").status, 504);
    // An answer that is not read.
    let slow = server.connect();
    let mut writer = slow.0.get_ref();
    let get = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n".repeat(20);
    writer.write_all(get.as_bytes()).expect("it is taken");
    thread::sleep(Duration::from_millis(1300));
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn every_request_has_an_instance_of_its_own() {
    let server = Server::start("");
    let mut client = server.connect();
    for _ in 0..50 {
        client.send("GET /count HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(&*client.answer().expect("an answer").body, b"11");
    }
    // In between the memory grows as far as it can.
    let server = Server::of(large(), "--workers=1");
    let mut client = server.connect();
    for path in [
        "/count", "/count", "/memory", "/count", "/big", "/count", "/count",
    ] {
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        let answer = client.answer().expect("an answer");
        match path {
            "/count" => assert_eq!(&*answer.body, b"11"),
            "/memory" => assert_eq!(answer.status, 500),
            _ => assert!(answer.whole),
        }
    }
    let server = Server::start("--reuse=3 --workers=1");
    let mut client = server.connect();
    let counts: Vec<_> = (0..7)
        .map(|_| {
            client.send("GET /count HTTP/1.1\r\nHost: h\r\n\r\n");
            String::from_utf8(client.answer().expect("an answer").body).expect("digits")
        })
        .collect();
    // What is in memory counts twice from the second request on.
    assert_eq!(counts, ["11", "23", "35", "11", "23", "35", "11"]);
}

#[test]
fn a_handler_that_misbehaves_takes_nothing_with_it() {
    let server = Server::start("--request-timeout=1500ms --max-host-memory=1MiB");
    let mut client = server.connect();
    let mut ask = |path: &str| {
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        client.answer().expect("an answer").status
    };
    for last in [false, true] {
        for (path, status) in [
            ("/trap", 500),
            ("/none", 500),
            ("/quit", 500),
            ("/fields", 500),
            ("/handles", 500),
            ("/memory", 500),
            ("/loop", 504),
        ] {
            // Which takes the time that a request may take.
            if path == "/loop" && !last {
                continue;
            }
            assert_eq!(ask(path), status, "{path}");
            assert_eq!(ask("/count"), 200, "after {path}");
        }
    }
    assert_eq!(&*server.get("/count").body, b"11");
    // What was begun cannot be taken back: there is no end.
    let within = server.get("/xtrap");
    assert_eq!((within.status, within.whole), (200, false));
    let short = server.get("/short");
    assert_eq!((short.status, short.whole), (200, false));
    assert_eq!(&*server.get("/").body, b"hello\n");
}

#[test]
fn workers_are_replaced() {
    let server = Server::start("");
    assert_eq!(server.get("/").status, 200);
    let children = format!("/proc/{0}/task/{0}/children", server.process.id());
    let workers = || fs::read_to_string(&children).expect("the system lists them");
    for _ in 0..3 {
        let before = workers();
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(before.split_whitespace());
        assert!(kill.status().expect("kill runs").success());
        let start = Instant::now();
        while workers() == before || workers().is_empty() {
            assert!(start.elapsed() < LIMIT, "there is no new worker");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(server.get("/").status, 200);
    }
}

#[test]
fn sigterm_lets_requests_finish() {
    let mut server = Server::start("");
    let mut busy = server.connect();
    busy.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    // Another that is kept open, between two requests.
    let mut idle = server.connect();
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(idle.answer().expect("an answer").status, 200);
    thread::sleep(Duration::from_millis(100));
    let finishing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        busy.send("llo");
        busy.answer().expect("an answer")
    });
    let (status, time) = server.terminate();
    let answer = finishing.join().expect("no panic");
    assert_eq!((answer.status, &*answer.body), (200, &b"0005"[..]));
    assert!(answer.head.contains("connection: close\n"));
    assert_eq!(status, Some(0));
    assert!(time < Duration::from_secs(3), "{time:?}");
}

#[test]
fn more_clients_than_workers() {
    let server = Server::start("--workers=3");
    // Connections that say nothing make way for others.
    let idle: Vec<_> = (0..30).map(|_| server.connect()).collect();
    let start = Instant::now();
    assert_eq!(server.get("/").status, 200);
    assert!(start.elapsed() < LIMIT);
    drop(idle);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(&*server.get("/count").body, b"11");
                }
            });
        }
    });
}

#[test]
fn requests_and_traps_are_logged() {
    let mut server = Server::start("--access-log --workers=1");
    assert_eq!(server.get("/whole?x=\u{7f}").status, 400);
    assert_eq!(server.get("/whole?x=%0a").status, 200);
    assert_eq!(server.get("/trap").status, 500);
    server.terminate();
    let mut log = String::new();
    server.stderr.read_to_string(&mut log).expect("it is text");
    let mut lines = log.lines();
    let refused = lines.next().expect("a line");
    assert!(refused.starts_with("127.0.0.1:") && refused.ends_with(" refused 400"));
    let line = lines.next().expect("a line");
    assert!(
        line.contains(" \"GET /whole?x=%0a\" 200 ") && line.ends_with(" us"),
        "{line}"
    );
    assert_eq!(lines.next(), Some("wasm trap: unreachable"));
    let last = log.lines().last().expect("a line");
    assert!(last.contains(" \"GET /trap\" 500 "), "{log}");
}

#[test]
fn what_cannot_be_listened_at_is_said() {
    let program = kinds().folder().join("program");
    for (options, message) in [
        (
            "--listen=nowhere",
            "cannot listen at `nowhere`: it is not an address",
        ),
        (
            "--listen=192.0.2.1:1",
            "this machine does not have the address",
        ),
        ("--workers=0", "`--workers 0` is not of the form"),
    ] {
        let output = Command::new(&program)
            .env("WASMC_OPTIONS", options)
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{options}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(message), "{options}: {stderr}");
    }
}
