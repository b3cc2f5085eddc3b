//! A small registry on the loopback device, which can be told to misbehave.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What the registry asks of clients.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Nothing.
    #[default]
    None,
    /// A user name and a password.
    Basic(String),
    /// A token, which its own token service gives for a user name and a password.
    Bearer(String),
    /// A token, which its own token service gives for an identity token.
    Refresh(String),
}

/// How the registry behaves.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// What it asks of clients.
    pub auth: Auth,
    /// Answers so many requests with this status first.
    pub busy: Option<(u32, u16)>,
    /// Answers every request for a blob with this status.
    pub busy_blobs: Option<u16>,
    /// Breaks off so many blobs in the middle.
    pub broken: u32,
    /// Sends clients elsewhere for blobs.
    pub redirect_blobs: Option<String>,
    /// Sends clients elsewhere to upload.
    pub redirect_uploads: Option<String>,
    /// Changes the last byte of blobs.
    pub corrupt: bool,
    /// Sends blobs that never end.
    pub endless: bool,
    /// Announces another digest for manifests.
    pub wrong_digest: bool,
    /// Keeps track of what refers to what.
    pub referrers: bool,
}

/// What the registry has and saw.
#[derive(Default)]
pub struct State {
    pub behaviour: Behaviour,
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By tag and by digest: media type and content.
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub requests: Vec<Seen>,
}

/// A request that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
}

/// A registry that runs until the process ends.
#[derive(Clone)]
pub struct Registry {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Registry {
    pub fn start(behaviour: Behaviour) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = Registry {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(State {
                behaviour,
                ..State::default()
            })),
        };
        let server = registry.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || {
                    // A client that hangs up is no failure of the server's.
                    let _ = server.serve(stream);
                });
            }
        });
        registry
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The name of a repository here.
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// Puts a blob there; its digest.
    pub fn put(&self, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.state().blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    /// Puts a manifest there, under a tag and its digest; its digest.
    pub fn put_manifest(&self, tag: &str, media_type: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let mut state = self.state();
        for name in [tag, &digest] {
            let content = (media_type.to_owned(), bytes.to_vec());
            state.manifests.insert(name.to_owned(), content);
        }
        digest
    }

    /// How often a method and the end of a path were asked for.
    pub fn count(&self, method: &str, part: &str) -> usize {
        let state = self.state();
        let requests = state.requests.iter();
        requests
            .filter(|seen| seen.method == method && seen.path.contains(part))
            .count()
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let (mut length, mut authorization, mut media_type) = (0, None, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => authorization = Some(value.to_owned()),
                "content-type" => value.clone_into(&mut media_type),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let seen = Seen {
            method,
            path,
            authorization,
        };
        let answer = self.answer(&seen, &media_type, body);
        self.state().requests.push(seen.clone());
        answer.write(&seen.method, stream)
    }

    fn answer(&self, seen: &Seen, media_type: &str, body: Vec<u8>) -> Answer {
        let mut state = self.state();
        if let Some((left, status)) = &mut state.behaviour.busy
            && *left > 0
        {
            *left -= 1;
            return Answer::new(*status).header("retry-after", "0");
        }
        if let Some(path) = seen.path.strip_prefix("/token") {
            return self.token(&state.behaviour, path, seen, &body);
        }
        if let Some(status) = state.behaviour.busy_blobs
            && seen.path.contains("/blobs/")
        {
            return Answer::new(status).header("retry-after", "0");
        }
        if let Some(refusal) = self.refuse(&state.behaviour, seen) {
            return refusal;
        }
        let path = seen.path.split('?').next().unwrap();
        let name = path.rsplit('/').next().unwrap().to_owned();
        let is_manifest = path.contains("/manifests/");
        match seen.method.as_str() {
            "GET" | "HEAD" if is_manifest => match state.manifests.get(&name) {
                None => Answer::unknown("MANIFEST_UNKNOWN"),
                Some((media_type, bytes)) => {
                    let announced = match state.behaviour.wrong_digest {
                        true => digest(b"another"),
                        false => digest(bytes),
                    };
                    Answer::new(200)
                        .header("content-type", media_type)
                        .header("docker-content-digest", &announced)
                        .body(bytes.clone())
                }
            },
            "GET" | "HEAD" => self.blob(&mut state, seen, &name),
            "POST" => {
                let here = format!("{path}upload?session=a%2Fb");
                let elsewhere = state.behaviour.redirect_uploads.clone();
                Answer::new(202).header("location", &elsewhere.unwrap_or(here))
            }
            "PUT" if is_manifest => {
                let complete = references(&body).iter().all(|digest| {
                    state.blobs.contains_key(digest) || state.manifests.contains_key(digest)
                });
                if !complete {
                    return Answer::new(400).body(error("MANIFEST_BLOB_UNKNOWN"));
                }
                let digest = digest(&body);
                let has_subject = String::from_utf8_lossy(&body).contains("\"subject\"");
                for name in [name, digest.clone()] {
                    let content = (media_type.to_owned(), body.clone());
                    state.manifests.insert(name, content);
                }
                let answer = Answer::new(201).header("docker-content-digest", &digest);
                match has_subject && state.behaviour.referrers {
                    true => answer.header("oci-subject", &digest),
                    false => answer,
                }
            }
            "PUT" => {
                let digest = digest(&body);
                if !seen.path.ends_with(&format!("digest={digest}")) {
                    return Answer::new(400).body(error("DIGEST_INVALID"));
                }
                state.blobs.insert(digest, body);
                Answer::new(201)
            }
            _ => Answer::new(405),
        }
    }

    fn blob(&self, state: &mut State, seen: &Seen, name: &str) -> Answer {
        let Some(mut bytes) = state.blobs.get(name).cloned() else {
            return Answer::unknown("BLOB_UNKNOWN");
        };
        if seen.method == "HEAD" {
            return Answer::new(200).body(bytes);
        }
        if let Some(base) = &state.behaviour.redirect_blobs {
            return Answer::new(307).header("location", &format!("{base}{}", seen.path));
        }
        if state.behaviour.corrupt {
            *bytes.last_mut().unwrap() ^= 1;
        }
        let mut answer = Answer::new(200).body(bytes);
        answer.endless = state.behaviour.endless;
        if state.behaviour.broken > 0 {
            state.behaviour.broken -= 1;
            answer.broken = true;
        }
        answer
    }

    fn refuse(&self, behaviour: &Behaviour, seen: &Seen) -> Option<Answer> {
        let (accepted, challenge) = match &behaviour.auth {
            Auth::None => return None,
            Auth::Basic(login) => (basic(login), "Basic realm=\"test\"".to_owned()),
            Auth::Bearer(_) | Auth::Refresh(_) => (
                "Bearer good-token".to_owned(),
                format!(
                    "Bearer realm=\"http://{}/token\",service=\"test\",scope=\"repository:x:pull\"",
                    self.address
                ),
            ),
        };
        match seen.authorization.as_deref() == Some(&accepted) {
            true => None,
            false => Some(
                Answer::new(401)
                    .header("www-authenticate", &challenge)
                    .body(error("UNAUTHORIZED")),
            ),
        }
    }

    fn token(&self, behaviour: &Behaviour, query: &str, seen: &Seen, body: &[u8]) -> Answer {
        let form = str::from_utf8(body).unwrap();
        let (is_known, query) = match &behaviour.auth {
            Auth::Bearer(login) => {
                let login = basic(login);
                (seen.authorization.as_deref() == Some(&login), query)
            }
            Auth::Refresh(token) => {
                let token = token.replace('+', "%2B").replace('/', "%2F");
                let token = format!("refresh_token={}&", token.replace('=', "%3D"));
                let is_refresh = form.starts_with("grant_type=refresh_token&");
                let is_known = seen.method == "POST" && is_refresh && form.contains(&token);
                (is_known, form)
            }
            Auth::None | Auth::Basic(_) => return Answer::new(404),
        };
        assert!(query.contains("service=test"), "{query}");
        assert!(query.contains("scope=repository%3Ax%3Apull"), "{query}");
        match is_known {
            true => Answer::new(200).body(b"{\"token\":\"good-token\"}".to_vec()),
            false => Answer::new(401).body(error("UNAUTHORIZED")),
        }
    }
}

/// What an `Authorization` header has for `user:password`.
pub fn basic(login: &str) -> String {
    format!("Basic {}", STANDARD.encode(login))
}

pub fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

fn error(code: &str) -> Vec<u8> {
    format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"it is {code}\\u001b[2J\"}}]}}")
        .into()
}

/// The digests that a manifest needs to be there: not that of its subject.
fn references(manifest: &[u8]) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_slice(manifest).unwrap();
    let lists = ["manifests", "layers"];
    let listed = lists
        .iter()
        .flat_map(|name| value[name].as_array().into_iter().flatten());
    listed
        .chain([&value["config"]])
        .filter_map(|descriptor| descriptor["digest"].as_str().map(str::to_owned))
        .collect()
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    broken: bool,
    endless: bool,
}

impl Answer {
    fn new(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            broken: false,
            endless: false,
        }
    }

    fn unknown(code: &str) -> Answer {
        Answer::new(404).body(error(code))
    }

    fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn body(self, body: Vec<u8>) -> Answer {
        Answer { body, ..self }
    }

    fn write(self, method: &str, mut stream: TcpStream) -> std::io::Result<()> {
        let length = match self.endless {
            true => String::new(),
            false => format!("content-length: {}\r\n", self.body.len()),
        };
        write!(
            stream,
            "HTTP/1.1 {} x\r\n{length}connection: close\r\n",
            self.status
        )?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        if method == "HEAD" {
            return Ok(());
        }
        let end = if self.broken {
            self.body.len() / 2
        } else {
            self.body.len()
        };
        stream.write_all(&self.body[..end])?;
        if self.endless {
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        stream.flush()
    }
}
