//! Floats as Go's `strconv.FormatFloat(f, 'g', -1, 64)` writes them, and YAML's names for those that are no numbers.

/// The shortest digits that read back as the same float; with an exponent from a million up and below a ten-thousandth.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(power) if (-4..6).contains(&power) => format!("{number}"),
        Ok(power) => format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs()),
        Err(_) => scientific,
    }
}
