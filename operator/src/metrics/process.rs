//! What every Prometheus client tells about its own process, from `/proc`. Where that is not to be had, there is no sample.

use std::fmt::Write as _;
use std::fs;

/// Units of time in `/proc/self/stat` to the second: part of the kernel's interface, on every architecture in use.
const TICKS: f64 = 100.0;

/// The samples of this process, as they are now.
pub(super) fn text() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    // Without the one by which they are counted.
    let open_files = fs::read_dir("/proc/self/fd").map(|files| files.count().saturating_sub(1)).ok();
    let sources = Sources {
        stat: &read("/proc/self/stat"),
        status: &read("/proc/self/status"),
        limits: &read("/proc/self/limits"),
        system: &read("/proc/stat"),
    };
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: Option<f64>| sample(&mut text, (name, "gauge", help), value);
    gauge(
        "process_open_fds",
        "Open file descriptors",
        open_files.map(|count| u32::try_from(count).map_or(0.0, f64::from)),
    );
    gauge("process_max_fds", "Most file descriptors that may be open", sources.most_files());
    gauge("process_resident_memory_bytes", "Resident memory in bytes", sources.memory("VmRSS:"));
    gauge("process_virtual_memory_bytes", "Virtual memory in bytes", sources.memory("VmSize:"));
    gauge("process_start_time_seconds", "Start since the epoch in seconds", sources.started());
    sample(
        &mut text,
        ("process_cpu_seconds", "counter", "Processor time used in seconds"),
        sources.processor_seconds(),
    );
    text
}

/// Writes one sample; `described` is its name, its type and its meaning.
fn sample(text: &mut String, described: (&str, &str, &str), value: Option<f64>) {
    let (name, kind, help) = described;
    let Some(value) = value else { return };
    let suffix = if kind == "counter" { "_total" } else { "" };
    // Writing to a String does not fail.
    let _infallible = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{suffix} {value}");
}

/// The files of the kernel that are read.
struct Sources<'a> {
    stat: &'a str,
    status: &'a str,
    limits: &'a str,
    system: &'a str,
}

impl Sources<'_> {
    /// Field `number` of `stat`, counted as in proc(5). The name before the third may hold spaces and brackets.
    fn field(&self, number: usize) -> Option<f64> {
        let (_, fields) = self.stat.rsplit_once(')')?;
        fields.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
    }

    fn processor_seconds(&self) -> Option<f64> {
        Some((self.field(14)? + self.field(15)?) / TICKS)
    }

    fn started(&self) -> Option<f64> {
        let booted: f64 = word_after(self.system, "btime")?.parse().ok()?;
        Some(booted + self.field(22)? / TICKS)
    }

    fn memory(&self, name: &str) -> Option<f64> {
        let kib: f64 = word_after(self.status, name)?.parse().ok()?;
        Some(kib * 1024.0)
    }

    fn most_files(&self) -> Option<f64> {
        word_after(self.limits, "Max open files")?.parse().ok()
    }
}

/// The first word after the name that a line begins with.
fn word_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_kernel_are_read_as_it_writes_them() {
        let sources = Sources {
            stat: "42 (a) name (x) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 3 0 1200 9000000 512 18446744073709551615",
            status: "Name:\tstrongroom\nVmSize:\t    9000 kB\nVmRSS:\t    2048 kB\n",
            limits: "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 4096                 files\n",
            system: "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n",
        };
        assert_eq!(sources.processor_seconds(), Some(1.75));
        assert_eq!(sources.started(), Some(1_700_000_012.0));
        assert_eq!(sources.memory("VmRSS:"), Some(2_097_152.0));
        assert_eq!(sources.most_files(), Some(1024.0));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let nothing = Sources { stat: "", status: "", limits: "Max open files unlimited", system: "" };
        assert_eq!(nothing.processor_seconds().or(nothing.started()).or(nothing.memory("VmRSS:")), None);
        assert_eq!(nothing.most_files(), None);
        let mut text = String::new();
        sample(&mut text, ("name", "gauge", "Help"), None);
        assert_eq!(text, "");
        sample(&mut text, ("name", "counter", "Help"), Some(1.5));
        assert_eq!(text, "# HELP name Help.\n# TYPE name counter\nname_total 1.5\n");
    }
}
