//! `SealedSecret`: sealed values arrive in a Secret, stay there, and belong to who described them.

mod healing;
mod keys;
mod ownership;
mod quiet;
mod scopes;
mod status;
mod template;
