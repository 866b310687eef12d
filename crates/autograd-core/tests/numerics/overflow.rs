//! Results that are numbers where what they are made of is not: products, sums and bounds beyond the largest number.

use autograd_core::{
    AttentionOptions, AvgPool, Bag, DType, EmbeddingBagOptions, EmbeddingOptions, Interpolate, InterpolateMode, Result,
    ScatterReduce, Tensor, grad, keep,
};

/// Whether all are within some relative error of one number.
fn all_near(x: &Tensor, want: f64) -> bool {
    x.to_f64s().iter().all(|x| (x / want - 1.0).abs() < 1e-5)
}

#[test]
fn a_determinant_of_large_and_small_parts_has_derivatives_of_both_orders() -> Result<()> {
    for (dtype, large, half) in [(DType::F32, 100.0, 30), (DType::F64, 1e4, 90)] {
        let parts: Vec<f64> = [vec![large; half], vec![1.0 / large; half]].concat();
        let a = Tensor::from_slice(&parts, &[2 * half])?.to_dtype(dtype).requires_grad();
        let det = a.diag_embed(0, -2, -1)?.det()?;
        assert!(all_near(&det, 1.0), "{dtype}: {det}");
        // Of Π aₖ: Π / aᵢ, and Σ_{j≠i} Π / (aᵢ aⱼ) of the sum of those.
        let first = grad(&det, &[&a])?.remove(0);
        assert!(all_near(&(&first * &a), 1.0), "{dtype}: {first}");
        let second = grad(&(&first * a.detach()).sum(), &[&a])?.remove(0);
        assert!(all_near(&(&second * &a), 2.0 * half as f64 - 1.0), "{dtype}: {second}");
    }
    Ok(())
}

#[test]
fn means_over_windows_of_large_numbers_are_numbers() -> Result<()> {
    for (dtype, large) in [(DType::F32, 3e38), (DType::F64, 1.5e308)] {
        let x = Tensor::from_slice(&[large; 15], &[1, 1, 15])?.to_dtype(dtype);
        let planes = x.reshape(&[1, 1, 3, 5])?;
        let area = |size: [usize; 2]| planes.interpolate(Interpolate::size(size).mode(InterpolateMode::Area));
        let all = [
            x.adaptive_avg_pool1d(1)?,
            x.adaptive_avg_pool1d(4)?,
            x.avg_pool1d(AvgPool::new(2))?,
            x.avg_pool1d(AvgPool::new(15))?,
            planes.adaptive_avg_pool2d(1)?,
            planes.avg_pool2d(AvgPool::new([3, 2]))?,
            area([1, 1])?,
            area([2, 3])?,
        ];
        assert!(all.iter().all(|y| all_near(y, large)), "{dtype}: {all:?}");
    }
    Ok(())
}

#[test]
fn a_query_whose_products_are_all_minus_infinity_sees_nothing_on_either_way() -> Result<()> {
    let [q, k, v] = [1e30, -1e30, 5.0].map(|x| Tensor::from([[[[x]]]]).requires_grad());
    let y = q.scaled_dot_product_attention(&k, &v, AttentionOptions::new())?;
    assert_eq!(y.to_f64s(), [0.0]);
    assert_eq!(q.attention_weights(&k, AttentionOptions::new())?.to_f64s(), [0.0]);
    let grads = y.backward_keep()?;
    for (x, recorded) in [&q, &k, &v].into_iter().zip(grad(&y, &[&q, &k, &v])?) {
        assert_eq!((recorded.to_f64s(), grads.get(x).map(Tensor::to_f64s)), (vec![0.0], Some(vec![0.0])));
    }
    Ok(())
}

#[test]
fn a_bound_beyond_all_numbers_shortens_nothing() -> Result<()> {
    for max_norm in [f64::INFINITY, f64::MAX] {
        let table = Tensor::from([[3.0, 4.0]]).requires_grad();
        let y = table.embedding(&Tensor::from([0]), EmbeddingOptions::new().max_norm(max_norm))?;
        assert_eq!(y.to_f64s(), [3.0, 4.0]);
        assert_eq!(grad(&y.sum(), &[&table])?[0].to_f64s(), [1.0, 1.0]);
    }
    Ok(())
}

#[test]
fn where_a_power_overflows_the_function_does_and_is_no_nan() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let x: Vec<f64> = (0..1000).map(|i| -26.6 - 0.0002 * f64::from(i)).collect();
        let x = Tensor::from_slice(&x, &[1000])?.to_dtype(dtype).requires_grad();
        let y = x.erfcx();
        assert!(y.to_f64s().iter().all(|y| *y > 1e38), "{dtype}");
        let slope = grad(&y.sum(), &[&x])?.remove(0);
        assert!(slope.to_f64s().iter().all(|slope| *slope < -1e38), "{dtype}");
        let far = Tensor::from([f64::NEG_INFINITY, -1e30, -1e9]).to_dtype(dtype).requires_grad();
        let slope = grad(&far.log_ndtr().sum(), &[&far])?.remove(0);
        assert_eq!(grad(&slope.sum(), &[&far])?[0].to_f64s(), [-1.0; 3], "{dtype}");
    }
    Ok(())
}

#[test]
fn an_infinite_gradient_goes_to_the_chosen_alone() -> Result<()> {
    // The root has an infinite slope where the extreme is 0.
    type Extreme = fn(&Tensor) -> Result<Tensor>;
    let extremes: [(&str, Extreme, [f64; 2]); 10] = [
        ("max", |x| x.max(), [-1.0, 0.0]),
        ("min", |x| x.min(), [1.0, 0.0]),
        ("amax", |x| x.amax(0), [-1.0, 0.0]),
        ("amin", |x| x.amin(keep(0)), [1.0, 0.0]),
        ("aminmax", |x| Ok(x.aminmax(0)?.1), [-1.0, 0.0]),
        ("max_dim", |x| Ok(x.max_dim(0)?.0), [-1.0, 0.0]),
        ("median", |x| x.median(), [1.0, 0.0]),
        ("segment_max", |x| x.segment_max(&Tensor::from([0, 0]), 1), [-1.0, 0.0]),
        (
            "scatter_reduce",
            |x| Tensor::from_vec(vec![-2.0], &[1])?.scatter_reduce(0, &Tensor::from([0, 0]), x, ScatterReduce::amax()),
            [-1.0, 0.0],
        ),
        (
            "embedding_bag",
            |x| {
                let options = EmbeddingBagOptions::new().mode(Bag::Max);
                x.unsqueeze(1)?.embedding_bag(&Tensor::from([[0, 1]]), None, options)
            },
            [-1.0, 0.0],
        ),
    ];
    for (name, extreme, x) in extremes {
        let x = Tensor::from_vec(x.to_vec(), &[2])?.requires_grad();
        let slope = extreme(&x)?.sqrt().sum().backward()?.get(&x).map(Tensor::to_f64s);
        assert_eq!(slope, Some(vec![0.0, f64::INFINITY]), "{name}");
        let recorded = grad(&extreme(&x)?.sqrt().sum(), &[&x])?[0].to_f64s();
        assert_eq!(recorded, [0.0, f64::INFINITY], "{name}, recorded");
    }
    // A distance by the largest difference, in both kinds of walk.
    let (a, b) = (Tensor::from_vec(vec![1.0, 2.0], &[1, 2])?.requires_grad(), Tensor::zeros(&[1, 2], DType::F64)?);
    let far = || Ok::<Tensor, autograd_core::Error>(a.cdist(&b, f64::INFINITY)?.mul_scalar(f64::INFINITY).sum());
    assert_eq!(far()?.backward()?.get(&a).map(Tensor::to_f64s), Some(vec![0.0, f64::INFINITY]));
    assert_eq!(grad(&far()?, &[&a])?[0].to_f64s(), [0.0, f64::INFINITY]);
    Ok(())
}

#[test]
fn the_extremes_of_what_is_no_number_have_no_gradient_that_is_one() -> Result<()> {
    let x = Tensor::from([[1.0, f64::NAN], [3.0, 2.0]]).requires_grad();
    for (name, y) in [("amax", x.amax(1)?), ("amin", x.amin(1)?)] {
        let slope = grad(&y.sum(), &[&x])?[0].to_f64s();
        assert!(slope[0].is_nan() && slope[1].is_nan() && slope[2] + slope[3] == 1.0, "{name}: {slope:?}");
    }
    Ok(())
}

#[test]
fn a_padding_row_without_a_number_has_no_gradient_under_a_bound_either() -> Result<()> {
    let table = Tensor::from([[f64::NAN, f64::NAN], [1.0, 2.0]]).requires_grad();
    let options = EmbeddingBagOptions::new().padding_idx(0).max_norm(1.0);
    let y = table.embedding_bag(&Tensor::from([[0, 1]]), None, options)?;
    let slope = grad(&y.sum(), &[&table])?[0].to_f64s();
    assert!(slope.iter().all(|x| x.is_finite()) && slope[..2] == [0.0, 0.0], "{slope:?}");
    Ok(())
}
