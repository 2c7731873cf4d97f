//! The strongroom operator: three kinds of custom resource that describe Secrets, one way of keeping them.
//!
//! Read [`reconcile`] first: it is the path of every object, from a name in a queue to a Secret, a status and an event.

pub mod api_error;
pub mod apply;
pub mod cache;
pub mod claim;
pub mod clock;
pub mod command;
pub mod condition;
pub mod context;
pub mod election;
pub mod failure;
pub mod inputs;
pub mod keyring;
pub mod keys;
pub mod lane;
pub mod metrics;
pub mod name;
pub mod plan;
pub mod preview;
pub mod proof;
pub mod proof_key;
pub mod provider;
pub mod queue;
pub mod readiness;
pub mod reason;
pub mod reconcile;
pub mod reference;
pub mod render;
pub mod report;
pub mod run;
pub mod secret_data;
pub mod secrets;
pub mod server;
pub mod settings;
pub mod source;
pub mod stores;
pub mod takeover;
pub mod telemetry;
pub mod template;
pub mod undecodable;
pub mod watch;
pub mod worker;
