//! Floats for people to read, with four significant digits.

/// The number in plain digits between 0.001 and 10,000, scientific outside: `0.05788`, `12.35`, `1.234e-4`.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.3e}");
    // The exponent of the rounded value: 0.99996 is 1.000.
    let exponent = scientific.rsplit('e').next().and_then(|digits| digits.parse().ok());
    match exponent {
        Some(exponent @ -3..=3i32) => format!("{value:.*}", (3 - exponent) as usize),
        _ => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn four_significant_digits() {
        for (value, text) in [
            (0.057879373764067335, "0.05788"),
            (-0.057879373764067335, "-0.05788"),
            (0.002951056516295153, "0.002951"),
            (0.001, "0.001000"),
            (0.00099999, "0.001000"),
            (0.000_123_44, "1.234e-4"),
            (0.99996, "1.000"),
            (1.0, "1.000"),
            (12.345678, "12.35"),
            (1234.5678, "1235"),
            (9999.9, "1.000e4"),
            (12345.678, "1.235e4"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(short(value), text, "{value}");
        }
    }
}
