//! Which proxy stands before an address: one that was named for it, otherwise that of the environment (`HTTPS_PROXY`,
//! `HTTP_PROXY`, `NO_PROXY`). This machine itself is never reached through the proxy of the environment, as in Go.

use std::net::IpAddr;

use anyhow::Result;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::failure::Failure;

/// The proxy to the API server.
pub(crate) fn of(server: &Uri, named: Option<&str>) -> Result<Option<Uri>> {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(of_environment(server));
    };
    let proxy: Option<Uri> = named.parse().ok();
    let is_known = |proxy: &Uri| matches!(proxy.scheme_str(), Some("http" | "https" | "socks5"));
    match proxy.filter(is_known) {
        Some(proxy) => Ok(Some(proxy)),
        None => {
            Err(Failure::with_hint("the proxy cannot be used", "write it as http://, https:// or socks5://HOST:PORT"))
        }
    }
}

/// The proxy that the environment sets before an address.
pub(crate) fn of_environment(address: &Uri) -> Option<Uri> {
    if is_this_machine(address.host()?) {
        return None;
    }
    Matcher::from_env().intercept(address).map(|intercepted| intercepted.uri().clone())
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_recognized() {
        assert!(["localhost", "127.0.0.1", "127.9.9.9", "[::1]"].into_iter().all(is_this_machine));
        assert!(!["localhost.example.com", "10.0.0.1", "[::2]"].into_iter().any(is_this_machine));
    }

    #[test]
    fn a_named_proxy_has_a_scheme_that_is_known() {
        let server = Uri::from_static("https://10.0.0.1:6443");
        for good in ["http://proxy:3128", "https://proxy", "socks5://proxy:1080"] {
            assert_eq!(of(&server, Some(good)).unwrap(), Some(good.parse().unwrap()));
        }
        for bad in ["proxy:3128", "ftp://proxy", "http://", "://"] {
            assert!(of(&server, Some(bad)).is_err(), "{bad}");
        }
    }
}
