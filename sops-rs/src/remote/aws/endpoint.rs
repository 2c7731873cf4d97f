//! Where a service of AWS is. The region may come out of a file of somebody else: it must not be able to name another host.

use aws_config::SdkConfig;
use reqwest::Url;

use super::AwsCall;
use crate::master_key::KeyError;

/// Whether this is a name of a region, and nothing else.
pub(super) fn is_region(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(is_part)
}

/// The address of a call; `given` replaces the service's own.
pub(super) fn url(config: &SdkConfig, region: &str, call: &AwsCall, given: Option<&str>) -> Result<Url, KeyError> {
    if !is_region(region) {
        return Err(super::no_region());
    }
    let host = host(config, call.service, region);
    let wrong = || KeyError::Malformed("the endpoint of AWS is not a URL".to_owned());
    let Some((bucket, key)) = &call.object else {
        return Url::parse(given.unwrap_or(&format!("https://{host}/"))).map_err(|_| wrong());
    };
    // A name with dots fits no certificate of `*.s3`.
    let is_host = given.is_none() && !bucket.contains('.');
    let base = if is_host { format!("https://{bucket}.{host}/") } else { format!("https://{host}/") };
    let mut url = Url::parse(given.unwrap_or(&base)).map_err(|_| wrong())?;
    let mut segments = url.path_segments_mut().map_err(|()| wrong())?;
    segments.pop_if_empty();
    if !is_host {
        segments.push(bucket);
    }
    // Where a key has `.` or `..` between slashes, a URL cannot say it.
    if key.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(KeyError::Malformed(format!("`{key}` is not a name for an object")));
    }
    segments.extend(key.split('/'));
    drop(segments);
    Ok(url)
}

/// The host of a service: <https://docs.aws.amazon.com/general/latest/gr/rande.html>.
fn host(config: &SdkConfig, service: &str, region: &str) -> String {
    let is_dual = config.use_dual_stack().unwrap_or(false);
    let of = |prefix: &str| region.starts_with(prefix);
    let (domain, dual_domain) = match () {
        () if of("cn-") => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        () if of("us-iso-") => ("c2s.ic.gov", "api.aws.ic.gov"),
        () if of("us-isob-") => ("sc2s.sgov.gov", "api.aws.scloud"),
        () if of("us-isof-") => ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        () if of("eu-isoe-") => ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        () if of("eusc-") => ("amazonaws.eu", "api.amazonwebservices.eu"),
        () => ("amazonaws.com", "api.aws"),
    };
    let fips = if config.use_fips().unwrap_or(false) { "-fips" } else { "" };
    match (is_dual, service) {
        // S3 had two stacks before there was a domain for it.
        (true, "s3") => format!("s3{fips}.dualstack.{region}.{domain}"),
        (true, _) => format!("{service}{fips}.{region}.{dual_domain}"),
        (false, _) => format!("{service}{fips}.{region}.{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::Method;

    use super::*;

    fn call(service: &'static str, object: Option<(&str, &str)>) -> AwsCall {
        let object = object.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
        AwsCall { service, method: Method::PUT, object, headers: Vec::new(), body: Bytes::new() }
    }

    fn address(region: &str, call: &AwsCall, given: Option<&str>) -> Result<String, KeyError> {
        url(&SdkConfig::builder().build(), region, call, given).map(String::from)
    }

    #[test]
    fn a_region_names_no_other_host() {
        let kms = call("kms", None);
        assert_eq!(address("us-east-1", &kms, None).unwrap(), "https://kms.us-east-1.amazonaws.com/");
        assert_eq!(address("cn-north-1", &kms, None).unwrap(), "https://kms.cn-north-1.amazonaws.com.cn/");
        assert_eq!(address("us-gov-west-1", &kms, None).unwrap(), "https://kms.us-gov-west-1.amazonaws.com/");
        for region in ["evil.example/", "evil.example#", "a@evil.example", "", "US-EAST-1", "x:y", "a b"] {
            assert!(address(region, &kms, None).is_err(), "{region}");
        }
        assert_eq!(address("us-east-1", &kms, Some("http://127.0.0.1:5000")).unwrap(), "http://127.0.0.1:5000/");
    }

    #[test]
    fn objects_stand_below_their_bucket() {
        for (bucket, key, given, expected) in [
            ("b", "p/x.yaml", None, "https://b.s3.eu-west-1.amazonaws.com/p/x.yaml"),
            ("b.example", "x", None, "https://s3.eu-west-1.amazonaws.com/b.example/x"),
            ("b", "p/ä b?c#d", Some("http://localhost:5000"), "http://localhost:5000/b/p/%C3%A4%20b%3Fc%23d"),
        ] {
            assert_eq!(address("eu-west-1", &call("s3", Some((bucket, key))), given).unwrap(), expected);
        }
        assert!(address("eu-west-1", &call("s3", Some(("b", "../other/x"))), None).is_err());
    }
}
