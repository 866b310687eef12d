//! Determinants: of singular matrices, and where numbers leave the range.

use super::decompositions::{close, matrix};
use autograd_core::{DType, Result, Tensor, grad, hessian};

#[test]
fn a_determinant_has_exact_derivatives_at_singular_matrices() -> Result<()> {
    // det = a d − b c, whose second derivative is constant.
    let zero = Tensor::zeros(&[2, 2], DType::F64)?;
    let [[h]] = hessian(|x| x[0].det(), [&zero])?;
    let want = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    close(&h, &want, 1e-14);
    // Cofactors of a matrix of rank 2 that no elimination finds to be singular.
    let a = matrix([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]).requires_grad();
    let g = grad(&a.det()?, &[&a])?.remove(0);
    close(&g, &[-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0], 1e-12);
    // The gradient is a polynomial of second degree, so central differences of it are exact but for rounding.
    for rows in [[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 1.0, 0.0, 1.0], [1.0, 2.0, -1.0, 2.0, 4.0, -2.0, -1.0, -2.0, 1.0]] {
        let at = Tensor::from_slice(&rows, &[3, 3])?;
        let gradient = |e: usize, h: f64| -> Result<Vec<f64>> {
            let mut moved = rows;
            moved[e] += h;
            let x = Tensor::from_slice(&moved, &[3, 3])?.requires_grad();
            Ok(grad(&x.det()?, &[&x])?[0].to_f64s())
        };
        let [[h]] = hessian(|x| x[0].det(), [&at])?;
        let h = h.to_f64s();
        for e in 0..9 {
            let (up, down) = (gradient(e, 0.5)?, gradient(e, -0.5)?);
            let row = up.iter().zip(&down).map(|(up, down)| up - down).collect::<Vec<f64>>();
            close(&Tensor::from_slice(&h[9 * e..9 * e + 9], &[9])?, &row, 1e-12);
        }
    }
    // The third derivative needs the inverse.
    let singular = matrix([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]).requires_grad();
    let first = grad(&singular.det()?, &[&singular])?.remove(0);
    let second = grad(&first.square().sum(), &[&singular])?.remove(0);
    let error = grad(&second.square().sum(), &[&singular]).expect_err("a pivot is 0");
    assert_eq!(error.to_string(), "det: the matrix is singular");
    let regular = matrix([[1.0, 2.0], [3.0, 5.0]]).requires_grad();
    let first = grad(&regular.det()?, &[&regular])?.remove(0);
    let second = grad(&first.powf(3.0).sum(), &[&regular])?.remove(0);
    let third = grad(&second.sum(), &[&regular])?.remove(0);
    // With C = [d, −c, −b, a], Σ C³ has the gradient 3 [a², −b²…] in A's own places.
    close(&second, &[3.0, -12.0, -27.0, 75.0], 1e-10);
    close(&third, &[6.0, -12.0, -18.0, 30.0], 1e-10);
    Ok(())
}

#[test]
fn no_nan_is_a_singular_matrix() -> Result<()> {
    for rows in [[[0.0, 1.0], [f64::NAN, 1.0]], [[1.0, 0.0], [1.0, f64::NAN]], [[f64::NAN, 0.0], [0.0, 1.0]]] {
        let a = matrix(rows);
        assert!(a.det()?.item::<f64>()?.is_nan() && a.slogdet()?.1.item::<f64>()?.is_nan(), "{rows:?}");
        assert!(a.inv()?.to_f64s().iter().any(|x| x.is_nan()), "{rows:?}");
    }
    Ok(())
}

#[test]
fn cofactors_need_no_determinant_in_range() -> Result<()> {
    for size in [1e-30f32, 3.2e-23, 1e-20, 1e20] {
        let a = Tensor::from([[size, 0.0], [0.0, size]]).requires_grad();
        let ga = grad(&a.det()?, &[&a])?.remove(0).to_f64s();
        let want = [f64::from(size), 0.0, 0.0, f64::from(size)];
        assert!(ga.iter().zip(want).all(|(g, want)| (g - want).abs() <= 1e-6 * want), "{ga:?}");
    }
    // The determinant is a number, the inverse is none.
    for (small, large) in [(1e-40, 1e30), (1e-310, 1e300)] {
        let dtype = if large > 1e100 { DType::F64 } else { DType::F32 };
        let a = Tensor::from_slice(&[small, 0.0, 0.0, large], &[2, 2])?.to_dtype(dtype).requires_grad();
        let ga = grad(&a.det()?, &[&a])?.remove(0).to_f64s();
        let want = [large, 0.0, 0.0, small];
        assert!(ga.iter().zip(want).all(|(g, want)| (g - want).abs() <= 1e-6 * large), "{ga:?}");
    }
    Ok(())
}

#[test]
fn an_infinite_cofactor_leaves_the_others() -> Result<()> {
    let a = Tensor::from([[1e20f32, 0.0, 0.0], [0.0, 1e20, 0.0], [0.0, 0.0, 1e-5]]).requires_grad();
    let ga = grad(&a.det()?, &[&a])?.remove(0).to_f64s();
    let want = [1e15, 0.0, 0.0, 0.0, 1e15, 0.0, 0.0, 0.0, f64::INFINITY];
    assert!(ga.iter().zip(want).all(|(g, want)| *g == want || (g - want).abs() <= 1e-6 * want), "{ga:?}");
    Ok(())
}

#[test]
fn many_logarithms_are_added_exactly_enough() -> Result<()> {
    let logarithm = Tensor::eye(3000, DType::F32)?.mul_scalar(2.0).slogdet()?.1.item::<f32>()?;
    assert_eq!(logarithm, (3000.0 * std::f64::consts::LN_2) as f32);
    Ok(())
}
