//! Who we are: credentials that the user stored, and tokens that registries give for them.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use crate::error::{Error, Result};
use crate::reference::Reference;
use crate::registry::Client;

/// What an answer of status 401 asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Challenge {
    /// The scheme in lower case.
    scheme: String,
    /// Its parameters, names in lower case.
    params: Vec<(String, String)>,
}

impl Challenge {
    fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Parses a `WWW-Authenticate` header, which may hold several challenges
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).
pub(super) fn challenges(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start_matches([',', ' ', '\t']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ',']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after_blanks = after.trim_start();
        if word.is_empty() {
            break;
        }
        if let Some(value) = after_blanks.strip_prefix('=') {
            let Some((value, after)) = param_value(value.trim_start()) else {
                break;
            };
            if let Some(challenge) = challenges.last_mut() {
                challenge.params.push((word.to_ascii_lowercase(), value));
            }
            rest = after;
        } else {
            challenges.push(Challenge {
                scheme: word.to_ascii_lowercase(),
                params: Vec::new(),
            });
            rest = after;
        }
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
    challenges
}

/// A token or a quoted string, and what follows it.
fn param_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

impl Client<'_> {
    /// The `Authorization` that satisfies one of the challenges; `None` when there is nothing to
    /// satisfy it with.
    pub(super) fn authorize(&self, challenges: &[Challenge]) -> Result<Option<String>> {
        let find = |scheme| {
            challenges
                .iter()
                .find(|challenge| challenge.scheme == scheme)
        };
        if let Some(challenge) = find("bearer") {
            return self.token(challenge).map(Some);
        }
        match (find("basic"), self.credential()?) {
            (Some(_), Some(DockerCredential::UsernamePassword(user, password))) => {
                Ok(Some(basic(&user, &password)))
            }
            _ => Ok(None),
        }
    }

    /// Asks the token service that a challenge names, see
    /// <https://distribution.github.io/distribution/spec/auth/token/>.
    fn token(&self, challenge: &Challenge) -> Result<String> {
        let realm = challenge.param("realm").ok_or_else(|| {
            Error::malformed("the registry asks for a token, but does not say from where")
        })?;
        let repository = self.reference().repository();
        let scope = challenge.param("scope").map_or_else(
            || format!("repository:{repository}:pull,push"),
            str::to_owned,
        );
        let mut query = format!("scope={}", encode(&scope));
        if let Some(service) = challenge.param("service") {
            query = format!("service={}&{query}", encode(service));
        }
        let separator = if realm.contains('?') { '&' } else { '?' };
        let with_query = format!("{realm}{separator}{query}");
        let answer = match self.credential()? {
            None => self.ask_token_service(&with_query, None, None)?,
            Some(DockerCredential::UsernamePassword(user, password)) => {
                self.ask_token_service(&with_query, Some(&basic(&user, &password)), None)?
            }
            Some(DockerCredential::IdentityToken(token)) => {
                let token = encode(&token);
                let form = format!(
                    "grant_type=refresh_token&refresh_token={token}&client_id=wasmc&{query}"
                );
                self.ask_token_service(realm, None, Some(&form))?
            }
        };
        let token = ["token", "access_token"]
            .into_iter()
            .find_map(|name| answer[name].as_str().filter(|token| is_token(token)))
            .ok_or_else(|| Error::malformed("the token service gives no token"))?;
        Ok(format!("Bearer {token}"))
    }

    /// What the user stored for the registry, in the first file that has something for it.
    fn credential(&self) -> Result<Option<DockerCredential>> {
        for path in &self.settings.auth_files {
            let Ok(config) = fs::read(path) else {
                continue;
            };
            let failed = |message: &str| {
                let path = path.display();
                Error::malformed(format!(
                    "failed to get credentials from `{path}`: {message}"
                ))
            };
            for server in servers(self.reference(), &config) {
                match get_credential_from_reader(&config[..], &server) {
                    Ok(credential) => return Ok(Some(credential)),
                    Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                    Err(CredentialRetrievalError::HelperFailure {
                        helper,
                        stdout,
                        stderr,
                    }) => {
                        // Every helper says so in these words when it has nothing.
                        if stdout.contains("credentials not found") {
                            continue;
                        }
                        let said = format!("{stdout} {stderr}");
                        let said = said.chars().filter(|c| !c.is_control()).take(200);
                        let said: String = said.collect();
                        return Err(failed(&format!("`{helper}` fails: {}", said.trim())));
                    }
                    Err(CredentialRetrievalError::HelperCommunicationError) => {
                        return Err(failed("the credential helper that it names cannot be run"));
                    }
                    Err(CredentialRetrievalError::ConfigReadError) => {
                        return Err(failed("it is no JSON of the expected form"));
                    }
                    Err(error) => return Err(failed(&error.to_string().to_lowercase())),
                }
            }
        }
        Ok(None)
    }
}

/// The names under which a file may have credentials for a repository, the one that holds first.
/// podman's may be for a part of a registry, see
/// [containers-auth.json](https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md);
/// Docker and podman call Docker's own registry differently.
fn servers(reference: &Reference, config: &[u8]) -> Vec<String> {
    let config: serde_json::Value = serde_json::from_slice(config).unwrap_or_default();
    let registry = reference.registry();
    let mut servers = Vec::new();
    let mut part = format!("{registry}/{}", reference.repository());
    while part.len() > registry.len() {
        if !config["auths"][&part].is_null() {
            servers.push(part.clone());
        }
        let end = part.rfind('/').unwrap_or_default();
        part.truncate(end);
    }
    if registry == "docker.io" {
        servers.push("https://index.docker.io/v1/".to_owned());
    }
    servers.push(registry.to_owned());
    servers
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Whether a token can be a header's value.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Encodes a value of a query or form.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_parsed() {
        let header = "Bearer realm=\"https://auth.example/token?a=b\", service=registry,\
                      scope=\"repository:a/b:pull,push\", Basic realm=\"a \\\"b\\\"\"";
        let parsed = challenges(header);
        assert_eq!(parsed.len(), 2);
        assert_eq!(parsed[0].scheme, "bearer");
        assert_eq!(
            parsed[0].param("realm"),
            Some("https://auth.example/token?a=b")
        );
        assert_eq!(parsed[0].param("service"), Some("registry"));
        assert_eq!(parsed[0].param("scope"), Some("repository:a/b:pull,push"));
        assert_eq!(parsed[1].scheme, "basic");
        assert_eq!(parsed[1].param("realm"), Some("a \"b\""));
    }

    #[test]
    fn malformed_challenges_end() {
        for header in [
            "",
            ",",
            "=",
            "Bearer realm=\"",
            "Bearer =x",
            "a=b",
            "Basic",
            "\"\"",
            "é = \"\\",
        ] {
            let _ = challenges(header);
        }
        assert_eq!(challenges("Basic")[0].scheme, "basic");
    }

    #[test]
    fn credentials_may_be_for_a_part_of_a_registry() {
        let config =
            br#"{"auths":{"a.example/x/y":{},"a.example/x":{},"a.example/xy":{},"a.example":{}}}"#;
        for (name, expected) in [
            (
                "a.example/x/y:1",
                &["a.example/x/y", "a.example/x", "a.example"][..],
            ),
            ("a.example/x/z", &["a.example/x", "a.example"]),
            ("a.example/z", &["a.example"]),
            ("b.example/x/y", &["b.example"]),
            ("x", &["https://index.docker.io/v1/", "docker.io"]),
        ] {
            let found = servers(&name.parse().unwrap(), config);
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(
            servers(&"a.example/z".parse().unwrap(), b"{"),
            ["a.example"]
        );
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encode("a/b:c d&é"), "a%2Fb%3Ac%20d%26%C3%A9");
    }
}
