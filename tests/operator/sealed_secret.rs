//! `SealedSecret`: sealed values arrive in a Secret, stay there, and belong to who described them.

mod flags;
mod healing;
mod keys;
mod ownership;
mod quiet;
mod renewal;
mod rules;
mod scopes;
mod server;
mod status;
mod stories;
mod template;
