//! Constraints such as `>= 1.2, < 2 || ~3.1`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::Version;

/// The part of an expression that is one version, with `x` and `*` for any number.
const VERSION: &str = r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

struct Expressions {
    one: Regex,
    range: Regex,
    find: Regex,
    all: Regex,
}

fn expressions() -> Option<&'static Expressions> {
    static EXPRESSIONS: LazyLock<Option<Expressions>> = LazyLock::new(|| {
        let (space, list) = (r"[\t\n\f\r ]*", format!(r"({OPERATORS})[\t\n\f\r ]*({VERSION})"));
        Some(Expressions {
            one: Regex::new(&format!("^{space}{list}{space}$")).ok()?,
            range: Regex::new(&format!(r"{space}({VERSION})[\t\n\f\r ]+-[\t\n\f\r ]+({VERSION}){space}")).ok()?,
            find: Regex::new(&list).ok()?,
            all: Regex::new(&format!(r"^({space}{list}{space})((?:[\t\n\f\r ]+|,{space}){list}{space})*$")).ok()?,
        })
    });
    EXPRESSIONS.as_ref()
}

/// One comparison of a constraint.
struct Comparison {
    operator: String,
    version: Version,
    /// Whether a number was left open: any, the minor, the patch.
    open: bool,
    open_minor: bool,
    open_patch: bool,
}

/// Whether a version satisfies a constraint; `None` if the constraint is none.
pub(in super::super) fn satisfies(constraint: &str, version: &Version) -> Option<bool> {
    let expressions = expressions()?;
    let mut text = constraint.to_owned();
    for found in expressions.range.captures_iter(constraint) {
        let (whole, from, to) = (found.get(0)?.as_str(), found.get(1)?.as_str(), found.get(11)?.as_str());
        text = text.replacen(whole, &format!(">= {from}, <= {to} "), 1);
    }
    let mut holds = false;
    for alternative in text.split("||") {
        if !expressions.all.is_match(alternative) {
            return None;
        }
        let mut all = true;
        for found in expressions.find.find_iter(alternative) {
            all &= comparison(expressions, found.as_str())?.holds(version);
        }
        holds |= all;
    }
    Some(holds)
}

fn comparison(expressions: &Expressions, text: &str) -> Option<Comparison> {
    let found = expressions.one.captures(text)?;
    let group = |index: usize| found.get(index).map_or("", |group| group.as_str());
    let (major, minor, patch, prerelease) = (group(3), group(4), group(5), group(6));
    let open = |part: &str| matches!(part.trim_start_matches('.'), "" | "x" | "X" | "*");
    let (spelled, open_any, open_minor, open_patch) = if open(major) {
        (format!("0.0.0{prerelease}"), true, false, false)
    } else if open(minor) {
        (format!("{major}.0.0{prerelease}"), true, true, false)
    } else if open(patch) {
        (format!("{major}{minor}.0{prerelease}"), true, false, true)
    } else {
        (group(2).to_owned(), false, false, false)
    };
    let version = Version::parse(&spelled)?;
    Some(Comparison { operator: group(1).to_owned(), version, open: open_any, open_minor, open_patch })
}

impl Comparison {
    fn holds(&self, version: &Version) -> bool {
        let is_prerelease = !version.prerelease.is_empty() && self.version.prerelease.is_empty();
        if is_prerelease && (self.operator != "!=" || self.open) {
            return false;
        }
        let order = version.compare(&self.version);
        match self.operator.as_str() {
            "!=" => self.differs(version, order),
            ">" => self.greater(version, order),
            "<" => order == Ordering::Less,
            ">=" | "=>" => order != Ordering::Less,
            "<=" | "=<" => self.at_most(version, order),
            "~" | "~>" => self.tilde(version, order),
            "^" => self.caret(version, order),
            _ if self.open => self.tilde(version, order),
            _ => order == Ordering::Equal,
        }
    }

    fn differs(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if !self.open {
            return order != Ordering::Equal;
        }
        if bound.major != version.major {
            return true;
        }
        if bound.minor != version.minor && !self.open_minor {
            return true;
        }
        if self.open_minor {
            return false;
        }
        if bound.patch != version.patch && !self.open_patch {
            return true;
        }
        if self.open_patch {
            return super::compare_prereleases(&version.prerelease, &bound.prerelease) != Ordering::Equal;
        }
        order != Ordering::Equal
    }

    fn greater(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        match version.major.cmp(&bound.major) {
            _ if !self.open => order == Ordering::Greater,
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal if self.open_minor => false,
            Ordering::Equal if self.open_patch => version.minor > bound.minor,
            Ordering::Equal => order == Ordering::Greater,
        }
    }

    fn at_most(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if !self.open {
            return order != Ordering::Greater;
        }
        version.major < bound.major
            || (version.major == bound.major && (version.minor <= bound.minor || self.open_minor))
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if order == Ordering::Less {
            return false;
        }
        let is_zero = (bound.major, bound.minor, bound.patch) == (0, 0, 0);
        if is_zero && !self.open_minor && !self.open_patch {
            return true;
        }
        version.major == bound.major && (version.minor == bound.minor || self.open_minor)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if order == Ordering::Less {
            return false;
        }
        if bound.major > 0 || self.open_minor {
            return version.major == bound.major;
        }
        if version.major > 0 {
            return false;
        }
        if bound.minor > 0 || self.open_patch {
            return version.minor == bound.minor;
        }
        version.minor == 0 && version.patch == bound.patch
    }
}
