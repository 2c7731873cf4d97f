//! Waiting without sleeping: for an object, a watch with a deadline. Whoever waits too long is told what was seen last, without
//! the data of a Secret.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a broken watch rests before it is opened again, and how often [`eventually`] asks.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until the object exists and satisfies `satisfied`, and answers it. Survives a restart of the API server.
pub async fn watch_until<K>(api: &Api<K>, name: &str, deadline: Duration, satisfied: impl Fn(&K) -> bool) -> Result<K>
where
    K: Resource + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
{
    let found = watch(api, name, deadline, |object: Option<&K>| object.is_some_and(&satisfied)).await?;
    found.with_context(|| format!("{name} is gone"))
}

/// Waits until there is no object of that name.
pub async fn watch_until_gone<K>(api: &Api<K>, name: &str, deadline: Duration) -> Result<()>
where
    K: Resource + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
{
    watch(api, name, deadline, |object: Option<&K>| object.is_none()).await.map(drop)
}

/// Asks again until `answer` gives a value. Only for what cannot be watched: an endpoint of a program, a file.
pub async fn eventually<T>(deadline: Duration, what: &str, mut answer: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        match timeout_at(end, answer()).await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) if Instant::now() < end => sleep(PAUSE).await,
            _ => bail!("{what} did not come true within {deadline:?}"),
        }
    }
}

async fn watch<K, C>(api: &Api<K>, name: &str, deadline: Duration, condition: C) -> Result<Option<K>>
where
    K: Resource + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
    C: Fn(Option<&K>) -> bool,
{
    let end = Instant::now() + deadline;
    loop {
        let condition = |object: Option<&K>| Condition::matches_object(&condition, object);
        match timeout_at(end, await_condition(api.clone(), name, condition)).await {
            Ok(Ok(object)) => return Ok(object),
            Ok(Err(_)) => sleep(PAUSE).await,
            Err(_) => bail!("waited {deadline:?} for {name}, last seen: {}", describe(api, name).await),
        }
    }
}

/// The status and the labels: what a failed test wants to see, and never the data of a Secret.
async fn describe<K>(api: &Api<K>, name: &str) -> String
where
    K: Resource + Clone + Debug + Serialize + DeserializeOwned,
{
    match api.get_opt(name).await.map(|object| object.map(|object| serde_json::to_value(object).unwrap_or_default())) {
        Ok(Some(object)) => format!("labels {}, status {}", object["metadata"]["labels"], object["status"]),
        Ok(None) => "no such object".to_owned(),
        Err(error) => error.to_string(),
    }
}
