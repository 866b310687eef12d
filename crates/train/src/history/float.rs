//! Floats in JSON that come back with all their bits.
//!
//! JSON has no NaN and no infinity; those are written as strings, `"inf"`, `"-inf"` and `"NaN:7ff8000000000000"` with
//! the bits of the NaN.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Number(f64),
    Text(String),
}

pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let json = if value.is_finite() {
        Json::Number(*value)
    } else if value.is_nan() {
        Json::Text(format!("NaN:{:016x}", value.to_bits()))
    } else {
        Json::Text(if *value > 0.0 { "inf" } else { "-inf" }.into())
    };
    json.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = match Json::deserialize(deserializer)? {
        Json::Number(value) => return Ok(value),
        Json::Text(text) => text,
    };
    let bits = text.strip_prefix("NaN:").and_then(|bits| u64::from_str_radix(bits, 16).ok()).map(f64::from_bits);
    match (text.as_str(), bits) {
        ("inf", _) => Ok(f64::INFINITY),
        ("-inf", _) => Ok(f64::NEG_INFINITY),
        (_, Some(nan)) if nan.is_nan() => Ok(nan),
        _ => Err(D::Error::custom(format_args!("{text:?} is not a float"))),
    }
}

#[cfg(test)]
mod tests {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct One(#[serde(with = "super")] f64);

    #[test]
    fn every_bit_comes_back() {
        let hard = [0.1 + 0.2, -0.0, 1.0, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
        let odd = f64::from_bits(0x7ff0_0000_dead_beef);
        for value in hard.into_iter().chain([odd]) {
            let json = serde_json::to_string(&One(value)).expect("a number or a string");
            let back: One = serde_json::from_str(&json).expect("as written");
            assert_eq!(back.0.to_bits(), value.to_bits(), "{json}");
        }
        assert!(serde_json::from_str::<One>("\"NaN:3ff0000000000000\"").is_err());
        assert!(serde_json::from_str::<One>("\"many\"").is_err());
    }
}
