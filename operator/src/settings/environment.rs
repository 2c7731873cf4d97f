//! `SEALED_SECRETS_*`: every flag of the Sealed Secrets controller as a variable of the environment. The command line wins, then
//! the operator's own variables; a value that cannot be read is passed over, as in the original.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Args as _;

use super::Settings;

/// The flags, by name.
const FLAGS: [&str; 32] = [
    "key-prefix",
    "key-size",
    "key-ttl",
    "my-cn",
    "rotate-period",
    "key-renew-period",
    "key-order-priority",
    "key-cutoff-time",
    "privatekey-labels",
    "privatekey-annotations",
    "accept-deprecated-v1-data",
    "all-namespaces",
    "additional-namespaces",
    "label-selector",
    "update-status",
    "watch-for-secrets",
    "skip-recreate",
    "old-gc-behavior",
    "max-unseal-retries",
    "kubeclient-qps",
    "kubeclient-burst",
    "rate-limit",
    "rate-limit-burst",
    "listen-addr",
    "listen-metrics-addr",
    "read-timeout",
    "write-timeout",
    "log-info-stdout",
    "log-level",
    "log-format",
    "metrics-omit-secret-labels",
    "version",
];

/// The command line with what the environment says of the original's flags put before what was written. A program that is
/// called `controller`, as the original is in its image, serves.
pub fn with_original_names(mut arguments: Vec<OsString>, variable: impl Fn(&str) -> Option<String>) -> Vec<OsString> {
    let called = arguments.first().and_then(|path| Path::new(path).file_name());
    if called == Some(OsStr::new("controller")) && arguments.get(1).is_none_or(|word| word != "run") {
        arguments.insert(1, "run".into());
    }
    if arguments.get(1).is_some_and(|word| word == "run") {
        let inherited: Vec<OsString> = FLAGS.iter().filter_map(|flag| inherited(flag, &variable)).collect();
        arguments.splice(2..2, inherited);
    }
    arguments
}

fn inherited(flag: &str, variable: &impl Fn(&str) -> Option<String>) -> Option<OsString> {
    let name = flag.to_uppercase().replace('-', "_");
    let value = variable(&format!("SEALED_SECRETS_{name}"))?;
    if variable(&format!("STRONGROOM_{name}")).is_some() {
        return None;
    }
    let argument = format!("--{flag}={value}");
    let probe = Settings::augment_args(clap::Command::new("strongroom"));
    probe.try_get_matches_from(["strongroom", argument.as_str()]).is_ok().then(|| argument.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::LogFormat;

    fn parse(words: &[&str], environment: &[(&str, &str)]) -> Settings {
        #[derive(clap::Parser)]
        #[command(args_override_self = true)]
        struct Run {
            #[command(flatten)]
            settings: Settings,
        }
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let words = ["/usr/bin/controller"].iter().chain(words).map(OsString::from).collect();
        let words = with_original_names(words, variable);
        assert_eq!(words[1], "run");
        <Run as clap::Parser>::try_parse_from(words.iter().skip(1)).unwrap().settings
    }

    #[test]
    fn every_flag_of_the_original_is_understood_in_its_own_syntax() {
        let settings = parse(
            &[
                "--key-prefix=my-key",
                "--key-size",
                "3072",
                "--key-ttl=24h",
                "--my-cn=me",
                "--rotate-period=0",
                "--key-order-priority=SecretCreationTimestamp",
                "--key-cutoff-time=Fri, 02 Jan 2026 15:04:05 +0000",
                "--privatekey-labels=a=b,c=d",
                "--privatekey-annotations=",
                "--accept-deprecated-v1-data=F",
                "--all-namespaces=0",
                "--additional-namespaces=a,b,a",
                "--label-selector=a in (b)",
                "--update-status=false",
                "--watch-for-secrets",
                "--skip-recreate=1",
                "--old-gc-behavior",
                "--max-unseal-retries=-1",
                "--kubeclient-qps",
                "-1",
                "--kubeclient-burst=20",
                "--rate-limit=3",
                "--rate-limit-burst=4",
                "--listen-addr=:9080",
                "--listen-metrics-addr",
                ":9081",
                "--read-timeout=1m",
                "--write-timeout=5s",
                "--log-info-stdout=false",
                "--log-level=ERROR",
                "--log-format=json",
                "--metrics-omit-secret-labels",
                "--version=false",
            ],
            &[],
        );
        let compat = &settings.sealed_secrets;
        assert_eq!((settings.key_prefix.as_str(), settings.key_size), ("my-key", 3072));
        assert_eq!((compat.key_ttl, compat.key_renew_period), (Duration::from_hours(24), Duration::ZERO));
        assert_eq!(compat.namespaces("own"), ["a", "b", "own"]);
        assert!(!compat.update_status && compat.skip_recreate && !compat.accept_deprecated_v1_data);
        assert_eq!((compat.rate_limit, compat.rate_limit_burst), (3, 4));
        assert_eq!((settings.listen_addr.port(), settings.log_format), (9080, LogFormat::Json));
        assert_eq!(compat.without_effect().len(), 4);
    }

    #[test]
    fn defaults_are_those_of_the_original() {
        let settings = parse(&[], &[]);
        let compat = &settings.sealed_secrets;
        assert_eq!((settings.key_prefix.as_str(), settings.key_size), ("sealed-secrets-key", 4096));
        assert_eq!(
            (compat.key_ttl, compat.key_renew_period),
            (Duration::from_hours(87_600), Duration::from_hours(720))
        );
        assert!(compat.namespaces("own").is_empty() && compat.update_status && compat.accept_deprecated_v1_data);
        assert_eq!((compat.rate_limit, compat.rate_limit_burst), (2, 2));
        assert!(compat.without_effect().is_empty());
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_what_cannot_be_read_is_passed_over() {
        let environment = [
            ("SEALED_SECRETS_KEY_TTL", "48h"),
            ("SEALED_SECRETS_MY_CN", "from the environment"),
            ("SEALED_SECRETS_KEY_RENEW_PERIOD", "30 days"),
            ("SEALED_SECRETS_UPDATE_STATUS", "FALSE"),
            ("SEALED_SECRETS_KEY_PREFIX", "theirs"),
            ("STRONGROOM_KEY_PREFIX", "ours"),
            ("SEALED_SECRETS_PORT", "tcp://10.0.0.1:8080"),
        ];
        let settings = parse(&["--my-cn=written"], &environment);
        let compat = &settings.sealed_secrets;
        assert_eq!((compat.key_ttl, compat.my_cn.as_str()), (Duration::from_hours(48), "written"));
        assert_eq!(compat.key_renew_period, Duration::from_hours(720));
        assert!(!compat.update_status);
        assert_ne!(settings.key_prefix, "theirs");
    }

    #[test]
    fn another_command_is_left_alone() {
        let words = || ["strongroom", "preview", "."].map(OsString::from).to_vec();
        assert_eq!(with_original_names(words(), |_| Some("1".into())), words());
    }
}
