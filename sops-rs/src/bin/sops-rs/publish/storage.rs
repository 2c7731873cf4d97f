//! Google Cloud Storage: one upload by its JSON interface (<https://cloud.google.com/storage/docs/uploading-objects>).

use bytes::Bytes;
use reqwest::{Method, Url};
use sops::KeyError;
use sops::remote::gcp::words;
use sops::remote::{Http, HttpSettings};
use zeroize::Zeroizing;

use crate::clouds::{gcp, variable};
use crate::runtime;
use crate::services::wait;

const SERVER: &str = "Google Cloud Storage";

/// An object of a bucket.
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Object {
    pub(super) fn put(self, bytes: Zeroizing<Vec<u8>>) -> Result<(), KeyError> {
        let emulator = variable("STORAGE_EMULATOR_HOST");
        let url = url(&self, emulator.as_deref())?;
        wait(runtime::spawn(async move {
            let http = Http::new(&HttpSettings::default())?;
            let mut request = http.request(Method::POST, url).header("Content-Type", "application/octet-stream");
            // An emulator gets no token, as with Google's own clients.
            if emulator.is_none() {
                request = request.bearer_auth(&*gcp::tokens(http.clone())?.token().await?);
            }
            http.send(SERVER, request.body(Bytes::from_owner(bytes))).await?.accept(SERVER, words)
        }))
    }
}

fn url(object: &Object, emulator: Option<&str>) -> Result<Url, KeyError> {
    let base = match emulator {
        None => "https://storage.googleapis.com".to_owned(),
        Some(host) if host.contains("://") => host.to_owned(),
        Some(host) => format!("http://{host}"),
    };
    let wrong = || KeyError::Malformed("the address of Google Cloud Storage is not a URL".to_owned());
    let mut url = Url::parse(&base).map_err(|_| wrong())?;
    let segments = ["upload", "storage", "v1", "b", &object.bucket, "o"];
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
    url.query_pairs_mut().append_pair("uploadType", "media").append_pair("name", &object.key);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let object = Object { bucket: "b/../c".to_owned(), key: "p/x y&z=1".to_owned() };
        let base = "upload/storage/v1/b/b%2F..%2Fc/o?uploadType=media&name=p%2Fx+y%26z%3D1";
        assert_eq!(url(&object, None).unwrap().as_str(), format!("https://storage.googleapis.com/{base}"));
        assert_eq!(url(&object, Some("localhost:4443")).unwrap().as_str(), format!("http://localhost:4443/{base}"));
    }
}
