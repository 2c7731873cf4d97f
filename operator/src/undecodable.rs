//! An object that cannot be read as its kind still gets an answer: a condition and one event, and nothing else is touched.

use crds::Condition;
use kube::Api;
use kube::core::{ApiResource, DynamicObject};
use serde_json::{Value, json};

use crate::apply::subject;
use crate::clock;
use crate::condition::ready;
use crate::context::Context;
use crate::failure::Failure;
use crate::lane::Again;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::report::Notice;
use crate::source::SecretSource;

/// Reports an object whose specification does not have the shape of its kind. The decoder's own words are not passed on:
/// they quote the value that they stumbled over.
pub async fn report<K: SecretSource>(context: &Context, name: &ObjectName) -> kube::Result<Again> {
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(context.client.clone(), &name.namespace, &resource);
    let Some(mut object) = api.get_opt(&name.name).await? else { return Ok(Again::OnChange) };
    let kind = K::kind(&());
    let failure = Failure::lasting(
        Reason::Undecodable,
        format!("the object cannot be read as {kind}; compare it with `kubectl explain {}.spec`", kind.to_lowercase()),
    );
    let old: Vec<Condition> = serde_json::from_value(object.data["status"]["conditions"].clone()).unwrap_or_default();
    let now = clock::now();
    let condition = ready(&old, Err(&failure), now);
    let generation = json!(object.metadata.generation);
    if old.contains(&condition) && object.data["status"]["observedGeneration"] == generation {
        return Ok(Again::OnChange);
    }
    let status = json!({ "observedGeneration": generation, "conditions": K::conditions(&old, condition, now) });
    let Value::Object(fields) = &mut object.data else { return Ok(Again::OnChange) };
    fields.insert("status".into(), status);
    if K::writes_status(&context.inputs.settings) && !context.write_dynamic_status(&resource, &object).await? {
        return Ok(Again::Now);
    }
    context.tell(&subject::<K>(&object.metadata), K::event_source(), &Notice::warning(&failure)).await;
    Ok(Again::OnChange)
}
