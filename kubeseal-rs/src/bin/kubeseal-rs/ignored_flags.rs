//! Flags of the original that are taken, so that no script breaks, and have no effect: those of its logging library (klog),
//! for there is nothing to log, and the one against compressed answers, for none is asked for.

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

const SWITCHES: [&str; 8] = [
    "add_dir_header",
    "alsologtostderr",
    "disable-compression",
    "legacy_stderr_threshold_behavior",
    "logtostderr",
    "one_output",
    "skip_headers",
    "skip_log_headers",
];

const SETTINGS: [&str; 7] = [
    "alsologtostderrthreshold",
    "log_backtrace_at",
    "log_dir",
    "log_file",
    "log_file_max_size",
    "stderrthreshold",
    "vmodule",
];

/// All of them.
pub(crate) struct IgnoredFlags;

impl Args for IgnoredFlags {
    fn augment_args(command: Command) -> Command {
        let hidden = |name: &'static str| Arg::new(name).long(name).hide(true).action(ArgAction::Set);
        let switch = |name| hidden(name).num_args(0..=1).require_equals(true).default_missing_value("true");
        command
            .args(SWITCHES.map(switch))
            .args(SETTINGS.map(hidden))
            .arg(hidden("v").short('v').value_parser(clap::value_parser!(i32)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        IgnoredFlags::augment_args(command)
    }
}

impl FromArgMatches for IgnoredFlags {
    fn from_arg_matches(_: &ArgMatches) -> Result<IgnoredFlags, Error> {
        Ok(IgnoredFlags)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), Error> {
        Ok(())
    }
}
