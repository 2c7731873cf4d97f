//! The grammar of the flags: the original's, so that its scripts go on working.

use crate::place::{Place, SECRET};

#[cfg(unix)]
#[test]
fn it_can_take_the_name_of_the_original() {
    let place = Place::new();
    let version = place.run_as_kubeseal(&["--version"], "");
    assert_eq!(version.stdout, format!("kubeseal version: {}\n", env!("CARGO_PKG_VERSION")));
    let help = place.run_as_kubeseal(&["--help"], "");
    assert!(help.stdout.contains("kubeseal --fetch-cert > cert.pem") && !help.stdout.contains("kubeseal-rs"));
    let ended = place.run_as_kubeseal(&["--bogus"], "");
    assert!(ended.stderr.ends_with("hint: `kubeseal --help` lists the flags\n"), "{}", ended.stderr);
    let ended = place.run_as_kubeseal(&["--cert", "absent.pem"], SECRET);
    assert!(ended.stderr.contains("`kubeseal --fetch-cert > cert.pem`"), "{}", ended.stderr);
    let ended = place.run_as_kubeseal(&["--cert", "cert.pem", "-oyaml"], SECRET);
    assert!(ended.stdout.starts_with("---\napiVersion: bitnami.com/v1alpha1\n"), "{}", ended.stderr);
}

#[test]
fn flags_are_written_as_the_originals_are() {
    let place = Place::new();
    let yaml = |flags: &[&str]| {
        let ended = place.run(&[&["--cert", "cert.pem"], flags].concat(), SECRET);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{flags:?}");
        ended.stdout.starts_with("---")
    };
    for flags in [
        ["-oyaml"].as_slice(),
        &["-o=yaml"],
        &["-o", "YAML"],
        &["--format=yaml"],
        &["-ojson", "-oyaml"],
        &["--validate=false", "--raw=F", "--fetch-cert=0", "--re-encrypt=FALSE", "--rotate=f", "-oyaml"],
        &["--version=false", "--recovery-unseal=false", "--allow-empty-data=t", "-oyaml"],
        &["--allow-empty-data", "--insecure-skip-tls-verify", "-oyaml"],
        // What has no effect.
        &["-v", "5", "-v=9", "-v3", "--v=2", "--alsologtostderr", "--logtostderr=false", "-oyaml"],
        &["--stderrthreshold=ERROR", "--vmodule", "a=1", "--log_dir", "/tmp", "--log_backtrace_at=a.go:1", "-oyaml"],
        &["--add_dir_header", "--skip_headers=true", "--one_output", "--log_file_max_size=5", "-oyaml"],
        &["--disable-compression", "--request-timeout", "30s", "-oyaml"],
    ] {
        assert!(yaml(flags), "{flags:?}");
    }
    for (variable, value) in [("SEALED_SECRETS_SCOPE", "clusterwide"), ("SEALED_SECRETS_RAW", "maybe")] {
        let ended = place.run_with(&["--cert", "cert.pem"], SECRET, &[(variable, value)]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{variable}");
    }
    for wrong in [["--raw=maybe"], ["--request-timeout=soon"], ["-v=much"], ["--scope=wide"]] {
        let ended = place.run(&wrong, SECRET);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(ended.stderr.starts_with("error: invalid value"), "{}", ended.stderr);
    }
}

#[test]
fn of_several_modes_the_originals_first_counts() {
    let place = Place::new();
    let ended = place.run(&["--version", "--recovery-unseal", "--validate"], "");
    assert_eq!(ended.stdout, format!("kubeseal-rs {}\n", env!("CARGO_PKG_VERSION")));
    for (flags, error) in [
        (["--recovery-unseal", "--validate", "--re-encrypt"].as_slice(), "--recovery-unseal needs"),
        (&["--validate", "--re-encrypt", "--fetch-cert"], "no cluster is configured"),
        (&["--merge-into", "absent", "--raw", "--cert", "cert.pem"], "cannot read absent"),
    ] {
        let sealed = "{\"kind\": \"SealedSecret\", \"apiVersion\": \"bitnami.com/v1alpha1\"}";
        let ended = place.run(flags, sealed);
        assert!(ended.stderr.starts_with(&format!("error: {error}")), "{flags:?}: {}", ended.stderr);
    }
    let ended = place.run(&["--fetch-cert", "--raw", "--merge-into", "absent", "--cert", "cert.pem"], "");
    assert_eq!(ended.stdout, place.read("cert.pem"));
}

/// In the original the file is replaced by an empty one.
#[test]
fn validating_writes_no_file() {
    let place = Place::new();
    place.write("out.yaml", "as it was");
    let sealed = "{\"kind\": \"SealedSecret\", \"apiVersion\": \"bitnami.com/v1alpha1\"}";
    let ended = place.run(&["--validate", "-w", "out.yaml"], sealed);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert_eq!(place.read("out.yaml"), "as it was");
    for flag in ["--validate", "--re-encrypt"] {
        let stderr = "error: the input holds no SealedSecret\nhint: give SealedSecrets, as kubeseal writes them\n";
        place.assert_fails(&[flag], "", 1, stderr);
    }
}

/// People call the version that they install so.
#[test]
fn variables_of_that_name_are_not_flags() {
    let place = Place::new();
    let environment =
        [("SEALED_SECRETS_VERSION", "0.27.0"), ("SEALED_SECRETS_HELP", "true"), ("SEALED_SECRETS_RAW", "")];
    assert_eq!(place.run_with(&["--cert", "cert.pem"], SECRET, &environment).status, Some(0));
}

#[test]
fn every_flag_of_the_original_has_its_variable() {
    let place = Place::new();
    let secret = place.run(&["--cert", "cert.pem"], SECRET).stdout;
    for (variables, input, expected) in [
        (
            [("SEALED_SECRETS_VALIDATE", "true"), ("SEALED_SECRETS_KUBECONFIG", "absent")],
            secret.as_str(),
            "the kubeconfig absent",
        ),
        (
            [("SEALED_SECRETS_RE_ENCRYPT", "1"), ("SEALED_SECRETS_CONTROLLER_NAME", "A")],
            &secret,
            "--controller-name is no",
        ),
        (
            [("SEALED_SECRETS_ROTATE", "T"), ("SEALED_SECRETS_CONTROLLER_NAMESPACE", "A")],
            &secret,
            "--controller-namespace is",
        ),
        ([("SEALED_SECRETS_MERGE_INTO", "absent"), ("SEALED_SECRETS_CERT", "cert.pem")], SECRET, "cannot read absent"),
        (
            [("SEALED_SECRETS_RECOVERY_UNSEAL", "t"), ("SEALED_SECRETS_RECOVERY_PRIVATE_KEY", "a,b")],
            &secret,
            "cannot read a:",
        ),
        ([("SEALED_SECRETS_FROM_FILE", "absent"), ("SEALED_SECRETS_RAW", "false")], "", "--from-file requires --raw"),
        (
            [("SEALED_SECRETS_FETCH_CERT", "true"), ("SEALED_SECRETS_SERVER", "https://")],
            "",
            "the server is no address",
        ),
        (
            [("SEALED_SECRETS_FETCH_CERT", "true"), ("SEALED_SECRETS_CONTEXT", "c")],
            "",
            "the kubeconfig has no context `c`",
        ),
        (
            [("SEALED_SECRETS_FETCH_CERT", "true"), ("SEALED_SECRETS_CLUSTER", "c")],
            "",
            "the kubeconfig has no cluster `c`",
        ),
    ] {
        let ended = place.run_with(&[], input, &variables);
        assert!(ended.stderr.starts_with(&format!("error: {expected}")), "{variables:?}: {}", ended.stderr);
    }
}
