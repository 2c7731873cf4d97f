//! Section 5: what goes wrong around the operator. Each fault is made for real: by killing, by a proxy in front of the API
//! server, or by restarting that.

mod conflicts;
mod killed;
mod outage;
mod poison;
mod watches;
