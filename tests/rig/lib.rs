//! The ground every whole-program test stands on: a real control plane, real stores, the originals as peers, and a proxy that
//! makes faults. It starts programs on free loopback ports and ends them with the test process, whichever way that dies.
//! It must never imitate a system that it can run.

mod access;
mod audit;
mod binary;
mod control_plane;
mod moto;
mod operator;
mod peers;
mod process;
mod proxy;
mod vault;
mod wait;

use anyhow::Result;
use tokio::sync::OnceCell;

pub use audit::{AuditLog, Call, Mark};
pub use binary::built_binary;
pub use control_plane::{ControlPlane, Installation, Options, User, free_ports, host_address};
pub use moto::Moto;
pub use operator::{Operator, OperatorOptions};
pub use peers::Peers;
pub use process::Process;
pub use proxy::{Action, FaultProxy, Matcher, Rule, RuleHandle, Seen};
pub use vault::Vault;
pub use wait::{eventually, watch_until, watch_until_gone};

/// The one control plane of a test binary, started at the first call. It has no controller manager: a test that needs garbage
/// collection, or restarts the API server, starts a [`ControlPlane`] of its own. Tests keep apart by a namespace each.
pub async fn shared() -> Result<&'static ControlPlane> {
    static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
    SHARED.get_or_try_init(|| ControlPlane::start(Options::default())).await
}
