//! When the operator is ready: everything has been seen once, and the leader has judged all of it once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::context::Context;
use crate::settings::Family;
use crate::watch::Pending;

/// What readiness is judged by.
#[derive(Default)]
pub struct Readiness {
    /// Watches that have not listed everything yet.
    pub pending: Arc<Pending>,
    judged: AtomicBool,
    fault: Mutex<Option<String>>,
}

impl Readiness {
    /// Why the operator cannot do its work though it runs, or that it can again.
    pub fn set_fault(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Whether the operator is ready, and if not, why.
    ///
    /// # Errors
    /// The reason in one clause.
    pub fn judge(&self, context: &Context) -> Result<(), String> {
        if let Some(fault) = self.fault.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Err(fault.clone());
        }
        if !self.pending.none() {
            return Err("the objects of the cluster have not all been listed".into());
        }
        if !context.leadership.is_known() {
            return Err("it is not known yet which replica leads".into());
        }
        if !context.leadership.holds() || self.judged.load(Ordering::SeqCst) {
            return Ok(());
        }
        if context.inputs.settings.serves(Family::SealedSecrets) && context.inputs.keyring().keys().is_empty() {
            return Err("there is no sealing key".into());
        }
        if !context.is_idle() {
            return Err("not every object has been judged".into());
        }
        self.judged.store(true, Ordering::SeqCst);
        Ok(())
    }
}
