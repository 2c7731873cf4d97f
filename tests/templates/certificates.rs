//! Keys and certificates: what is made here, Go reads and verifies.

use anyhow::Result;

use crate::oracle::{Case, ours, theirs};

/// Renders here, and gives the output to a template of the peer, which must render it to `wanted`.
fn passes_in_go(here: &str, there: &str, wanted: &str) -> Result<()> {
    let made = ours(&Case::new(here)).map_err(anyhow::Error::msg)?;
    let made = String::from_utf8(made)?;
    let parts: Vec<&str> = made.split('~').collect();
    let mut there = there.to_owned();
    for (at, part) in parts.iter().enumerate() {
        there = there.replace(&format!("@{at}"), &format!("`{part}`"));
    }
    let answer = theirs(&[Case::new(&there)])?.remove(0).map_err(anyhow::Error::msg)?;
    assert_eq!(String::from_utf8(answer)?, wanted, "{here}");
    Ok(())
}

const VERIFY: &str = "{{ verify @0 @1 \"web.example\" }}";

#[test]
fn go_verifies_what_we_sign() -> Result<()> {
    let made = |before: &str, with: &str, key: &str| {
        format!(
            "{before}{{{{ $ca := genCA{with} \"our ca\" 30 {key} }}}}\
             {{{{ $c := genSignedCert{with} \"web\" (list \"10.0.0.1\" \"::1\") (list \"web.example\") 7 $ca {key} }}}}\
             {{{{ $ca.Cert }}}}~{{{{ $c.Cert }}}}"
        )
    };
    passes_in_go(&made("", "", ""), VERIFY, "verified web")?;
    for kind in ["ecdsa", "ed25519"] {
        let key = format!("{{{{ $k := genPrivateKey \"{kind}\" }}}}");
        passes_in_go(&made(&key, "WithKey", "$k"), VERIFY, "verified web")?;
    }
    let own = "{{ $c := genSelfSignedCert \"web\" nil (list \"web.example\") 7 }}{{ $c.Cert }}~{{ $c.Cert }}";
    passes_in_go(own, VERIFY, "verified web")
}

#[test]
fn go_reads_the_pairs_we_make() -> Result<()> {
    for key in ["genPrivateKey \"ecdsa\"", "genPrivateKey \"ed25519\"", "(genCA \"x\" 1).Key"] {
        let here = format!(
            "{{{{ $k := {key} }}}}{{{{ $c := genSelfSignedCertWithKey \"web\" (list) (list \"web.example\") 7 $k }}}}\
             {{{{ $c.Cert | b64enc }}}}~{{{{ $c.Key | b64enc }}}}~{{{{ eq $k $c.Key }}}}"
        );
        let there = "{{ $c := buildCustomCert @0 @1 }}{{ eq $c.Cert (b64dec @0) }} {{ @2 }} {{ pair $c.Cert $c.Key }}";
        passes_in_go(&here, there, "true true paired")?;
    }
    Ok(())
}

#[test]
fn we_read_what_go_makes() -> Result<()> {
    let there = "{{ $k := genPrivateKey \"ecdsa\" }}{{ $ca := genCAWithKey \"go ca\" 30 $k }}{{ $r := genSelfSignedCert \"r\" nil nil 1 }}\
                 {{ $e := genPrivateKey \"ed25519\" }}{{ b64enc $ca.Cert }}~{{ b64enc $ca.Key }}~{{ b64enc $r.Cert }}~{{ b64enc $r.Key }}~{{ b64enc $e }}";
    let made = String::from_utf8(theirs(&[Case::new(there)])?.remove(0).map_err(anyhow::Error::msg)?)?;
    let parts: Vec<&str> = made.split('~').collect();
    let here = "{{ $ca := buildCustomCert `@0` `@1` }}{{ $r := buildCustomCert `@2` `@3` }}{{ $e := b64dec `@4` }}\
                {{ $c := genSignedCertWithKey \"web\" (list) (list \"web.example\") 4000 $ca $e }}{{ eq $e $c.Key }}~{{ $ca.Cert }}~{{ $c.Cert }}\
                ~{{ (genSelfSignedCertWithKey \"x\" nil nil 1 $r.Key).Key | eq $r.Key }}";
    let here = (0..5).fold(here.to_owned(), |text, at| text.replace(&format!("@{at}"), parts[at]));
    passes_in_go(&here, "{{ @0 }} {{ verify @1 @2 \"web.example\" }} {{ @3 }}", "true verified web true")
}
