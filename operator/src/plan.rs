//! What will be done about the Secrets of one object. A function of its arguments: it reads no clock and writes nothing.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::claim::{Claim, Mode};
use crate::failure::Failure;
use crate::reason::Reason;
use crate::render::render;
use crate::secret_data::SecretData;

/// The limit of Kubernetes on the data of a Secret, in bytes.
pub const MAX_SECRET_SIZE: usize = 1024 * 1024;

/// A Secret as it should be.
pub struct Desired {
    /// The right to write it.
    pub claim: Claim,
    /// What it should hold.
    pub data: SecretData,
    /// Who should own it.
    pub owner: Option<OwnerReference>,
    /// The Secret as it is, when it was read.
    pub existing: Option<Secret>,
    /// Who writes it.
    pub field_manager: String,
}

/// What to do about one Secret.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// It is right as it is.
    Keep,
    /// Make it.
    Create,
    /// Change the version that was seen.
    Update,
}

/// A step and what it takes.
pub struct Planned {
    /// The step.
    pub step: Step,
    /// The Secret as it will be written, or as it stays.
    pub secret: Secret,
}

/// Decides what to do about one Secret, or why nothing may be done.
///
/// # Errors
/// The Secret would be too large, of a type that Kubernetes fills itself, or an immutable one would have to change.
pub fn plan(desired: &Desired) -> Result<Planned, Failure> {
    let name = &desired.claim.target.name;
    refuse_type(name, &desired.data)?;
    let secret = render(desired);
    let size: usize = secret.data.iter().flatten().map(|(_, value)| value.0.len()).sum();
    if size > MAX_SECRET_SIZE {
        let message = format!("the Secret `{name}` would hold {size} bytes, the limit is {MAX_SECRET_SIZE}");
        return Err(Failure::lasting(Reason::TooLarge, message));
    }
    let Some(existing) = &desired.existing else {
        return Ok(Planned { step: Step::Create, secret });
    };
    if *existing == secret {
        return Ok(Planned { step: Step::Keep, secret });
    }
    let changed = existing.data != secret.data || existing.type_ != secret.type_ || secret.immutable != Some(true);
    if existing.immutable == Some(true) && changed {
        return Err(Failure::waiting(
            Reason::Immutable,
            format!("the target Secret is immutable: `{name}` stays as it is"),
        ));
    }
    if existing.type_ != secret.type_ {
        let message = format!("the type of the Secret `{name}` cannot be changed; delete it to have it made anew");
        return Err(Failure::waiting(Reason::Immutable, message));
    }
    Ok(Planned { step: Step::Update, secret })
}

/// Kubernetes fills Secrets of these types with credentials of its own or lets nodes join with them: whoever may only
/// create custom resources must not get there through us.
fn refuse_type(name: &str, data: &SecretData) -> Result<(), Failure> {
    match data.type_.as_deref() {
        Some(forbidden @ ("kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token")) => {
            let message =
                format!("the Secret `{name}` may not be of type {forbidden}, which Kubernetes acts on itself");
            Err(Failure::lasting(Reason::ForbiddenType, message))
        }
        _ => Ok(()),
    }
}

impl Mode {
    /// Whether keys that the object does not describe stay.
    pub fn keeps_other_keys(self) -> bool {
        self == Mode::Merge
    }
}
