//! The events of one watch on their way through the proxy. Rules that are added while it is open act on it too.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use futures::stream;
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Frame};
use tokio::sync::watch;

use super::relay::Relay;
use super::request::Seen;
use super::rule::Action;
use super::status::expired_event;

/// A watch that is open.
struct Open {
    relay: Arc<Relay>,
    seen: Seen,
    answer: reqwest::Response,
    changes: watch::Receiver<()>,
    /// How many events went through.
    passed: usize,
    /// The last of them is whole: what is added now does not tear it apart.
    between_events: bool,
}

/// The body of a watch's answer.
pub(super) fn watch(relay: Arc<Relay>, seen: Seen, answer: reqwest::Response) -> UnsyncBoxBody<Bytes, anyhow::Error> {
    let changes = relay.rules.changes();
    let open = Open { relay, seen, answer, changes, passed: 0, between_events: true };
    let events = stream::unfold(Some(open), |open| async move {
        let mut open = open?;
        match open.next().await {
            Ok(Next::Events(chunk)) => Some((Ok(Frame::data(chunk)), Some(open))),
            Ok(Next::Last(chunk)) => Some((Ok(Frame::data(chunk)), None)),
            Ok(Next::End) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    UnsyncBoxBody::new(StreamBody::new(events))
}

enum Next {
    Events(Bytes),
    Last(Bytes),
    End,
}

impl Open {
    async fn next(&mut self) -> Result<Next> {
        loop {
            if self.between_events
                && let Some(hit) = self.relay.rules.on_events(&self.seen, self.passed)
            {
                hit.progress.done();
                return match hit.action {
                    Action::ExpireWatch => Ok(Next::Last(expired_event().into())),
                    _ => Err(anyhow!("a rule cuts the watch")),
                };
            }
            tokio::select! {
                chunk = self.answer.chunk() => {
                    let Some(chunk) = chunk? else { return Ok(Next::End) };
                    // An event is a line.
                    self.passed += chunk.split(|byte| *byte == b'\n').count() - 1;
                    self.between_events = chunk.ends_with(b"\n");
                    return Ok(Next::Events(chunk));
                }
                changed = self.changes.changed() => changed?,
            }
        }
    }
}
