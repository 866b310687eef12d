//! Products added to a tensor.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `beta · self + alpha · mat1 mat2`. With `beta` 0 this tensor does not count, whatever is in it.
    ///
    /// # Shapes
    /// `mat1: [N, K]`, `mat2: [K, M]`; `self` broadcasts to `[N, M]`.
    ///
    /// # Gradient
    /// beta gy for `self`, alpha times that of the product for the others. Saves both matrices.
    ///
    /// # Errors
    /// If the shapes do not fit or the dtypes differ or are not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(Tensor::from([10.0]).addmm(&a, &b, 0.5, 2.0)?.to_vec::<f32>()?, [27.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addmm(&self, mat1: &Tensor, mat2: &Tensor, beta: f64, alpha: f64) -> Result<Tensor> {
        let check = Check("addmm");
        check.same_float(mat1, mat2)?;
        let [n, left] = check.shape("mat1", mat1, "[N, K]")?;
        let [right, m] = check.shape("mat2", mat2, "[K, M]")?;
        inner("addmm", mat1, mat2, left, right)?;
        sum("addmm", self, &[n, m], beta, alpha, || mat1.matmul(mat2))
    }

    /// `beta · self + alpha · mat vec`; otherwise like [`Tensor::addmm`].
    ///
    /// # Shapes
    /// `mat: [N, M]`, `vec: [M]`; `self` broadcasts to `[N]`.
    ///
    /// # Errors
    /// As for `addmm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, v) = (Tensor::from([[1.0, 2.0]]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(Tensor::from([10.0]).addmv(&a, &v, 1.0, 1.0)?.to_vec::<f32>()?, [21.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addmv(&self, mat: &Tensor, vec: &Tensor, beta: f64, alpha: f64) -> Result<Tensor> {
        let check = Check("addmv");
        check.same_float(mat, vec)?;
        let [n, left] = check.shape("mat", mat, "[N, M]")?;
        let [right] = check.shape("vec", vec, "[M]")?;
        inner("addmv", mat, vec, left, right)?;
        sum("addmv", self, &[n], beta, alpha, || mat.matmul(vec))
    }

    /// `beta · self + alpha · vec1 ⊗ vec2`; otherwise like [`Tensor::addmm`].
    ///
    /// # Shapes
    /// `vec1: [N]`, `vec2: [M]`; `self` broadcasts to `[N, M]`.
    ///
    /// # Errors
    /// As for `addmm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
    /// assert_eq!(Tensor::from(1.0).addr(&a, &b, 1.0, 1.0)?.to_vec::<f32>()?, [4.0, 7.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addr(&self, vec1: &Tensor, vec2: &Tensor, beta: f64, alpha: f64) -> Result<Tensor> {
        let check = Check("addr");
        check.same_float(vec1, vec2)?;
        let [n] = check.shape("vec1", vec1, "[N]")?;
        let [m] = check.shape("vec2", vec2, "[M]")?;
        sum("addr", self, &[n, m], beta, alpha, || vec1.outer(vec2))
    }

    /// `beta · self + alpha · batch1 batch2`, matrix by matrix; otherwise like [`Tensor::addmm`].
    ///
    /// # Shapes
    /// `batch1: [B, N, K]`, `batch2: [B, K, M]`; `self` broadcasts to `[B, N, M]`.
    ///
    /// # Errors
    /// As for `addmm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[[1.0]], [[2.0]]]), Tensor::from([[[3.0]], [[4.0]]]));
    /// assert_eq!(Tensor::from(1.0).baddbmm(&a, &b, 1.0, 1.0)?.to_vec::<f32>()?, [4.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn baddbmm(&self, batch1: &Tensor, batch2: &Tensor, beta: f64, alpha: f64) -> Result<Tensor> {
        let [b, n, m] = batches("baddbmm", batch1, batch2)?;
        sum("baddbmm", self, &[b, n, m], beta, alpha, || batch1.matmul(batch2))
    }

    /// `beta · self + alpha · Σ batch1 batch2` over the batch; otherwise like [`Tensor::addmm`].
    ///
    /// # Shapes
    /// `batch1: [B, N, K]`, `batch2: [B, K, M]`; `self` broadcasts to `[N, M]`.
    ///
    /// # Errors
    /// As for `addmm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[[1.0]], [[2.0]]]), Tensor::from([[[3.0]], [[4.0]]]));
    /// assert_eq!(Tensor::from(1.0).addbmm(&a, &b, 1.0, 1.0)?.to_vec::<f32>()?, [12.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addbmm(&self, batch1: &Tensor, batch2: &Tensor, beta: f64, alpha: f64) -> Result<Tensor> {
        let [b, n, m] = batches("addbmm", batch1, batch2)?;
        let k = batch1.shape()[2];
        sum("addbmm", self, &[n, m], beta, alpha, || {
            // The sum over the batch is part of the inner sum of one product.
            let left = batch1.transpose(0, 1)?.reshape_to(&[n, b * k])?;
            left.matmul(&batch2.reshape_to(&[b * k, m])?)
        })
    }
}

fn inner(op: &'static str, a: &Tensor, b: &Tensor, left: usize, right: usize) -> Result<()> {
    if left == right { Ok(()) } else { Err(Error::inner_sizes(op, a.shape(), b.shape(), left, right)) }
}

fn batches(op: &'static str, a: &Tensor, b: &Tensor) -> Result<[usize; 3]> {
    let check = Check(op);
    check.same_float(a, b)?;
    let [batch, n, left] = check.shape("batch1", a, "[B, N, K]")?;
    let [other, right, m] = check.shape("batch2", b, "[B, K, M]")?;
    if batch != other || left != right {
        return Err(Error::shape(op, "batch2", b.shape(), format_args!("[{batch}, {left}, M]")));
    }
    Ok([batch, n, m])
}

/// `beta · x + alpha · product` for an x that broadcasts to the product's shape.
fn sum(
    op: &'static str,
    x: &Tensor,
    shape: &[usize],
    beta: f64,
    alpha: f64,
    product: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    let fits = |(from, to): (&usize, &usize)| from == to || *from == 1;
    if x.rank() > shape.len() || !x.shape().iter().rev().zip(shape.iter().rev()).all(fits) {
        return Err(Error::shape(op, "the input", x.shape(), format!("one that broadcasts to {shape:?}")));
    }
    let y = product()?;
    Check(op).same_dtype(x, &y)?;
    let scaled = |x: &Tensor, by: f64| if by == 1.0 { x.clone() } else { x.mul_scalar(by) };
    let y = scaled(&y, alpha);
    if beta == 0.0 {
        // Selected, not multiplied: NaN times 0 would be NaN. The input still has a gradient, of zeros.
        return Tensor::full(&[], 0.0, DType::Bool)?.where_cond(x, &y);
    }
    scaled(x, beta).try_add(&y)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    fn product(a: &[f64], b: &[f64], k: usize, m: usize) -> Vec<f64> {
        let n = a.len() / k;
        (0..n * m).map(|e| (0..k).map(|p| a[e / m * k + p] * b[p * m + e % m]).sum()).collect()
    }
    let added = |x: &[f64], y: Vec<f64>| -> Vec<f64> {
        y.iter().enumerate().map(|(i, y)| 0.5 * x[i % x.len()] - 1.5 * y).collect()
    };
    let batch = |x: &[Vec<f64>]| -> Vec<Vec<f64>> {
        x[1].chunks(6).zip(x[2].chunks(12)).map(|(a, b)| product(a, b, 3, 4)).collect()
    };
    [
        Case::new("addmm", vec![x(&[4]), x(&[2, 3]), x(&[3, 4])], |x| x[0].addmm(&x[1], &x[2], 0.5, -1.5))
            .value(move |x| added(&x[0], product(&x[1], &x[2], 3, 4)))
            .refuses(
                |x| x[0].narrow(0, 0, 3)?.addmm(&x[1], &x[2], 1.0, 1.0),
                "addmm: the input has shape [3], expected one that broadcasts to [2, 4]",
            )
            .refuses(
                |x| x[0].sum().addmm(&x[1], &x[1], 1.0, 1.0),
                "addmm: inner dimensions differ: [2, 3] × [2, 3] (3 ≠ 2)",
            )
            .refuses(|x| x[0].addmm(&x[0], &x[2], 1.0, 1.0), "addmm: mat1 has shape [4], expected [N, K]")
            .refuses(
                |x| x[0].to_dtype(DType::F32).addmm(&x[1], &x[2], 1.0, 1.0),
                "addmm: dtypes F32 and F64 do not mix; convert one with to_dtype",
            ),
        Case::new("addmv", vec![x(&[2]), x(&[2, 3]), x(&[3])], |x| x[0].addmv(&x[1], &x[2], 0.5, -1.5))
            .value(move |x| added(&x[0], product(&x[1], &x[2], 3, 1)))
            .refuses(|x| x[0].addmv(&x[1], &x[1], 1.0, 1.0), "addmv: vec has shape [2, 3], expected [M]"),
        Case::new("addr", vec![x(&[]), x(&[2]), x(&[3])], |x| x[0].addr(&x[1], &x[2], 0.5, -1.5))
            .value(move |x| added(&x[0], product(&x[1], &x[2], 1, 3)))
            .refuses(|x| x[0].addr(&x[0], &x[2], 1.0, 1.0), "addr: vec1 has shape [], expected [N]"),
        Case::new("baddbmm", vec![x(&[2, 4]), x(&[2, 2, 3]), x(&[2, 3, 4])], |x| x[0].baddbmm(&x[1], &x[2], 0.5, -1.5))
            .value(move |x| added(&x[0], batch(x).concat()))
            .refuses(
                |x| x[0].baddbmm(&x[1], &x[1], 1.0, 1.0),
                "baddbmm: batch2 has shape [2, 2, 3], expected [2, 3, M]",
            ),
        Case::new("addbmm", vec![x(&[2, 4]), x(&[2, 2, 3]), x(&[2, 3, 4])], |x| x[0].addbmm(&x[1], &x[2], 0.5, -1.5))
            .value(move |x| {
                let both = batch(x);
                added(&x[0], both[0].iter().zip(&both[1]).map(|(a, b)| a + b).collect())
            })
            .refuses(|x| x[0].addbmm(&x[0], &x[2], 1.0, 1.0), "addbmm: batch1 has shape [2, 4], expected [B, N, K]"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn with_beta_zero_the_input_does_not_count_and_has_a_gradient_of_zeros() {
        let x = Tensor::from([f32::NAN, f32::INFINITY]).requires_grad();
        let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
        let y = x.addmm(&a, &b, 0.0, 1.0).expect("they fit");
        assert_eq!(y.to_f64s(), [13.0, 16.0]);
        assert_eq!(y.sum().backward().expect("tracked").get(&x).expect("a leaf").to_f64s(), [0.0, 0.0]);
    }
}
