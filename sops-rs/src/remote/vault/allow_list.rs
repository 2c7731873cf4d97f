//! Which servers may get the token of the user.

use reqwest::Url;

use crate::master_key::KeyError;

/// Servers that may get the token. Addresses are compared by scheme, host, port and whole segments of the path: `https://vault`
/// does not allow `https://vault.example.com`, and no spelling of an address gets around it.
#[derive(Clone, Debug)]
pub enum AllowList {
    /// Any server that a file names.
    All,
    /// These, and what is below them. None if it is empty.
    Below(Vec<Url>),
    /// The one server that the user works with, as nothing else was said.
    Own(Url),
}

impl AllowList {
    /// Reads `SOPS_HC_VAULT_ALLOWLIST`: `all`, `none`, or addresses with commas. Without it, only the server of `VAULT_ADDR`
    /// is allowed, which is `https://127.0.0.1:8200` by default.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] names the entry that is no address.
    pub fn parse(text: Option<&str>, vault_addr: Option<&str>) -> Result<AllowList, KeyError> {
        match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some("all") => Ok(AllowList::All),
            Some("none") => Ok(AllowList::Below(Vec::new())),
            Some(list) => list
                .split(',')
                .map(|entry| parse(entry.trim(), "SOPS_HC_VAULT_ALLOWLIST"))
                .collect::<Result<_, _>>()
                .map(AllowList::Below),
            None => {
                let own = vault_addr.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("https://127.0.0.1:8200");
                parse(own, "VAULT_ADDR").map(AllowList::Own)
            }
        }
    }

    /// Whether a call may go there with the token.
    pub(super) fn allows(&self, url: &Url) -> bool {
        match self {
            AllowList::All => true,
            AllowList::Below(prefixes) => prefixes.iter().any(|prefix| is_below(url, prefix)),
            AllowList::Own(own) => is_below(url, own),
        }
    }

    pub(super) fn refusal(&self, url: &Url) -> KeyError {
        let origin = url.origin().ascii_serialization();
        KeyError::Refused(match self {
            AllowList::Own(own) => format!(
                "the Vault token is not sent to {origin}, which the file names: it is not the server of VAULT_ADDR \
                 ({}); set VAULT_ADDR={origin}, or SOPS_HC_VAULT_ALLOWLIST to the servers to trust",
                own.origin().ascii_serialization()
            ),
            _ => format!("SOPS_HC_VAULT_ALLOWLIST does not allow {origin}"),
        })
    }
}

fn parse(text: &str, what: &str) -> Result<Url, KeyError> {
    url(text, &[])
        .map_err(|_| KeyError::Malformed(format!("{what}: `{text}` is not an address of Vault: https://HOST:8200")))
}

fn is_below(url: &Url, prefix: &Url) -> bool {
    let segments = |url: &Url| -> Vec<String> {
        let segments = url.path_segments().into_iter().flatten();
        segments.filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    };
    url.origin() == prefix.origin() && segments(url).starts_with(&segments(prefix))
}

/// The URL of `ADDRESS/v1/PATH`; of the address alone if there is no path.
pub(super) fn url(address: &str, path: &[&str]) -> Result<Url, KeyError> {
    let wrong = |what: &str| KeyError::Malformed(format!("`{address}` is not an address of Vault: {what}"));
    let mut url = Url::parse(address).map_err(|_| wrong("it is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("it is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has more in it than scheme, host, port and path"));
    }
    if path.is_empty() {
        return Ok(url);
    }
    // A segment that climbs would turn one call into another.
    if path.iter().any(|segment| matches!(*segment, "" | "." | "..") || segment.contains(char::is_control)) {
        return Err(KeyError::Malformed("the path of a Vault key has an empty or climbing part".to_owned()));
    }
    let mut segments = url.path_segments_mut().map_err(|()| wrong("it has no path"))?;
    segments.pop_if_empty().push("v1").extend(path);
    drop(segments);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(list: &str, address: &str) -> bool {
        let list = AllowList::parse(Some(list), None).unwrap();
        list.allows(&url(address, &["transit", "decrypt", "key"]).unwrap())
    }

    #[test]
    fn addresses_are_compared_by_their_parts() {
        for (list, address) in [
            ("all", "http://anywhere:1"),
            ("https://vault.example.com", "https://vault.example.com"),
            ("https://vault.example.com", "https://VAULT.example.com:443/"),
            ("https://vault.example.com/team", "https://vault.example.com/team"),
            ("https://vault.example.com/v1/transit/", "https://vault.example.com"),
            ("https://a, https://b:8200/", "https://b:8200"),
        ] {
            assert!(allows(list, address), "{list} {address}");
        }
        for (list, address) in [
            ("none", "https://vault.example.com"),
            ("https://vault.example.com", "https://vault.example.com.evil.example"),
            ("https://vault.example.com", "https://vault.example.com:8200"),
            ("https://vault.example.com", "http://vault.example.com"),
            ("https://vault.example.com/team", "https://vault.example.com/team-b"),
            ("https://vault.example.com/team", "https://vault.example.com/team/../other"),
            ("https://vault.example.com/v1/other", "https://vault.example.com"),
            ("https://vault.example.com", "https://vault。example.com.evil.example"),
        ] {
            assert!(!allows(list, address), "{list} {address}");
        }
    }

    #[test]
    fn without_a_list_only_the_own_server_gets_the_token() {
        let own = AllowList::parse(None, Some("https://vault.example.com:8200/")).unwrap();
        assert!(own.allows(&url("https://vault.example.com:8200", &["x"]).unwrap()));
        let other = url("https://evil.example:8200", &["x"]).unwrap();
        assert!(!own.allows(&other));
        let KeyError::Refused(words) = own.refusal(&other) else { panic!("not a refusal") };
        assert!(words.contains("VAULT_ADDR=https://evil.example:8200"), "{words}");
        let default = AllowList::parse(Some(" "), None).unwrap();
        assert!(default.allows(&url("https://127.0.0.1:8200", &["x"]).unwrap()));
        assert!(!default.allows(&url("http://127.0.0.1:8200", &["x"]).unwrap()));
    }

    #[test]
    fn an_address_is_scheme_host_port_and_path() {
        for address in
            ["vault:8200", "ftp://vault", "https://user:word@vault", "https://vault?x=y", "https://vault#x", ""]
        {
            assert!(url(address, &["x"]).is_err(), "{address}");
        }
        for path in [["..", "x"], ["", "x"], ["a", "."]] {
            assert!(url("https://vault", &path).is_err(), "{path:?}");
        }
        let tricky = url("https://vault/base/", &["team", "encrypt", "a/../b?x#y"]).unwrap();
        assert_eq!(tricky.as_str(), "https://vault/base/v1/team/encrypt/a%2F..%2Fb%3Fx%23y");
        assert!(AllowList::parse(Some("https://a,,https://b"), None).is_err(), "an empty entry is a slip");
    }
}
