//! `ExternalSecret` and its stores: values that live outside the cluster arrive, follow their store, and survive its failures.

mod economy;
mod faults;
mod markers;
mod place;
mod refresh;
mod refusals;
mod seed;
mod stores;
mod takeover;
mod targets;
mod vault;
