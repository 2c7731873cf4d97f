//! The body of a refusal, as the API server writes it.

use http::Method;
use serde_json::{Value, json};

/// A `Status` for an answer with `code` to a request with `method`.
pub(super) fn status(code: u16, method: &Method) -> Value {
    let reason = reason(code, method);
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("the fault proxy answers {reason}"),
        "reason": reason,
        "code": code,
    });
    if code == 429 {
        status["details"] = json!({ "retryAfterSeconds": 1 });
    }
    status
}

/// The event that ends a watch whose resource version is too old.
pub(super) fn expired_event() -> String {
    format!("{}\n", json!({ "type": "ERROR", "object": status(410, &Method::GET) }))
}

fn reason(code: u16, method: &Method) -> &'static str {
    match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 if method == Method::POST => "AlreadyExists",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "Unknown",
    }
}
