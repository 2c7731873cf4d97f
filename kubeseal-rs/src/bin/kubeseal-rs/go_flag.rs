//! The values of flags, read as the original's flag library (pflag) reads them.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

/// A boolean in one of Go's spellings. The empty text is false: an empty variable of the environment is one that is not set.
pub(crate) fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("true or false is expected"),
    }
}

/// The value of a flag that takes a list: one line of comma-separated values, with quotes around those that hold a comma.
#[derive(Clone)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// All words of a flag that may be repeated. Empty ones do not count.
    pub(crate) fn of(flags: &[Words]) -> Vec<&str> {
        flags.iter().flat_map(|flag| &flag.0).map(String::as_str).filter(|word| !word.is_empty()).collect()
    }
}

impl FromStr for Words {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Words, Infallible> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let Some(word) = words.last_mut() else { break };
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    word.push('"');
                }
                '"' if quoted || word.is_empty() => quoted = !quoted,
                ',' if !quoted => words.push(String::new()),
                other => word.push(other),
            }
        }
        Ok(Words(words))
    }
}

/// A namespace without the prefixes that kubectl takes for a resource (`ns/shop`).
pub(crate) fn namespace(text: String) -> String {
    let without = ["namespaces/", "namespace/", "ns/"].into_iter().find_map(|prefix| {
        let (start, rest) = text.split_at_checked(prefix.len())?;
        (start.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then(|| rest.to_owned())
    });
    without.unwrap_or(text)
}

/// A timeout: whole seconds, or a duration in Go's syntax such as `1m30s`. Zero, or nothing, is no limit.
pub(crate) fn timeout(text: &str) -> Result<Duration, &'static str> {
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => f64::from(seconds),
        Err(_) if text.is_empty() => 0.0,
        Err(_) => seconds(text).ok_or("a number of seconds or a duration such as 30s or 1m30s is expected")?,
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| "the duration is too long")
}

/// The seconds of a duration in Go's syntax: numbers, each with its unit.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, unit_and_rest) = rest.split_at(digits);
        let unit = unit_and_rest.find(|character: char| character.is_ascii_digit() || character == '.');
        let (unit, after) = unit_and_rest.split_at(unit.unwrap_or(unit_and_rest.len()));
        total += number.parse::<f64>().ok()? * seconds_in(unit)?;
        rest = after;
    }
    Some(total)
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.parse::<Words>().unwrap().0
    }

    #[test]
    fn lists_are_split_at_commas_outside_of_quotes() {
        assert_eq!(words("a"), ["a"]);
        assert_eq!(words("a,key=b"), ["a", "key=b"]);
        assert_eq!(words(r#""a,b",c"#), ["a,b", "c"]);
        assert_eq!(words(r#""say ""hi""""#), [r#"say "hi""#]);
        assert_eq!(Words::of(&["".parse().unwrap(), "a,,b".parse().unwrap()]), ["a", "b"]);
    }

    #[test]
    fn booleans_are_those_of_go() {
        assert_eq!(["1", "t", "TRUE"].map(boolean), [Ok(true); 3]);
        assert_eq!(["", "0", "F", "false"].map(boolean), [Ok(false); 4]);
        assert!(["yes", "tRUE", "2"].map(boolean).iter().all(Result::is_err));
    }

    #[test]
    fn namespaces_lose_their_prefix() {
        for (text, expected) in
            [("shop", "shop"), ("ns/shop", "shop"), ("Namespaces/shop", "shop"), ("ns/", "ns/"), ("", "")]
        {
            assert_eq!(namespace(text.to_owned()), expected);
        }
    }

    #[test]
    fn timeouts_are_seconds_or_durations() {
        let of = |text| timeout(text).map(|duration| duration.as_millis());
        assert_eq!(["0", "", "0s"].map(of), [Ok(0); 3]);
        assert_eq!(of("30"), Ok(30_000));
        assert_eq!(of("1m30s"), Ok(90_000));
        assert_eq!(of("1.5s"), Ok(1_500));
        assert_eq!(of("250ms"), Ok(250));
        assert!(["s", "1d", "-1s", "1s1", "1e9h"].map(of).iter().all(Result::is_err));
    }
}
