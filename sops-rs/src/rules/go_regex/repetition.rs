//! How often an atom is repeated.

/// The most that Go accepts, also of repetitions within repetitions.
pub(super) const MOST: u32 = 1000;

/// A repetition.
pub(super) struct Counts {
    least: u32,
    /// `None` for any number.
    most: Option<u32>,
    /// It came in braces.
    braces: bool,
    /// Bytes it takes in the expression.
    pub(super) length: usize,
    /// As the `regex` crate reads it.
    pub(super) written: String,
}

impl Counts {
    /// That of `*`, `+` or `?`.
    pub(super) fn of_sign(sign: char) -> Counts {
        Counts { least: 0, most: None, braces: false, length: 1, written: sign.to_string() }
    }

    /// Whether it makes copies of what it repeats, which is what is limited.
    pub(super) fn multiplies(&self) -> bool {
        self.braces && (self.least >= 2 || self.most.is_some_and(|most| most >= 2))
    }

    /// How many copies of the innermost part there are, given how many there are of it in what is repeated.
    pub(super) fn copies(&self, within: u32) -> u32 {
        match self.most.unwrap_or(self.least) {
            _ if !self.braces => within,
            0 if self.most.is_some() => 0,
            0 => within,
            times => times.max(times.saturating_mul(within)),
        }
    }
}

/// The repetition in braces that `text` begins with; `None` if the brace is itself. Counts that are too large, or the
/// wrong way round, make one that [`multiplies`](Counts::multiplies) beyond [`MOST`].
pub(super) fn read(text: &str) -> Option<Counts> {
    let inner = text.strip_prefix('{')?;
    let (least, rest) = number(inner)?;
    let (most, rest) = match rest.strip_prefix(',') {
        None => (Some(least), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => number(rest).map(|(most, rest)| (Some(most), rest))?,
    };
    let rest = rest.strip_prefix('}')?;
    let length = text.len() - rest.len();
    let (least, most) = if most.is_some_and(|most| most < least) { (u32::MAX, None) } else { (least, most) };
    Some(Counts { least, most, braces: true, length, written: text.get(..length)?.to_owned() })
}

/// A number without zeros in front, and what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}
