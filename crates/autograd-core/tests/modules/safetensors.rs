//! Safetensors files of the world: every dtype, texts beside the tensors, and what is refused in which words.

use autograd_core::module::StateDict;
use autograd_core::{DType, Error, Result, Tensor};
use std::path::Path;

/// A file with one tensor.
fn file(dtype: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[0,{}]}}}}"#, data.len());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn converted(dtype: &str, data: &[u8], count: usize) -> Result<Tensor> {
    let state = StateDict::from_safetensors_converted(&file(dtype, &[count], data), Path::new("memory"))?;
    Ok(state.get("w").expect("its only tensor").clone())
}

#[test]
fn every_dtype_is_converted_on_request() -> Result<()> {
    let check = |dtype: &str, data: &[u8], into: DType, expected: &[f64]| -> Result<()> {
        let x = converted(dtype, data, expected.len())?;
        assert_eq!((x.dtype(), x.to_f64s().as_slice()), (into, expected), "{dtype}");
        let plain = StateDict::from_safetensors(&file(dtype, &[expected.len()], data), Path::new("dir/m.safetensors"));
        let how = format!("dtype {dtype} is read on request: StateDict::load_converted makes {into} of it");
        let text = plain.expect_err("not without a word").to_string();
        assert_eq!(text, format!("dir/m.safetensors: tensor \"w\": {how}"));
        Ok(())
    };
    let two = |numbers: [u16; 6]| numbers.map(u16::to_le_bytes).concat();
    // 1, −2, the largest, the smallest normal and subnormal numbers, −∞.
    let halves = two([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0xfc00]);
    let expected = [1.0, -2.0, 65504.0, 2f64.powi(-14), 2f64.powi(-24), f64::NEG_INFINITY];
    check("F16", &halves, DType::F32, &expected)?;
    let brain = two([0x3f80, 0xc000, 0x7f7f, 0x0080, 0x0001, 0xff80]);
    let expected = [1.0, -2.0, 255.0 * 2f64.powi(120), 2f64.powi(-126), 2f64.powi(-133), f64::NEG_INFINITY];
    check("BF16", &brain, DType::F32, &expected)?;
    check("U8", &[0, 255], DType::I64, &[0.0, 255.0])?;
    check("I8", &[0x7f, 0x80], DType::I64, &[127.0, -128.0])?;
    check("U16", &[1, 0, 255, 255], DType::I64, &[1.0, 65535.0])?;
    check("I16", &[1, 0, 0, 0x80], DType::I64, &[1.0, -32768.0])?;
    check("U32", &u32::MAX.to_le_bytes(), DType::I64, &[4_294_967_295.0])?;
    check("I32", &i32::MIN.to_le_bytes(), DType::I64, &[-2_147_483_648.0])?;
    check("U64", &7u64.to_le_bytes(), DType::I64, &[7.0])?;
    assert!(converted("F16", &0xfe01u16.to_le_bytes(), 1)?.item::<f32>()?.is_nan());
    assert!(converted("BF16", &0x7fc0u16.to_le_bytes(), 1)?.item::<f32>()?.is_nan());
    assert_eq!(converted("F16", &0x8000u16.to_le_bytes(), 1)?.item::<f32>()?.to_bits(), (-0f32).to_bits());
    // Those that tensors have stay as they are.
    assert_eq!(converted("F64", &0.1f64.to_le_bytes(), 1)?.item::<f64>()?, 0.1);
    assert_eq!(converted("BOOL", &[1, 0], 2)?.to_vec::<bool>()?, [true, false]);
    Ok(())
}

#[test]
fn every_half_is_the_number_it_stands_for() -> Result<()> {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    let data: Vec<u8> = all.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let got = converted("F16", &data, all.len())?.to_vec::<f32>()?;
    for (bits, got) in all.into_iter().zip(got) {
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
        let size = match (exponent, fraction == 0.0) {
            (31, true) => f64::INFINITY,
            (31, false) => f64::NAN,
            (0, _) => fraction * 2f64.powi(-14),
            _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
        };
        let want = if bits >> 15 == 1 { -size } else { size };
        assert!(f64::from(got) == want || got.is_nan() && want.is_nan(), "{bits:04x}: {got}, not {want}");
    }
    Ok(())
}

#[test]
fn refusals_name_file_and_tensor() {
    let text = |bytes: &[u8]| {
        let read = StateDict::from_safetensors_converted(bytes, Path::new("dir/m.safetensors"));
        read.expect_err("refused").to_string()
    };
    let at = "dir/m.safetensors: tensor \"w\": ";
    let known = "dtype F8_E4M3 is not read; known are F16, BF16, F32, F64, integers and BOOL";
    assert_eq!(text(&file("F8_E4M3", &[1], &[0])), format!("{at}{known}"));
    let most = format!("{at}{} is more than I64 holds", u64::MAX);
    assert_eq!(text(&file("U64", &[1], &u64::MAX.to_le_bytes())), most);
    let deep = text(&file("F32", &[1; 65], &[0; 4]));
    assert!(deep.starts_with(at) && deep.contains("is too large (at most 64 dimensions"), "{deep}");
}

#[test]
fn texts_beside_the_tensors_are_kept() -> Result<()> {
    let mut state = StateDict::new();
    let back = |state: &StateDict| StateDict::from_safetensors(&state.to_safetensors()?, Path::new("memory"));
    assert_eq!(back(&state)?.metadata().iter().collect::<Vec<_>>(), [(&"format".to_string(), &"pt".to_string())]);
    assert!(back(&state)?.is_empty());
    state.insert("w", Tensor::from([1.0, 2.0]));
    state.insert("mask", Tensor::from([true]));
    let odd = "a \"quoted\" \\ line\n, ünïcode 漢 and \u{1}";
    state.metadata_mut().insert(odd.into(), odd.into());
    state.metadata_mut().insert("format".into(), "tf".into());
    let bytes = state.to_safetensors()?;
    assert_eq!(bytes, state.to_safetensors()?, "the same bytes every time");
    let length = u64::from_le_bytes(*bytes.first_chunk().expect("a length"));
    assert_eq!(length % 8, 0, "the data is aligned");
    let again = back(&state)?;
    assert_eq!(again.metadata(), state.metadata());
    assert_eq!(again.get("w").expect("there").to_vec::<f32>()?, [1.0, 2.0]);
    assert_eq!(again.to_safetensors()?, bytes);
    Ok(())
}

#[test]
fn names_that_a_file_cannot_hold() {
    let text = |outcome: Result<Vec<u8>, Error>| outcome.expect_err("refused").to_string();
    let mut state = StateDict::new();
    state.insert("__metadata__", Tensor::from([1.0]));
    let expected = "safetensors: no tensor can be called \"__metadata__\" in a file; nothing was written";
    assert_eq!(text(state.to_safetensors()), expected);
    let twice = ["a", "b", "a"].map(|name| (name.to_string(), Tensor::from([1.0])));
    let state: StateDict = twice.into_iter().collect();
    assert_eq!(state.len(), 3, "nothing is lost");
    assert_eq!(text(state.to_safetensors()), "safetensors: two tensors are called \"a\"; nothing was written");
    let path = std::env::temp_dir().join(format!("wengert-twice-{}.safetensors", std::process::id()));
    assert!(state.save(&path).is_err() && !path.exists());
}

#[test]
fn a_header_that_nothing_would_read_replaces_no_file() {
    let path = std::env::temp_dir().join(format!("wengert-header-{}.safetensors", std::process::id()));
    let mut state = StateDict::new();
    state.insert("x", Tensor::from([1.0]));
    state.save(&path).expect("a small one");
    state.metadata_mut().insert("log".into(), "a".repeat(100_000_000));
    let error = state.save(&path).expect_err("too long").to_string();
    assert!(error.contains("with the metadata, is more than the 100000000 of a safetensors file"), "{error}");
    let kept = StateDict::load(&path).expect("the old one");
    assert_eq!(kept.get("x").map(Tensor::to_f64s), Some(vec![1.0]));
    std::fs::remove_file(&path).expect("it is there");
}
