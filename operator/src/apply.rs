//! The only code that writes to the cluster. Every write of a Secret is conditional on the version that was judged: a Secret
//! that appeared or changed in between survives, and the work starts again from what is there.

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::PostParams;
use kube::core::{ApiResource, DeserializeGuard, DynamicObject, Status};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api_error::{cause, describe, is_terminating};
use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::name::ObjectName;
use crate::plan::{Desired, Planned, Step};
use crate::reason::Reason;
use crate::report::{Notice, Report, Written};
use crate::secrets::SecretMeta;
use crate::source::SecretSource;
use crate::watch::remember;

/// What became of a write.
pub enum Applied {
    /// The Secret is as planned.
    Done(Written),
    /// Somebody was there first: claim again.
    Lost,
    /// The API server does not accept it.
    Refused(Failure),
}

impl Context {
    /// Carries out the plan for one Secret.
    pub async fn apply(&self, desired: &Desired, planned: &Planned) -> kube::Result<Applied> {
        let target = &desired.claim.target;
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &target.namespace);
        let params = PostParams { dry_run: false, field_manager: Some(desired.field_manager.clone()) };
        let content = self.proof.content(&desired.data);
        let answer = match planned.step {
            Step::Keep => {
                let meta = SecretMeta::of(&planned.secret.metadata);
                return Ok(Applied::Done(Written { meta, content, changed: false }));
            }
            Step::Create => {
                self.leadership.required().await;
                api.create(&params, &planned.secret).await
            }
            Step::Update => {
                self.leadership.required().await;
                api.replace(&target.name, &params, &planned.secret).await
            }
        };
        match answer {
            Ok(secret) => {
                self.inputs.metrics.secret_written(planned.step == Step::Create);
                let meta = SecretMeta::of(&secret.metadata);
                self.inputs.secrets.written(target.clone(), meta.clone());
                Ok(Applied::Done(Written { meta, content, changed: true }))
            }
            Err(kube::Error::Api(status)) => Ok(self.refused(desired, &status)),
            Err(error) => Err(error),
        }
    }

    fn refused(&self, desired: &Desired, status: &Status) -> Applied {
        let target = &desired.claim.target;
        if matches!(status.code, 404 | 409) {
            self.inputs.secrets.unsure(target.clone());
            return Applied::Lost;
        }
        if is_terminating(status) {
            let message = format!("failed update: the namespace `{}` is being deleted", target.namespace);
            return Applied::Refused(Failure::waiting(Reason::NamespaceTerminating, message));
        }
        let message =
            format!("failed update: the API server does not accept the Secret `{}`: {}", target.name, cause(status));
        Applied::Refused(Failure::passing(Reason::UpdateFailed, message))
    }

    /// Writes the status where it has changed, then the event. Answers whether somebody was there first.
    pub async fn publish<K: SecretSource>(&self, object: &K, report: &Report) -> kube::Result<bool> {
        let mut reported = object.clone();
        reported.set_state(report.state.clone());
        // Compared as a kind reads it back: not every kind writes everything that a report knows.
        let is_told = if K::writes_status(&self.inputs.settings) {
            reported.state() == object.state() || self.write_remembered(&reported).await?
        } else {
            self.remember_only(reported)
        };
        // That a Secret was written is true whatever became of the status, and the next pass will not know of it.
        if let Some(notice) = report.notice.as_ref().filter(|notice| is_told || !notice.warning) {
            self.tell(&subject::<K>(object.meta()), K::event_source(), notice).await;
        }
        Ok(is_told)
    }

    /// Writes a status and remembers it at once: the Secret's own event may come before the watch tells of the status, and must
    /// find nothing to do.
    async fn write_remembered<K: SecretSource>(&self, object: &K) -> kube::Result<bool> {
        let Some(written) = self.write_status(object).await? else { return Ok(false) };
        if let Some(name) = ObjectName::of(&written) {
            K::lane(self).cache.insert_unless_newer(name, remember(self, DeserializeGuard(Ok(written))));
        }
        Ok(true)
    }

    /// Remembers a status that is not written.
    fn remember_only<K: SecretSource>(&self, reported: K) -> bool {
        if let Some(name) = ObjectName::of(&reported) {
            K::lane(self).cache.insert_unless_newer(name, remember(self, DeserializeGuard(Ok(reported))));
        }
        true
    }

    /// Writes a status; `None` when the object has changed or gone meanwhile.
    pub async fn write_status<K>(&self, object: &K) -> kube::Result<Option<K>>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        let url = K::url_path(&(), object.meta().namespace.as_deref());
        self.put_status(&url, object.meta(), object).await
    }

    /// The same for an object that cannot be decoded as its kind; answers whether it was written.
    pub async fn write_dynamic_status(&self, resource: &ApiResource, object: &DynamicObject) -> kube::Result<bool> {
        let url = DynamicObject::url_path(resource, object.metadata.namespace.as_deref());
        Ok(self.put_status(&url, &object.metadata, object).await?.is_some())
    }

    async fn put_status<K: Serialize + DeserializeOwned>(
        &self,
        url: &str,
        meta: &ObjectMeta,
        object: &K,
    ) -> kube::Result<Option<K>> {
        let name = meta.name.as_deref().unwrap_or_default();
        let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
        let request =
            http::Request::put(format!("{url}/{name}/status")).header("content-type", "application/json").body(body);
        self.leadership.required().await;
        match self.client.request::<K>(request.map_err(kube::Error::HttpError)?).await {
            Ok(object) => {
                self.inputs.metrics.status_written();
                Ok(Some(object))
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Releases an object that is being deleted from finalizers that nobody else will remove.
    pub async fn release<K: SecretSource>(&self, object: &K) -> kube::Result<()> {
        let mut released = object.clone();
        let foreign = K::foreign_finalizers();
        let finalizers = released.meta_mut().finalizers.get_or_insert_default();
        let before = finalizers.len();
        finalizers.retain(|finalizer| !foreign.contains(&finalizer.as_str()));
        if finalizers.len() == before {
            return Ok(());
        }
        let namespace = object.meta().namespace.clone().unwrap_or_default();
        let api: Api<K> = Api::namespaced(self.client.clone(), &namespace);
        self.leadership.required().await;
        match api.replace(object.meta().name.as_deref().unwrap_or_default(), &PostParams::default(), &released).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Tells an event about an object. An event that cannot be told is logged and never stops the work.
    pub async fn tell(&self, subject: &ObjectReference, component: &str, notice: &Notice) {
        let namespace = subject.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        self.leadership.required().await;
        if let Err(error) = api.create(&PostParams::default(), &event(subject, &namespace, component, notice)).await {
            let (kind, name) = (subject.kind.as_deref(), subject.name.as_deref());
            tracing::warn!(kind, namespace, name, cause = %describe(&error), "could not tell an event");
        }
    }
}

/// What an event about an object of this kind refers to.
pub fn subject<K: Resource<DynamicType = ()>>(meta: &ObjectMeta) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
        ..ObjectReference::default()
    }
}

fn event(subject: &ObjectReference, namespace: &str, component: &str, notice: &Notice) -> Event {
    let now = Time(clock::now());
    Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}.", clip_name(subject.name.as_deref().unwrap_or_default()))),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: subject.clone(),
        reason: Some(notice.reason.as_str().to_owned()),
        message: Some(notice.message.chars().take(1000).collect()),
        type_: Some(if notice.warning { "Warning" } else { "Normal" }.to_owned()),
        source: Some(EventSource { component: Some(component.to_owned()), host: None }),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        count: Some(1),
        ..Event::default()
    }
}

/// The name part of an event's generated name must leave room for the suffix.
fn clip_name(name: &str) -> &str {
    name.get(..240).unwrap_or(name)
}
