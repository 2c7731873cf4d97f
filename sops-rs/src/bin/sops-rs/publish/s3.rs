//! AWS S3: one signed `PUT`.

use bytes::Bytes;
use reqwest::Method;
use sops::KeyError;
use sops::remote::aws::{AwsCall, Caller};
use zeroize::Zeroizing;

use crate::clouds::aws;
use crate::runtime;
use crate::services::wait;

/// An object of a bucket.
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Object {
    pub(super) fn put(self, bytes: Zeroizing<Vec<u8>>) -> Result<(), KeyError> {
        let call = AwsCall {
            service: "s3",
            method: Method::PUT,
            object: Some((self.bucket, self.key)),
            headers: vec![("content-type", "application/octet-stream")],
            body: Bytes::from_owner(bytes),
        };
        wait(runtime::spawn(async move {
            let answer = aws::client()?.call(&Caller::default(), call).await?;
            if answer.status.is_success() {
                return Ok(());
            }
            let words = words(&String::from_utf8_lossy(&answer.body));
            Err(KeyError::Refused(format!("AWS S3: {} {words}", answer.status.as_u16())))
        }))
    }
}

/// Code and message of an error in XML.
fn words(body: &str) -> String {
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    [element("Code"), element("Message")].into_iter().flatten().collect::<Vec<String>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_s3_are_found_in_its_xml() {
        let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>";
        assert_eq!(words(body), "NoSuchBucket: gone");
        assert_eq!(words("<html>"), "");
    }
}
