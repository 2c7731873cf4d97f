//! `kubeseal-rs` where it needs a cluster: its modes through either controller, and every way to say which cluster and as whom.

mod connection;
mod modes;
