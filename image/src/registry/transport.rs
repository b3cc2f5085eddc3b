//! Requests: where credentials may go, which redirects are followed, what is tried again.
//!
//! Security: credentials and tokens are sent to the registry's own origin (and to the token service
//! that it names) only. A redirect or an upload address on another origin is followed without
//! them. Plain HTTP is spoken with this machine alone, unless the user asked for it.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use ureq::http::{self, Method};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, SendBody};

use crate::error::{Error, Result};
use crate::limits;
use crate::manifest;
use crate::registry::address::{check_scheme, is_plain_loopback, origin, resolve};
use crate::registry::auth::{self, Challenge};
use crate::registry::{Client, MeteredReader, Settings};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Longest that is waited before a request is repeated.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A request that can be sent more than once, unless its body is a reader.
pub(super) struct Request<'a> {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Body<'a>,
}

/// What a request carries.
pub(super) enum Body<'a> {
    /// Nothing.
    None,
    /// Bytes.
    Bytes(&'a [u8]),
    /// So many bytes, once.
    Reader(u64, &'a RefCell<MeteredReader<'a>>),
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, url: String) -> Request<'a> {
        Request {
            method,
            url,
            headers: Vec::new(),
            body: Body::None,
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Request<'a> {
        self.headers.push((name, value));
        self
    }

    pub(super) fn body(self, body: Body<'a>) -> Request<'a> {
        Request { body, ..self }
    }

    /// The request as messages name it: without the query, which may hold a signature.
    fn shown(&self) -> String {
        let url = self.url.split('?').next().unwrap_or_default();
        format!("{} {}", self.method, url.escape_debug())
    }
}

/// An answer.
pub(super) struct Response {
    /// The request, for messages.
    pub(super) request: String,
    url: String,
    plain_http: bool,
    inner: http::Response<ureq::Body>,
}

impl Response {
    pub(super) fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers().get(name)?.to_str().ok()
    }

    /// The whole body, if it is not larger than `max`.
    pub(super) fn read(self, max: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let request = self.request;
        let mut reader = self
            .inner
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader();
        let read = reader.by_ref().take(max + 1).read_to_end(&mut bytes);
        read.map_err(|error| Error::Network {
            request: request.clone(),
            message: error.to_string(),
        })?;
        if bytes.len() as u64 > max {
            return Err(Error::Limit(format!(
                "{request}: the answer has more than {max} bytes"
            )));
        }
        Ok(bytes)
    }

    /// The body, and of a longer one than announced just enough to see that it is longer.
    pub(super) fn reader(self, size: u64) -> impl Read {
        let body = self.inner.into_body().into_with_config();
        body.limit(u64::MAX).reader().take(size + 1)
    }

    /// Where to go on, resolved and allowed.
    pub(super) fn location(&self) -> Result<String> {
        let location = self.header("location").ok_or_else(|| {
            Error::malformed(format!("{}: the answer lacks a location", self.request))
        })?;
        let url = resolve(&self.url, location).ok_or_else(|| {
            let shown = location.escape_debug();
            Error::malformed(format!("{}: `{shown}` is no address", self.request))
        })?;
        check_scheme(&url, self.plain_http, is_plain_loopback(&self.url))?;
        Ok(url)
    }

    /// The same answer if it says that all is well, else an error.
    pub(super) fn expect_success(self, client: &Client<'_>) -> Result<Response> {
        if self.inner.status().is_success() {
            return Ok(self);
        }
        let (status, request) = (self.status(), self.request.clone());
        let registry = client.reference().registry();
        let hint = match status {
            401 | 403 => Some(format!(
                "`docker login {registry}` or `podman login {registry}` stores credentials"
            )),
            404 => Some(format!("check the name `{}`", client.reference())),
            _ => None,
        };
        let detail = self
            .read(limits::ANSWER)
            .ok()
            .and_then(|bytes| detail(&bytes));
        Err(Error::Registry {
            request,
            status,
            detail,
            hint,
        })
    }

    fn challenges(&self) -> Vec<Challenge> {
        let headers = self.inner.headers().get_all("www-authenticate");
        headers
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(auth::challenges)
            .collect()
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// What the registry says about an error.
fn detail(bytes: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let error = &value["errors"][0];
    let text = [&error["message"], &error["code"]]
        .into_iter()
        .find_map(|text| text.as_str().filter(|text| !text.is_empty()))?;
    Some(text.chars().filter(|c| !c.is_control()).take(200).collect())
}

/// The connections of a client.
pub(super) fn agent(settings: &Settings, loopback: bool) -> Result<Agent> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(&settings.user_agent)
        .timeout_resolve(Some(Duration::from_secs(15)))
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(120)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .timeout_per_write(Some(Duration::from_secs(60)));
    if loopback {
        config = config.proxy(None);
    }
    if let Some(path) = &settings.ca_certificates {
        let failed = || format!("failed to read certificates from `{}`", path.display());
        let pem = fs::read(path).map_err(Error::io(failed()))?;
        let certificates: Vec<_> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            let path = path.display();
            return Err(Error::malformed(format!("`{path}` holds no certificate")));
        }
        let roots = RootCerts::new_with_certs(&certificates);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(config.build().new_agent())
}

impl Client<'_> {
    /// Sends a request, as often as it takes: with credentials when they are asked for, again when
    /// the registry is busy or the connection breaks.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Response> {
        self.again_when_broken(|| self.attempt(request))
    }

    /// Sends a request once; that the registry is busy is an error. For work that is done again as
    /// a whole: within it, a request that is itself sent again would multiply the tries.
    pub(super) fn attempt(&self, request: &Request<'_>) -> Result<Response> {
        let response = self.send_once(request)?;
        match is_busy(response.status()) {
            true => Err(busy(response, self)),
            false => Ok(response),
        }
    }

    /// Does something again when that may help.
    pub(super) fn again_when_broken<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        let mut wait = self.settings.back_off;
        let mut tries = 1;
        loop {
            let error = match work() {
                Err(error) if tries < self.settings.tries && is_passing(&error) => error,
                result => return result,
            };
            let asked = self.asked_to_wait.take();
            thread::sleep(asked.unwrap_or(wait).min(MAX_WAIT));
            drop(error);
            wait *= 2;
            tries += 1;
        }
    }

    /// Sends a request once, or twice when the registry asks for credentials, and follows
    /// redirects.
    fn send_once(&self, request: &Request<'_>) -> Result<Response> {
        let response = self.follow(request)?;
        // Security: only the registry itself may ask who we are, and name a token service. Whoever
        // a redirect or an upload leads to could name one of its own.
        let is_registry = origin(&response.url) == origin(&self.base);
        if response.status() != 401 || !is_registry || matches!(request.body, Body::Reader(..)) {
            return Ok(response);
        }
        match self.authorize(&response.challenges())? {
            Some(authorization) => {
                self.authorization.replace(Some(authorization));
                self.follow(request)
            }
            None => Ok(response),
        }
    }

    fn follow(&self, request: &Request<'_>) -> Result<Response> {
        let mut response = self.exchange(request, &request.url)?;
        let mut redirects = 0;
        let may_follow = request.method == Method::GET || request.method == Method::HEAD;
        while may_follow && matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                return Err(Error::malformed(format!(
                    "{}: more than {MAX_REDIRECTS} redirects",
                    request.shown()
                )));
            }
            let url = response.location()?;
            response = self.exchange(request, &url)?;
        }
        Ok(response)
    }

    /// One request and its answer.
    fn exchange(&self, request: &Request<'_>, url: &str) -> Result<Response> {
        let shown = Request::new(request.method.clone(), url.to_owned()).shown();
        let mut builder = http::Request::builder()
            .method(request.method.clone())
            .uri(url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        // Security: nobody but the registry itself is told who we are.
        if let Some(authorization) = &*self.authorization.borrow()
            && origin(url) == origin(&self.base)
        {
            builder = builder.header("authorization", authorization);
        }
        let answer = match &request.body {
            Body::None => self.run(builder, ()),
            Body::Bytes(bytes) => self.run(builder, *bytes),
            Body::Reader(size, reader) => {
                let builder = builder.header("content-length", *size);
                let mut reader = reader.borrow_mut();
                self.run(builder, SendBody::from_reader(&mut *reader))
            }
        };
        Ok(Response {
            inner: answer.map_err(|message| Error::Network {
                request: shown.clone(),
                message,
            })?,
            request: shown,
            url: url.to_owned(),
            plain_http: self.settings.plain_http,
        })
    }

    fn run(
        &self,
        builder: http::request::Builder,
        body: impl ureq::AsSendBody,
    ) -> Result<http::Response<ureq::Body>, String> {
        let request = builder.body(body).map_err(|error| error.to_string())?;
        self.agent.run(request).map_err(|error| explain(&error))
    }

    /// A small answer of a token service, to which credentials may go.
    pub(super) fn ask_token_service(
        &self,
        url: &str,
        authorization: Option<&str>,
        form: Option<&str>,
    ) -> Result<serde_json::Value> {
        check_scheme(url, self.settings.plain_http, is_plain_loopback(&self.base))?;
        let method = if form.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let shown = Request::new(method.clone(), url.to_owned()).shown();
        let mut builder = http::Request::builder().method(method).uri(url);
        if let Some(authorization) = authorization {
            builder = builder.header("authorization", authorization);
        }
        let answer = match form {
            None => self.run(builder, ()),
            Some(form) => {
                let form_type = "application/x-www-form-urlencoded";
                self.run(builder.header("content-type", form_type), form.as_bytes())
            }
        };
        let response = Response {
            inner: answer.map_err(|message| Error::Network {
                request: shown.clone(),
                message,
            })?,
            request: shown.clone(),
            url: url.to_owned(),
            plain_http: self.settings.plain_http,
        };
        if is_busy(response.status()) {
            return Err(busy(response, self));
        }
        let bytes = response.expect_success(self)?.read(limits::ANSWER)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| Error::malformed(format!("{shown}: {}", manifest::not_json(&bytes))))
    }
}

/// The error of an answer that may be another one later. Notes how long the registry asks to wait.
fn busy(response: Response, client: &Client<'_>) -> Error {
    client.asked_to_wait.set(response.retry_after());
    match response.expect_success(client) {
        Err(error) => error,
        Ok(_) => unreachable!("the status says that it failed"),
    }
}

/// Whether an answer of this status may be another one later.
fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether the same request may succeed later.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Registry { status, .. } => is_busy(*status),
        // Nobody listens, or there is no such host: that will not change within seconds.
        Error::Network { message, .. } => !message.starts_with("cannot connect"),
        _ => false,
    }
}

/// What went wrong, in our words where they are clearer.
fn explain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "cannot connect: there is no such host".to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "cannot connect: connection refused".to_owned()
        }
        ureq::Error::ConnectionFailed => "cannot connect".to_owned(),
        // A certificate does not become valid within seconds either.
        error @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_)) => {
            format!("cannot connect safely: {error}")
        }
        ureq::Error::Io(error) if is_tls(error) => format!("cannot connect safely: {error}"),
        error => error.to_string(),
    }
}

/// Whether an error of a connection comes from TLS: a certificate that is not trusted, say.
fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.get_ref().is_some()
}
