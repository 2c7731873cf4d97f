use sops::tree::Value;
use sops::{Branch, Format};

use super::{ChangeError, set, unset};
use crate::index;

const DOCUMENT: &str = "a: 1\nm:\n    k: v\nl:\n    # first\n    - x\n    - w: z\n";

fn document() -> Branch {
    Format::Yaml.load(DOCUMENT.as_bytes()).unwrap().remove(0)
}

fn text(branch: Branch) -> String {
    String::from_utf8(Format::Yaml.emit(&[branch], None).unwrap().to_vec()).unwrap()
}

fn after_set(path: &str) -> Result<(String, bool), ChangeError> {
    let mut branch = document();
    let changed = set(&mut branch, &index::parse(path).unwrap(), Value::Str("new".to_owned()))?;
    Ok((text(branch), changed))
}

fn after_unset(path: &str) -> Result<String, ChangeError> {
    let mut branch = document();
    unset(&mut branch, &index::parse(path).unwrap()).map(|()| text(branch))
}

#[test]
fn values_are_replaced_and_made() {
    for (path, expected) in [
        (r#"["a"]"#, DOCUMENT.replace("a: 1", "a: new")),
        (r#"["m"]"#, DOCUMENT.replace("m:\n    k: v", "m: new")),
        (r#"["m"]["k"]"#, DOCUMENT.replace("k: v", "k: new")),
        (r#"["m"]["p"][3]["o"]"#, DOCUMENT.replace("k: v\n", "k: v\n    p:\n        - o: new\n")),
        (r#"["l"][0]"#, DOCUMENT.replace("- x", "- new")),
        (r#"["l"][1]["w"]"#, DOCUMENT.replace("w: z", "w: new")),
        (r#"["l"][7]"#, format!("{DOCUMENT}    - new\n")),
        (r#"["a"]["b"]"#, DOCUMENT.replace("a: 1", "a:\n    b: new")),
        (r#"["b"][0]"#, format!("{DOCUMENT}b:\n    - new\n")),
    ] {
        assert_eq!(after_set(path).unwrap(), (expected, true), "{path}");
    }
    let mut branch = document();
    assert_eq!(set(&mut branch, &index::parse("['a']").unwrap(), Value::Int(1)), Ok(false));
    assert_eq!(set(&mut branch, &index::parse("['a']").unwrap(), Value::Float(1.0)), Ok(true), "the type counts");
}

#[test]
fn values_are_removed() {
    for (path, expected) in [
        (r#"["a"]"#, DOCUMENT.replace("a: 1\n", "")),
        (r#"["m"]["k"]"#, DOCUMENT.replace("m:\n    k: v", "m: {}")),
        (r#"["l"][0]"#, DOCUMENT.replace("    - x\n", "")),
        (r#"["l"][1]["w"]"#, DOCUMENT.replace("- w: z", "- {}")),
    ] {
        assert_eq!(after_unset(path).unwrap(), expected, "{path}");
    }
    assert!(after_unset(r#"["b"]"#).unwrap_err().is_absent());
    assert!(after_unset(r#"["l"][2]"#).unwrap_err().is_absent());
    assert_eq!(after_unset(r#"["a"]["b"]"#), Err(ChangeError::Scalar));
}

#[test]
fn paths_that_do_not_fit_are_errors() {
    for path in ["", "[0]"] {
        assert_eq!(after_set(path), Err(ChangeError::Top));
        assert_eq!(after_unset(path), Err(ChangeError::Top));
    }
    for path in [r#"["m"][0]"#, r#"["l"]["x"]"#] {
        assert!(after_set(path).is_err() && !after_unset(path).unwrap_err().is_absent(), "{path}");
    }
}
