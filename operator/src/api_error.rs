//! Failed calls to the API server in our own words. Its free text is never passed on: it may quote what was sent.

use kube::core::Status;

/// Why the API server refuses, without its free text: that may quote what was sent.
pub fn cause(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let fields: Vec<String> =
        causes.map(|cause| format!("{} {}", cause.field, cause.reason).trim().to_owned()).collect();
    let word = if status.reason.is_empty() { format!("status {}", status.code) } else { status.reason.clone() };
    if fields.is_empty() { word } else { format!("{word} ({})", fields.join(", ")) }
}

/// Whether nothing new is accepted because the namespace is being deleted.
pub fn is_terminating(status: &Status) -> bool {
    status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.reason == "NamespaceTerminating")
}

/// A failed call in words that quote nothing.
pub fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("the API server answered {}", cause(status)),
        kube::Error::SerdeError(_) => "the API server's answer could not be read".to_owned(),
        _ => "the API server could not be reached".to_owned(),
    }
}
