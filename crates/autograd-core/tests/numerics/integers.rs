//! Integers, which are never rounded in silence.

use autograd_core::{DType, Result, Side, Tensor};

const ENDS: [i64; 6] = [i64::MIN, i64::MIN + 1, -(1 << 53) - 1, (1 << 53) + 1, i64::MAX - 1, i64::MAX];

#[test]
fn one_integer_is_a_float_only_where_that_is_exact() -> Result<()> {
    for x in ENDS {
        let one = Tensor::from(x);
        assert_eq!(one.item::<i64>()?, x);
        assert_eq!(one.to_f64()?, x as f64);
        let error = one.item::<f64>().expect_err("it is not exact").to_string();
        assert_eq!(error, "item: dtype is I64, expected F64; to_dtype converts", "{x}");
    }
    assert_eq!(Tensor::from(-(1i64 << 53)).item::<f64>()?, -(2f64.powi(53)));
    Ok(())
}

#[test]
fn a_number_that_is_no_integer_is_refused() -> Result<()> {
    let (x, index) = (Tensor::from([1, 2]), Tensor::from([0]));
    for value in [0.5, f64::NAN, f64::NEG_INFINITY, 2f64.powi(63)] {
        let results = [
            ("full", Tensor::full(&[2], value, DType::I64)),
            ("masked_fill", x.masked_fill(&Tensor::from([true, false]), value)),
            ("scatter_scalar", x.scatter_scalar(0, &index, value)),
            ("index_fill", x.index_fill(0, &index, value)),
        ];
        for (op, result) in results {
            let text = format!("{op}: value is {value:?}, it must be a whole number of 64 bits");
            assert_eq!(result.expect_err(op).to_string(), text);
        }
    }
    let error = Tensor::arange(0.0, 1.0, 0.25, DType::I64).expect_err("a fraction").to_string();
    assert_eq!(error, "arange: step is 0.25, it must be a whole number of 64 bits");
    assert_eq!(Tensor::full(&[1], -(2f64.powi(63)), DType::I64)?.to_vec::<i64>()?, [i64::MIN]);
    assert_eq!(x.full_like(-1.5).to_vec::<i64>()?, [-1, -1]);
    assert_eq!(x.full_like(f64::INFINITY).to_vec::<i64>()?, [i64::MAX - 1023; 2]);
    Ok(())
}

#[test]
fn whole_numbers_of_any_size_leave_integers_integers() -> Result<()> {
    let x = Tensor::from([1, -1]);
    for (c, dtype) in
        [(1e16, DType::I64), (-(2f64.powi(63)), DType::I64), (2f64.powi(63), DType::F32), (0.5, DType::F32)]
    {
        assert_eq!(x.add_scalar(c).dtype(), dtype, "{c}");
        assert_eq!(x.addcmul(&x, &x, c)?.dtype(), dtype, "{c}");
    }
    assert_eq!(x.add_scalar(2f64.powi(60)).to_vec::<i64>()?, [(1 << 60) + 1, (1 << 60) - 1]);
    Ok(())
}

#[test]
fn bounds_far_apart_have_numbers_between_them() -> Result<()> {
    let x = Tensor::linspace(-1e308, 1e308, 5, DType::F64)?.to_vec::<f64>()?;
    assert_eq!(x, [-1e308, -5e307, 0.0, 5e307, 1e308]);
    for (start, end, name) in [(f64::INFINITY, 1.0, "start"), (0.0, f64::NAN, "end")] {
        let error = Tensor::arange(start, end, 1.0, DType::F64).expect_err("not finite").to_string();
        assert!(error.starts_with(&format!("arange: {name} is ")), "{error}");
    }
    Ok(())
}

#[test]
fn dims_are_numbers_of_any_kind() -> Result<()> {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let last = x.rank() - 1;
    assert_eq!(x.softmax(last)?.to_f64s(), x.softmax(-1)?.to_f64s());
    assert_eq!(Tensor::cat(&[&x, &x], last)?.shape(), [2, 4]);
    let index = Tensor::from([[0], [1]]);
    assert_eq!(x.gather(last, &index)?.to_f64s(), x.gather(1i64, &index)?.to_f64s());
    Ok(())
}

/// Neighbours that are one number in `F64`, in no order.
const NEAR: [i64; 6] = [(1 << 53) + 1, i64::MAX, 1 << 53, -(1 << 53) - 1, (1 << 53) + 2, i64::MAX - 1];

fn pair(values: &Tensor, index: &Tensor) -> Result<(Vec<i64>, Vec<i64>)> {
    Ok((values.to_vec()?, index.to_vec()?))
}

#[test]
fn order_knows_integers_that_are_one_float() -> Result<()> {
    let x = Tensor::from(NEAR);
    let order = [3usize, 2, 0, 4, 5, 1];
    let sorted = order.map(|i| NEAR[i]);
    let places = order.map(|i| i as i64);
    let (values, index) = x.sort(0)?;
    assert_eq!(pair(&values, &index)?, (sorted.to_vec(), places.to_vec()));
    assert_eq!((x.argsort(0)?.to_vec::<i64>()?, x.msort()?.to_vec::<i64>()?), (places.to_vec(), sorted.to_vec()));
    let (values, index) = x.topk(3, 0)?;
    assert_eq!(pair(&values, &index)?, (vec![NEAR[1], NEAR[5], NEAR[4]], vec![1, 5, 4]));
    for (k, (value, place)) in sorted.iter().zip(&places).enumerate() {
        let (values, index) = x.kthvalue(k + 1, 0)?;
        assert_eq!(pair(&values, &index)?, (vec![*value], vec![*place]));
    }
    let (values, index) = x.median_dim(0)?;
    assert_eq!((x.median()?.item::<i64>()?, pair(&values, &index)?), (NEAR[0], (vec![NEAR[0]], vec![0])));
    let (values, index) = x.cummax(0)?;
    let largest = [NEAR[0], NEAR[1], NEAR[1], NEAR[1], NEAR[1], NEAR[1]];
    assert_eq!(pair(&values, &index)?, (largest.to_vec(), vec![0, 1, 1, 1, 1, 1]));
    assert_eq!((x.max()?.item::<i64>()?, x.min()?.item::<i64>()?), (NEAR[1], NEAR[3]));
    Ok(())
}

#[test]
fn places_among_integers_that_are_one_float() -> Result<()> {
    let x = Tensor::from(NEAR);
    let sorted = x.msort()?;
    for (side, more) in [(Side::Left, 0), (Side::Right, 1)] {
        let want: Vec<i64> = [2, 5, 1, 0, 3, 4].map(|place: i64| place + more).to_vec();
        assert_eq!(sorted.searchsorted(&x, side, None)?.to_vec::<i64>()?, want);
        assert_eq!(x.bucketize(&sorted, side)?.to_vec::<i64>()?, want);
        assert_eq!(x.searchsorted(&x, side, Some(&x.argsort(0)?))?.to_vec::<i64>()?, want);
    }
    let (values, inverse, counts) = Tensor::cat(&[&x, &x.narrow(0, 1, 3)?], 0)?.unique()?;
    assert_eq!(values.to_vec::<i64>()?, sorted.to_vec::<i64>()?);
    assert_eq!(inverse.to_vec::<i64>()?, [2, 5, 1, 0, 3, 4, 5, 1, 0]);
    assert_eq!(counts.to_vec::<i64>()?, [2, 2, 1, 1, 1, 2]);
    Ok(())
}

#[test]
fn sums_and_products_of_large_integers_are_exact() -> Result<()> {
    let large = (1i64 << 53) + 1;
    let x = Tensor::from([large, 1, -large, 3]);
    assert_eq!(x.cumsum(0)?.to_vec::<i64>()?, [large, large + 1, 1, 4]);
    assert_eq!(Tensor::from([large, 3, -5]).cumprod(0)?.to_vec::<i64>()?, [large, 3 * large, -15 * large]);
    assert_eq!(x.sum().item::<i64>()?, 4);
    let index = Tensor::from([1, 1, 0, 0]);
    let start = Tensor::from([large, 2]);
    assert_eq!(start.index_add(0, &index, &x, 1.0)?.to_vec::<i64>()?, [3, large + 3]);
    assert_eq!(start.index_add(0, &index, &x, -3.0)?.to_vec::<i64>()?, [4 * large - 9, -3 * large - 1]);
    assert_eq!(start.scatter_add(0, &index, &x)?.to_vec::<i64>()?, [3, large + 3]);
    // Sums go around, as everywhere in integers.
    assert_eq!(Tensor::from([i64::MAX, 1, 1]).cumsum(0)?.to_vec::<i64>()?, [i64::MAX, i64::MIN, i64::MIN + 1]);
    Ok(())
}

#[test]
fn rows_of_integers_are_not_rounded() -> Result<()> {
    let far = 1i64 << 53;
    let row = Tensor::arange(far as f64, (far + 4) as f64, 1.0, DType::I64)?;
    assert_eq!(row.to_vec::<i64>()?, [far, far + 1, far + 2, far + 3]);
    assert_eq!(Tensor::arange(5.0, -5.0, -4.0, DType::I64)?.to_vec::<i64>()?, [5, 1, -3]);
    assert_eq!(Tensor::arange(3.0, 3.0, 1.0, DType::I64)?.numel(), 0);
    let error = Tensor::arange(9.2e18, 9.3e18, 1e16, DType::I64).expect_err("above 2⁶³").to_string();
    assert_eq!(error, "arange: end is 9.3e18, it must be so that all numbers have 64 bits");
    let error = Tensor::arange(0.0, 3.0, 1.0, DType::Bool).expect_err("truth values").to_string();
    assert_eq!(error, "arange: dtype is Bool, expected F32, F64 or I64");
    let whole = Tensor::linspace(0.0, 4.0, 197, DType::I64)?.to_vec::<i64>()?;
    assert_eq!([48, 49, 97, 98, 195, 196].map(|i| whole[i]), [0, 1, 1, 2, 3, 4]);
    Ok(())
}
