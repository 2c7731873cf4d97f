//! One client for all clouds: verified TLS, no redirects, and an end to every call.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::master_key::KeyError;

/// For a connection, and for a call as a whole.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// What is waited before a server that is busy is asked again. One that does not answer in time is not.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];
/// No answer about a data key is near this size.
const LARGEST_ANSWER: usize = 1 << 20;
/// As much of a server's own words as is shown.
const LONGEST_WORDS: usize = 500;

/// How servers are reached. The default is what the system trusts, and 30 seconds a call.
#[derive(Default)]
pub struct HttpSettings {
    /// The only authorities to trust, in PEM; those of the system if there are none.
    pub authorities: Vec<Zeroizing<Vec<u8>>>,
    /// A certificate and its private key to show to servers, in PEM, one behind the other.
    pub identity: Option<Zeroizing<Vec<u8>>>,
    /// Believe every certificate. Only ever because the user said so.
    pub accept_any_certificate: bool,
    /// The end of a call, in place of 30 seconds.
    pub timeout: Option<Duration>,
    /// Addresses of hosts, in place of name resolution.
    pub resolve: Vec<(String, SocketAddr)>,
}

/// The client. It holds connections that are used again; cloning it is cheap.
#[derive(Clone)]
pub struct Http(Client);

/// What a server answered.
pub struct Answer {
    /// Status of HTTP.
    pub status: StatusCode,
    /// The header `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// The body; may hold key material.
    pub body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if a certificate is none.
    pub fn new(settings: &HttpSettings) -> Result<Http, KeyError> {
        let (connect, call) = PATIENCE;
        let wrong = |what: &str| KeyError::Malformed(format!("{what} is not in PEM, or holds none"));
        let mut authorities = Vec::new();
        for pem in &settings.authorities {
            let found = Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty());
            authorities.extend(found.ok_or_else(|| wrong("a certificate authority"))?);
        }
        let mut builder = Client::builder()
            .connect_timeout(connect)
            .timeout(settings.timeout.unwrap_or(call))
            .redirect(Policy::none())
            .user_agent(concat!("sops-rs/", env!("CARGO_PKG_VERSION")))
            .tls_danger_accept_invalid_certs(settings.accept_any_certificate);
        if !authorities.is_empty() {
            builder = builder.tls_certs_only(authorities);
        }
        if let Some(pem) = &settings.identity {
            builder = builder.identity(Identity::from_pem(pem).map_err(|_| wrong("the client certificate"))?);
        }
        for (host, address) in &settings.resolve {
            builder = builder.resolve(host, *address);
        }
        let client = builder.build().map_err(|error| KeyError::Unavailable(reason(&error)))?;
        Ok(Http(client))
    }

    /// The start of a request.
    pub fn request(&self, method: reqwest::Method, url: reqwest::Url) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends a request; `server` names it in errors.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] if there is no answer in time; [`KeyError::Refused`] if it is too large.
    pub async fn send(&self, server: &str, request: RequestBuilder) -> Result<Answer, KeyError> {
        for pause in PAUSES {
            let Some(again) = request.try_clone() else { break };
            let answer = once(server, again).await?;
            if !answer.passes() {
                return Ok(answer);
            }
            tokio::time::sleep(pause).await;
        }
        once(server, request).await
    }
}

async fn once(server: &str, request: RequestBuilder) -> Result<Answer, KeyError> {
    let broken = |error: &reqwest::Error| KeyError::Unavailable(format!("{server}: {}", reason(error)));
    let mut answer = request.send().await.map_err(|error| broken(&error))?;
    let status = answer.status();
    let challenge = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
    let challenge = challenge.map(str::to_owned);
    // With enough room at the start nothing is copied to a larger place and left behind unwiped.
    let expected = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(64 << 10);
    let mut body = Zeroizing::new(Vec::with_capacity(expected.min(LARGEST_ANSWER)));
    while let Some(chunk) = answer.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(KeyError::Refused(format!("{server}: the answer is too large")));
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_redirection() {
        let words = format!("{server}: it sends us to another address, which is not followed");
        return Err(KeyError::Refused(words));
    }
    Ok(Answer { status, challenge, body })
}

impl Answer {
    /// Whether another attempt may do better. AWS says "too many requests" with a status of its own.
    fn passes(&self) -> bool {
        let throttled = self.status == StatusCode::BAD_REQUEST && contains(&self.body, b"ThrottlingException");
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS || throttled
    }

    /// The body of a success as JSON. Of a failure, `words` finds the server's own words in the body.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] for what passes (429, 5xx), [`KeyError::Refused`] for everything else.
    pub fn json<T: DeserializeOwned>(
        &self,
        server: &str,
        words: impl FnOnce(&serde_json::Value) -> Option<String>,
    ) -> Result<T, KeyError> {
        self.accept(server, words)?;
        serde_json::from_slice(&self.body)
            .map_err(|_| KeyError::Refused(format!("{server}: the answer is not what it should be")))
    }

    /// The same without a body.
    ///
    /// # Errors
    /// As [`Answer::json`].
    pub fn accept(
        &self,
        server: &str,
        words: impl FnOnce(&serde_json::Value) -> Option<String>,
    ) -> Result<(), KeyError> {
        if self.status.is_success() {
            return Ok(());
        }
        let said = serde_json::from_slice(&self.body).ok().as_ref().and_then(words).unwrap_or_default();
        let text = format!("{server}: {}", printable(&format!("{} {said}", self.status.as_u16())));
        Err(if self.passes() { KeyError::Unavailable(text) } else { KeyError::Refused(text) })
    }
}

/// A body in JSON that is wiped when it was sent.
///
/// # Errors
/// [`KeyError::Malformed`] if it cannot be written as JSON.
pub fn json(body: &impl Serialize) -> Result<Bytes, KeyError> {
    // Large enough for any wrapped data key, so that nothing is left behind by growing.
    let mut text = Zeroizing::new(Vec::with_capacity(16 << 10));
    serde_json::to_writer(&mut *text, body)
        .map_err(|_| KeyError::Malformed("the request cannot be written".to_owned()))?;
    Ok(Bytes::from_owner(text))
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Foreign words without what moves the cursor of a terminal, and not too many of them.
pub(crate) fn printable(words: &str) -> String {
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    let text: String = words.trim().chars().map(clean).take(LONGEST_WORDS).collect();
    text.trim_end().to_owned()
}

/// The innermost cause, which says more than "error sending request".
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let kind = if error.is_connect() { "no connection can be made" } else { "the connection broke" };
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    match causes.last() {
        Some(cause) => printable(&format!("{kind}: {cause}")),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_server_do_not_move_the_cursor() {
        assert_eq!(printable("denied\x1b[2J\r\nhere\n"), "denied [2J  here");
        assert_eq!(printable(&"x".repeat(10_000)).len(), LONGEST_WORDS);
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let answer = |status: u16| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            challenge: None,
            body: Zeroizing::new(br#"{"message": "no"}"#.to_vec()),
        };
        let words = |body: &serde_json::Value| body["message"].as_str().map(str::to_owned);
        for (status, error) in [
            (400, KeyError::Refused("here: 400 no".to_owned())),
            (429, KeyError::Unavailable("here: 429 no".to_owned())),
            (503, KeyError::Unavailable("here: 503 no".to_owned())),
        ] {
            assert_eq!(answer(status).accept("here", words), Err(error));
        }
        assert_eq!(answer(204).accept("here", words), Ok(()));
        assert!(answer(200).json::<Vec<u8>>("here", words).is_err());
    }
}
