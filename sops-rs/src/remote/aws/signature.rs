//! Signature version 4 of a request (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sign_request,
};
use aws_sigv4::sign::v4::SigningParams;
use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::AwsCall;
use crate::master_key::KeyError;

/// The headers of a call, its signature among them.
pub(super) fn sign(
    credentials: &Credentials,
    (region, now): (&str, Timestamp),
    call: &AwsCall,
    url: &Url,
) -> Result<HeaderMap, KeyError> {
    let wrong = || KeyError::Malformed("the request to AWS cannot be signed".to_owned());
    let mut settings = SigningSettings::default();
    if call.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder().identity(&identity).region(region).name(call.service);
    let parameters = parameters.time(SystemTime::from(now)).settings(settings).build().map_err(|_| wrong())?.into();
    let given = call.headers.iter().copied();
    let request = SignableRequest::new(call.method.as_str(), url.as_str(), given, SignableBody::Bytes(&call.body));
    let signed = sign_request(request.map_err(|_| wrong())?, &parameters).map_err(|_| wrong())?;
    let (instructions, _) = signed.into_parts();
    let mut headers = HeaderMap::new();
    for (name, text) in call.headers.iter().copied().chain(instructions.headers()) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(text).map_err(|_| wrong())?;
        value.set_sensitive(matches!(name.as_str(), "authorization" | "x-amz-security-token"));
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::Method;

    use super::*;

    fn signed(call: &AwsCall, (region, url): (&str, &str), token: Option<&str>) -> HeaderMap {
        let credentials = Credentials::new("AKIDEXAMPLE", "not-a-secret-key", token.map(str::to_owned), None, "test");
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        sign(&credentials, (region, now), call, &Url::parse(url).unwrap()).unwrap()
    }

    /// Computed beside us with `SigV4Auth` and `S3SigV4Auth` of botocore.
    #[test]
    fn signatures_are_those_of_another_implementation() {
        let kms = AwsCall {
            service: "kms",
            method: Method::POST,
            object: None,
            headers: vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "TrentService.Encrypt")],
            body: Bytes::from_static(b"{}"),
        };
        let headers = signed(&kms, ("us-east-1", "https://kms.us-east-1.amazonaws.com/"), None);
        assert_eq!(headers["x-amz-date"], "20260102T030405Z");
        let expected = "b0717696f703afc47e97918fc4f5e0877e8748f6d9cd7d509c0a7b2255f6c1e4";
        assert!(headers["authorization"].to_str().unwrap().ends_with(expected), "{headers:?}");
        let s3 = AwsCall {
            service: "s3",
            method: Method::PUT,
            object: None,
            headers: Vec::new(),
            body: Bytes::from_static(b"hello"),
        };
        let url = "https://b.s3.eu-west-1.amazonaws.com/p/%C3%A4%20b%3Fc";
        let headers = signed(&s3, ("eu-west-1", url), Some("token"));
        let expected = "c177b31be47a694adc39832388be356ba0b34661400f8c42ac79d34604788a96";
        assert!(headers["authorization"].to_str().unwrap().ends_with(expected));
        assert!(headers["authorization"].is_sensitive() && headers["x-amz-security-token"].is_sensitive());
    }
}
