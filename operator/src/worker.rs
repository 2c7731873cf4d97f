//! The workers of one kind: as many passes at once as the settings allow, each in a task of its own, so that a panic ends
//! one pass and nothing else.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::{Semaphore, watch};

use crate::context::Context;
use crate::lane::Again;
use crate::name::ObjectName;
use crate::reconcile::reconcile;
use crate::run::log_failure;
use crate::source::{Counted, SecretSource};

/// Works until the process is asked to stop.
pub async fn run<K: SecretSource>(context: Arc<Context>) -> Result<()> {
    let slots = Arc::new(Semaphore::new(context.inputs.settings.workers.max(1)));
    let mut stopping = context.stopping.subscribe();
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let name = tokio::select! {
            name = K::lane(&context).queue.next() => name,
            () = asked_to_stop(&mut stopping) => return std::future::pending().await,
        };
        let context = Arc::clone(&context);
        context.busy.send_modify(|busy| *busy += 1);
        tokio::spawn(async move {
            let again = pass::<K>(&context, &name).await;
            K::lane(&context).finish(&name, again);
            context.busy.send_modify(|busy| *busy -= 1);
            drop(slot);
        });
    }
}

async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _stop_or_closed = stopping.wait_for(|stop| *stop).await;
}

async fn pass<K: SecretSource>(context: &Arc<Context>, name: &ObjectName) -> Again {
    let task = tokio::spawn({
        let (context, name) = (Arc::clone(context), name.clone());
        async move { reconcile::<K>(&context, &name).await }
    });
    match task.await {
        Ok(Ok(again)) => again,
        Ok(Err(error)) => {
            context.inputs.metrics.api_failed(&K::kind(&()));
            K::count(&context.inputs, &name.namespace, Counted::CallFailed);
            log_failure(&K::kind(&()), name, &error);
            Again::Backoff
        }
        Err(_) => {
            context.inputs.metrics.panicked(&K::kind(&()));
            tracing::error!(kind = %K::kind(&()), object = %name, "a pass over the object panicked; it is tried again");
            Again::Backoff
        }
    }
}
