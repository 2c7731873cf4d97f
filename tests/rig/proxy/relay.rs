//! The way of one request through the proxy: recorded, judged by the rules, forwarded, answered. A request that a rule holds
//! belongs to a task of its own, so that it outlives its sender, as a write that is on its way through a real network does.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, RETRY_AFTER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};

use super::handle::Verdict;
use super::request::{Log, Seen};
use super::rule::Action;
use super::rules::{Hit, Rules};
use super::status::status;
use super::stream;

/// What goes back to the program under test. An error in it, or in its place, closes the connection.
pub(super) type Answer = Response<UnsyncBoxBody<Bytes, anyhow::Error>>;

/// Describes one connection between two neighbours, and is not passed on.
const HOP_BY_HOP: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, UPGRADE];

/// Where requests go, by which rules, and which there were.
pub(super) struct Relay {
    target: String,
    http: reqwest::Client,
    pub(super) rules: Rules,
    pub(super) log: Log,
}

impl Relay {
    pub(super) fn new(target: &str, http: reqwest::Client) -> Relay {
        let target = target.trim_end_matches('/').to_owned();
        Relay { target, http, rules: Rules::default(), log: Log::default() }
    }

    /// Answers one request, or fails: then hyper closes the connection.
    pub(super) async fn answer(self: Arc<Relay>, request: Request<Incoming>) -> Result<Answer> {
        let seen = Seen::new(request.method(), request.uri());
        let number = self.log.arrived(&seen);
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        // The rule has hit when the whole request is here: a sender may be killed from then on.
        let hit = self.rules.on_request(&seen);
        let relay = Arc::clone(&self);
        let exchange = tokio::spawn(async move {
            let answer = relay.act(hit.as_ref(), seen, parts, body).await;
            if let Some(hit) = hit {
                hit.progress.done();
            }
            answer
        });
        let answer = exchange.await??;
        self.log.answered(number, answer.status().as_u16());
        Ok(answer)
    }

    async fn act(self: Arc<Relay>, hit: Option<&Hit>, seen: Seen, parts: Parts, body: Bytes) -> Result<Answer> {
        let Some(hit) = hit else {
            return self.forward(seen, parts, body).await;
        };
        match &hit.action {
            Action::Hold => {
                pass(hit).await?;
                self.forward(seen, parts, body).await
            }
            Action::HoldAnswer => {
                let answer = self.forward(seen, parts, body).await?;
                pass(hit).await?;
                Ok(answer)
            }
            Action::Delay(time) => {
                tokio::time::sleep(*time).await;
                self.forward(seen, parts, body).await
            }
            Action::Drop => bail!("a rule drops the connection"),
            Action::DropAnswer => {
                self.forward(seen, parts, body).await?;
                bail!("a rule drops the answer")
            }
            Action::Answer(code) => refuse(*code, status(*code, &seen.method).to_string()),
            Action::AnswerWith(code, body) => refuse(*code, body.clone()),
            Action::CutWatch | Action::ExpireWatch => bail!("a rule for events met a request"),
        }
    }

    async fn forward(self: Arc<Relay>, seen: Seen, parts: Parts, body: Bytes) -> Result<Answer> {
        let url = format!("{}{}", self.target, seen.uri);
        let mut headers = without_hop_by_hop(parts.headers);
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        let request = self.http.request(parts.method, url).headers(headers).body(body);
        let answer = request.send().await.context("no answer from behind the proxy")?;
        let mut response = Response::builder().status(answer.status());
        if let Some(out) = response.headers_mut() {
            *out = without_hop_by_hop(answer.headers().clone());
        }
        let body = if seen.verb == "watch" && answer.status().is_success() {
            stream::watch(self, seen, answer)
        } else {
            reqwest::Body::from(answer).map_err(anyhow::Error::from).boxed_unsync()
        };
        Ok(response.body(body)?)
    }
}

/// Waits for the verdict of the test.
async fn pass(hit: &Hit) -> Result<()> {
    match hit.progress.verdict().await {
        Verdict::Drop => bail!("the test drops the connection"),
        Verdict::Wait | Verdict::Release => Ok(()),
    }
}

fn refuse(code: u16, body: String) -> Result<Answer> {
    let mut response = Response::builder().status(code).header(CONTENT_TYPE, "application/json");
    if code == 429 {
        response = response.header(RETRY_AFTER, "1");
    }
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    Ok(response.body(body.boxed_unsync())?)
}

fn without_hop_by_hop(mut headers: HeaderMap) -> HeaderMap {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers
}
