//! Orthogonal matrices from any, and back.

use autograd_core::check::Check;
use autograd_core::{PadMode, QrMode, Result, Tensor, Triangle, TriangularOptions};

pub(super) fn is_wide(x: &Tensor) -> bool {
    let shape = x.shape();
    shape.last_chunk::<2>().is_some_and(|[m, n]| m < n)
}

/// Matrices with as many rows as columns or more.
pub(super) fn tall(x: &Tensor) -> Result<Tensor> {
    if is_wide(x) { x.transpose(-2, -1) } else { Ok(x.clone()) }
}

/// The rows and columns.
fn sizes(x: &Tensor) -> Result<[usize; 2]> {
    Check("Orthogonal").last("the original", x, "[.., M, N]")
}

/// The first columns of an identity, as many as x has.
pub(super) fn unit(x: &Tensor) -> Result<Tensor> {
    let [n, k] = sizes(x)?;
    Tensor::eye(n, x.dtype())?.narrow(1, 0, k)
}

/// The signs of the diagonal, that of 0 being +.
fn signs(x: &Tensor) -> Result<Tensor> {
    Ok(x.detach().diagonal(0, -2, -1)?.sign().add_scalar(0.5).sign())
}

/// A map of a skew-symmetric matrix to an orthogonal one, as many columns as x has.
pub(super) fn rotated(x: &Tensor, map: fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let [n, k] = sizes(x)?;
    let lower = x.tril(0)?.pad(&[0, (n - k) as isize], PadMode::Constant(0.0))?;
    map(&lower.try_sub(&lower.transpose(-2, -1)?)?)?.narrow(-1, 0, k)
}

/// (I − A/2)⁻¹ (I + A/2)
pub(super) fn cayley(a: &Tensor) -> Result<Tensor> {
    let [n, _] = sizes(a)?;
    let (one, half) = (Tensor::eye(n, a.dtype())?, a.mul_scalar(0.5));
    one.try_sub(&half)?.solve(&one.try_add(&half)?)
}

/// The product of the reflections, as many columns as x has: `I − V S⁻¹ V₁ᵀ`, where V are the vectors, V₁ its upper
/// square, and S the upper triangle of `Vᵀ V` with half of the diagonal.
pub(super) fn reflected(x: &Tensor) -> Result<Tensor> {
    let [_, k] = sizes(x)?;
    let one = unit(x)?;
    let v = x.tril(-1)?.try_add(&one)?;
    let half = Tensor::ones(&[k, k], x.dtype())?.triu(0)?.try_sub(&Tensor::eye(k, x.dtype())?.mul_scalar(0.5))?;
    let s = v.transpose(-2, -1)?.matmul(&v)?.try_mul(&half)?;
    let first = v.narrow(-2, 0, k)?.transpose(-2, -1)?;
    let y = s.solve_triangular(&first, TriangularOptions::new(Triangle::Upper))?;
    one.try_sub(&v.matmul(&y)?)?.try_mul(&signs(x)?.unsqueeze(-2)?)
}

/// The square orthogonal matrix whose first columns are those of `w = Q R` with a positive diagonal of R.
pub(super) fn completed(w: &Tensor) -> Result<Tensor> {
    let [n, k] = sizes(w)?;
    let (q, r) = w.qr(QrMode::Complete)?;
    let signs = signs(&r)?.pad(&[0, (n - k) as isize], PadMode::Constant(1.0))?;
    q.try_mul(&signs.unsqueeze(-2)?)
}

/// The X whose reflections give the Q of `w = Q R` with a positive diagonal of R.
pub(super) fn reflectors(w: &Tensor) -> Result<Tensor> {
    let [n, k] = sizes(w)?;
    let mut values = w.contiguous().to_f64s();
    for a in values.chunks_mut((n * k).max(1)) {
        for j in 0..k {
            let length = (j..n).map(|i| a[i * k + j].powi(2)).sum::<f64>().sqrt();
            let head = a[j * k + j];
            // To the other side of the axis, where nothing cancels: this is what is on the diagonal of R then.
            let onto = -length.copysign(head);
            let scale = if length == 0.0 { 1.0 } else { head - onto };
            a[j * k + j] = 1.0;
            (j + 1..n).for_each(|i| a[i * k + j] /= scale);
            let squares: f64 = (j..n).map(|i| a[i * k + j].powi(2)).sum();
            for c in j + 1..k {
                let along: f64 = (j..n).map(|i| a[i * k + j] * a[i * k + c]).sum();
                (j..n).for_each(|i| a[i * k + c] -= 2.0 * along / squares * a[i * k + j]);
            }
            (0..j).for_each(|i| a[i * k + j] = 0.0);
            a[j * k + j] = 1f64.copysign(onto);
        }
    }
    Ok(Tensor::from_vec(values, w.shape())?.to_dtype(w.dtype()))
}
