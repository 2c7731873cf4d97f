//! Where a store may be. Whoever can write a SecretStore chooses an address that we connect to from inside the cluster; the
//! metadata services of the clouds, which hand out credentials to whoever asks from there, are never such an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::failure::Failure;
use crate::reason::Reason;

/// Whether nothing but a metadata service or a neighbour on the same wire can be there.
fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast() || is_metadata(v4)
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) if v6 != Ipv6Addr::LOCALHOST => is_forbidden(IpAddr::V4(v4)),
            _ => {
                v6.is_unicast_link_local()
                    || v6.is_multicast()
                    || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
            }
        },
    }
}

/// Alibaba Cloud and Oracle Cloud answer at addresses of their own.
fn is_metadata(address: Ipv4Addr) -> bool {
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)].contains(&address)
}

/// Reads the address of a server; names are looked at again when they have been resolved, by [`Guarded`].
pub(super) fn server(text: &str) -> Result<Url, Failure> {
    let wrong = |what: &str| Failure::lasting(Reason::StoreInvalid, format!("the address of the server {what}"));
    let url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more in it than scheme, host, port and path"));
    }
    // The parser has already turned every spelling of an address, such as one number, into the usual one.
    let host = url.host_str().ok_or_else(|| wrong("has no host"))?;
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if address.is_some_and(is_forbidden) { Err(wrong("is one where no store can be")) } else { Ok(url) }
}

/// Resolves names, and drops the addresses where no store can be. The connection is made to an address that was looked at.
pub(super) struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| !is_forbidden(address.ip())).collect();
            if allowed.is_empty() {
                return Err("no address where a store can be".into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_services_are_out_of_reach_in_every_spelling() {
        for address in [
            "http://169.254.169.254",
            "http://2852039166",
            "http://0xa9.0xfe.0xa9.0xfe",
            "http://[::ffff:169.254.169.254]",
            "http://[fd00:ec2::254]",
            "http://[fe80::1]",
            "http://100.100.100.200",
            "http://0.0.0.0:8200",
        ] {
            assert!(server(address).is_err(), "{address}");
        }
        for address in
            ["http://127.0.0.1:8200", "http://[::1]:8200", "https://vault.example.com/proxied", "http://10.0.0.7:8200"]
        {
            assert!(server(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_port_and_path() {
        for address in ["vault:8200", "ftp://vault", "https://user:word@vault", "https://vault?x=y", "", "https://"] {
            assert!(server(address).is_err(), "{address}");
        }
    }

    #[tokio::test]
    async fn names_are_resolved_before_they_are_judged() {
        let resolve = async |name: &str| Guarded.resolve(name.parse().unwrap()).await;
        assert!(resolve("localhost").await.is_ok());
        assert!(resolve("169.254.169.254").await.is_err(), "an address that a resolver answers is judged too");
    }
}
