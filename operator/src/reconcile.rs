//! One look at one object, the same for every kind: is there anything to do; may we; open; plan; apply; report.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::core::DeserializeGuard;

use crate::apply::Applied;
use crate::cache::Entry;
use crate::claim::{Claim, Mode};
use crate::clock;
use crate::context::Context;
use crate::failure::{Failure, Retry};
use crate::lane::Again;
use crate::name::ObjectName;
use crate::plan::{Desired, plan};
use crate::proof::Digest;
use crate::reason::Reason;
use crate::report::{Facts, Outcome, Written, cause, report, wait};
use crate::secret_data::SecretData;
use crate::secrets::{Known, SecretMeta};
use crate::source::{Counted, Due, Material, SecretSource};

/// Looks at one object and does what there is to do. `Err` is a failed call to the API server, nothing else.
pub async fn reconcile<K: SecretSource>(context: &Context, name: &ObjectName) -> kube::Result<Again> {
    let Some(entry) = K::lane(context).cache.get(name) else { return Ok(Again::OnChange) };
    let Ok(remembered) = &entry.object else {
        return crate::undecodable::report::<K>(context, name).await;
    };
    if remembered.meta().deletion_timestamp.is_some() {
        return release::<K>(context, name).await;
    }
    context.look_at_used(remembered).await?;
    if let Some(again) = settled(context, &entry, remembered) {
        return Ok(again);
    }
    // There is work: from here on the object counts as it is now, not as it is remembered.
    let Some(mut object) = read::<K>(context, name).await? else { return Ok(Again::OnChange) };
    if !K::writes_status(&context.inputs.settings) {
        object.set_state(remembered.state());
    }
    let specification = context.proof.digest("specification", &[&object.specification()]);
    let keys_version = object.keys_version(&context.inputs);
    let Some(work) = work(context, &object, &specification).await? else { return Ok(Again::Now) };
    if work.outcomes.as_ref().is_err_and(|failure| failure.reason == Reason::NotServed) {
        // Another controller's business: not a word about it.
        return Ok(Again::OnChange);
    }
    K::count(&context.inputs, &name.namespace, Counted::Pass(cause(&work.outcomes)));
    let now = clock::now();
    let facts = Facts {
        proof: &context.proof,
        specification: &specification,
        keys_version: &keys_version,
        refreshed: work.refreshed,
        now,
    };
    let report = report(&object, work.outcomes, &facts);
    context.inputs.metrics.reconciled(&K::kind(&()), &report.state.conditions);
    let published = context.publish(&object, &report).await;
    let is_told = published.inspect_err(|_| K::count(&context.inputs, &name.namespace, Counted::StatusFailed))?;
    Ok(if is_told { report.again } else { Again::Now })
}

/// Whether everything is known to be as it should be, from memory alone.
fn settled<K: SecretSource>(context: &Context, entry: &Entry<K>, object: &K) -> Option<Again> {
    let state = object.state();
    let now = clock::now();
    let due = object.due(&state, entry.version.as_deref(), now);
    if due == Due::Now || state.children.is_empty() || state.observed_generation != object.meta().generation {
        return None;
    }
    let keys_version = object.keys_version(&context.inputs);
    let namespace = object.meta().namespace.as_deref().unwrap_or_default();
    let all = state.children.iter().all(|child| {
        let Some(proof) = &child.proof else { return false };
        if !child.ready {
            return context.proof.is_futile(proof, &entry.specification, &keys_version);
        }
        match context.inputs.secrets.get(&ObjectName::new(namespace, child.name.clone())) {
            Known::Ours(meta) => context.proof.is_current(proof, &entry.specification, &meta),
            Known::Absent | Known::Foreign => false,
        }
    });
    all.then(|| wait(due, now))
}

struct Work {
    outcomes: Result<Vec<Outcome>, Failure>,
    /// The version of the object for which its store was read.
    refreshed: Option<String>,
}

impl Work {
    fn failed(failure: Failure) -> Work {
        Work { outcomes: Err(failure), refreshed: None }
    }
}

/// Claims, opens and writes every Secret of the object. `None`: what was seen is out of date.
async fn work<K: SecretSource>(context: &Context, object: &K, specification: &Digest) -> kube::Result<Option<Work>> {
    let (names, opened) = match object.identify(&context.inputs).await {
        Ok(identified) => identified,
        Err(failure) => return Ok(Some(Work::failed(failure))),
    };
    let mut outcomes = Vec::new();
    let mut open = Vec::new();
    for name in names {
        match prepare(context, object, name, specification).await? {
            Prepared::Settled(outcome) => outcomes.push(*outcome),
            Prepared::Open(target) => open.push(*target),
        }
    }
    if open.is_empty() {
        return Ok(Some(Work { outcomes: Ok(outcomes), refreshed: None }));
    }
    let names: Vec<String> = open.iter().map(|target| target.claim.target.name.clone()).collect();
    let materials = match object.materialize(&context.inputs, opened, &names).await {
        Ok(materials) => materials,
        Err(failure) => return Ok(Some(Work::failed(failure))),
    };
    for material in materials {
        let Some(at) = open.iter().position(|target| target.claim.target.name == material.name) else { continue };
        match write(context, object, open.swap_remove(at), material).await? {
            Some(outcome) => outcomes.push(outcome),
            None => return Ok(None),
        }
    }
    outcomes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Some(Work { outcomes: Ok(outcomes), refreshed: object.version() }))
}

/// A Secret that may be written.
struct Target {
    claim: Claim,
    existing: Option<Secret>,
    /// It was right once and somebody has changed it since.
    altered: bool,
}

enum Prepared {
    /// Nothing has to be opened for it.
    Settled(Box<Outcome>),
    /// Its values are needed.
    Open(Box<Target>),
}

/// Claims one Secret, reads it when it exists, and tells whether its values are needed at all.
async fn prepare<K: SecretSource>(
    context: &Context,
    object: &K,
    name: String,
    specification: &Digest,
) -> kube::Result<Prepared> {
    let target = ObjectName::new(object.meta().namespace.clone().unwrap_or_default(), name.clone());
    let settled = |result| Prepared::Settled(Box::new(Outcome { name, result, sealing_key: None }));
    let claim = match context.claim(object, target).await? {
        Ok(claim) => claim,
        Err(failure) => return Ok(settled(Err(failure))),
    };
    if claim.existing.is_none() {
        return Ok(Prepared::Open(Box::new(Target { claim, existing: None, altered: false })));
    }
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &claim.target.namespace);
    let Some(secret) = api.get_opt(&claim.target.name).await? else {
        context.inputs.secrets.remove(&claim.target);
        let claim = Claim { mode: Mode::Create, existing: None, ..claim };
        return Ok(Prepared::Open(Box::new(Target { claim, existing: None, altered: false })));
    };
    let meta = SecretMeta::of(&secret.metadata);
    context.inputs.secrets.written(claim.target.clone(), meta.clone());
    // The Secret that was read is the one that is judged: it may be another than the one in memory.
    let claim = match object.claim(&claim.target.name, Some(&meta)) {
        Ok(mode) => Claim { mode, existing: Some(meta.clone()), ..claim },
        Err(failure) => return Ok(settled(Err(failure))),
    };
    let known = known_content(context, object, &claim, &secret, specification);
    if let Some(content) = known.unaltered {
        return Ok(settled(Ok(Written { meta, content, changed: false })));
    }
    Ok(Prepared::Open(Box::new(Target { claim, existing: Some(secret), altered: known.was_ours })))
}

struct KnownContent {
    /// The digest of the content, when it is what was written for this specification.
    unaltered: Option<Digest>,
    was_ours: bool,
}

/// Compares a Secret with the proof of the last one that was right.
fn known_content<K: SecretSource>(
    context: &Context,
    object: &K,
    claim: &Claim,
    secret: &Secret,
    specification: &Digest,
) -> KnownContent {
    let state = object.state();
    let child = state.children.iter().find(|child| child.name == claim.target.name);
    let proof = child.and_then(|child| child.proof.as_ref()).filter(|proof| context.proof.is_of(proof, specification));
    let is_due = object.due(&state, object.version().as_deref(), clock::now()) == Due::Now;
    let uid = object.meta().uid.as_deref().unwrap_or_default();
    let is_ours = claim.existing.as_ref().is_some_and(|meta| meta.is_controlled_by(&K::kind(&()), uid));
    let is_owned = |outline: &SecretData| is_ours || !object.owns_secret(outline);
    let outline = object.outline().filter(|outline| claim.mode == Mode::Replace && !is_due && is_owned(outline));
    let digest = outline.map(|outline| context.proof.content(&as_described(secret, outline)));
    let same = |digest: &Digest| match proof {
        Some(proof) => context.proof.is_same_content(proof, digest),
        None => object.vouches_for(secret),
    };
    let was_ours = proof.is_some_and(|proof| secret.metadata.uid.as_ref() == Some(&proof.uid));
    KnownContent { unaltered: digest.filter(same), was_ours }
}

/// A Secret seen through what the object describes: all its data, and of its metadata only what the outline names.
fn as_described(secret: &Secret, mut outline: SecretData) -> SecretData {
    let present = |map: &Option<std::collections::BTreeMap<String, String>>, key: &str| {
        map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default()
    };
    for (key, value) in &mut outline.labels {
        *value = present(&secret.metadata.labels, key);
    }
    for (key, value) in &mut outline.annotations {
        *value = present(&secret.metadata.annotations, key);
    }
    if outline.type_.is_some() {
        outline.type_.clone_from(&secret.type_);
    }
    for (key, value) in secret.data.iter().flatten() {
        outline.insert(key.clone(), zeroize::Zeroizing::new(value.0.clone()));
    }
    outline
}

/// Plans and writes one Secret. `None`: somebody was there first.
async fn write<K: SecretSource>(
    context: &Context,
    object: &K,
    target: Target,
    material: Material,
) -> kube::Result<Option<Outcome>> {
    let Material { name, data, sealing_key } = material;
    let outcome = |result| Some(Outcome { name, result, sealing_key });
    let data = match data {
        Ok(data) => data,
        Err(failure) => return Ok(outcome(Err(failure))),
    };
    let desired = desired(object, target.claim, target.existing, data);
    let planned = match plan(&desired) {
        Ok(planned) => planned,
        Err(failure) => return Ok(outcome(Err(failure))),
    };
    if target.altered && planned.step == crate::plan::Step::Update {
        let version = desired.claim.existing.as_ref().map(|seen| seen.resource_version.as_str()).unwrap_or_default();
        if let Some(truce) = context.truce(&desired.claim.target, version) {
            return Ok(outcome(Err(contested(&desired.claim.target, truce))));
        }
    }
    Ok(match context.apply(&desired, &planned).await? {
        Applied::Done(written) => outcome(Ok(written)),
        Applied::Refused(failure) => outcome(Err(failure)),
        Applied::Lost => None,
    })
}

/// A Secret as an object describes it, to be planned.
pub(crate) fn desired<K: SecretSource>(
    object: &K,
    claim: Claim,
    existing: Option<Secret>,
    data: SecretData,
) -> Desired {
    let owner = object.owns_secret(&data).then(|| owner_reference(object));
    // A Secret that is only open to additions keeps its owner, unless it may be taken over as well.
    let is_ours = claim.mode != Mode::Merge || claim.existing.as_ref().is_some_and(|meta| meta.managed);
    let owner = owner.filter(|_| is_ours);
    Desired { claim, data, owner, existing, field_manager: object.field_manager() }
}

fn contested(target: &ObjectName, truce: std::time::Duration) -> Failure {
    let message =
        format!("somebody else keeps changing the Secret `{}`; setting it right again is put off", target.name);
    Failure { reason: Reason::Contested, message, retry: Retry::After(truce) }
}

fn owner_reference<K: SecretSource>(object: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::api_version(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        name: object.meta().name.clone().unwrap_or_default(),
        uid: object.meta().uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

/// Reads an object as it is now. One that cannot be decoded any more is left to its next event.
async fn read<K: SecretSource>(context: &Context, name: &ObjectName) -> kube::Result<Option<K>> {
    let api: Api<DeserializeGuard<K>> = Api::namespaced(context.client.clone(), &name.namespace);
    Ok(api.get_opt(&name.name).await?.and_then(|guard| guard.0.ok()))
}

/// An object that is being deleted keeps its Secrets to the garbage collector; only foreign finalizers are removed.
async fn release<K: SecretSource>(context: &Context, name: &ObjectName) -> kube::Result<Again> {
    if let Some(object) = read::<K>(context, name).await? {
        context.release(&object).await?;
    }
    Ok(Again::OnChange)
}
