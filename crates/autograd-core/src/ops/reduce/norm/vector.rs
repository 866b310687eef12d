//! Norms of vectors.

use crate::error::Result;
use crate::kernels::norm::norms;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::ops::reduce::along::Along;
use crate::ops::reduce::dims::ReduceDims;
use crate::tape::{Pull, Pullback, Saved, cut, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `y = (Σ |x|ᵖ)^(1/p)` along `dims`, where p is `ord`. ∞ is the largest |x|, −∞ the smallest, and 0 the number of
    /// elements that are not 0.
    ///
    /// # Gradient
    /// `gx = gy · sign(x) (|x| / y)^(p−1)`, and 0 where y = 0 and for p ≠ 2 where x = 0. For ±∞ it is shared equally
    /// between ties. The number of elements has none: it is not tracked. Saves x and y.
    ///
    /// # Numerics
    /// Powers are added in `F64`, and scaled by the largest |x| where they overflow or vanish: a norm that can be
    /// written down is found. That of p = 1 is a [`Tensor::sum`].
    ///
    /// # Errors
    /// If a dim is out of range or named twice, the dtype is not a float type, `ord` is NaN, or nothing is left of a
    /// norm that is ±∞ or has a negative `ord` and no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, 0.0]]).requires_grad();
    /// let y = x.vector_norm(2.0, 1)?;
    /// assert_eq!(y.to_vec::<f32>()?, [5.0, 0.0]);
    /// assert_eq!(y.sum().backward()?.get(&x).unwrap().to_vec::<f32>()?, [0.6, 0.8, 0.0, 0.0]);
    /// assert_eq!(x.vector_norm(f64::INFINITY, ..)?.item::<f32>()?, 4.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn vector_norm(&self, ord: f64, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        norm("vector_norm", "ord", self, ord, &dims.into())
    }

    /// [`Tensor::vector_norm`] by its older name; of a matrix `norm(2.0, ..)` is the Frobenius norm.
    ///
    /// # Errors
    /// As for `vector_norm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [2.0, 4.0]]).norm(2.0, ..)?.item::<f32>()?, 5.0);
    /// assert_eq!(Tensor::from([1.0, -2.0]).norm(1.0, 0)?.item::<f32>()?, 3.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn norm(&self, p: f64, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        norm("norm", "p", self, p, &dims.into())
    }
}

/// [`Tensor::vector_norm`] for an operation that calls its order `name`.
pub(in crate::ops) fn norm(op: &'static str, name: &str, x: &Tensor, p: f64, dims: &ReduceDims) -> Result<Tensor> {
    let float = Check(op).float(x)?;
    Check(op).require(!p.is_nan(), name, p, "a number")?;
    let mut along = Along::new(op, x, dims)?;
    if p < 0.0 || p.is_infinite() {
        along = along.not_empty(op, x)?;
    }
    x.can_be_packed(op)?;
    if p == 0.0 {
        cut(op, &[x]);
        return Ok(x.untied().ne_scalar(0.0).sum_dim(dims.clone())?.to_dtype(x.dtype()));
    }
    if p == 1.0 {
        return x.abs().sum_dim(dims.clone());
    }
    if p.is_infinite() {
        return if p > 0.0 { x.abs().amax(dims.clone()) } else { x.abs().amin(dims.clone()) };
    }
    let (rows, width) = (along.rows(x), along.count);
    let value = for_float!(float, T => Tensor::compute::<T, 1>(op, &along.shape, [&rows], move |[rows], y| {
        norms::<T>(p, rows.flat(), width, y);
    }))?;
    Ok(record(op, value, &[x], |y| Norm { x: Saved::input(0, x), y: Saved::output(y), p, along }))
}

struct Norm {
    x: Saved,
    y: Saved,
    p: f64,
    along: Along,
}

impl Pullback for Norm {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            let (y, gy) = (self.along.spread(&y)?, self.along.spread(gy)?);
            if self.p == 2.0 {
                return try_elementwise([&*x, &y, &gy], Direction);
            }
            try_elementwise([&*x, &y, &gy], Share(self.p))
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

/// `gy · (x / y)`, and 0 where y = 0.
#[derive(Clone, Copy)]
struct Direction;

impl Elementwise<3> for Direction {
    const NAME: &'static str = "norm";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, y, gy]: [N; 3]) -> N {
        let nothing = y.eq(N::of(0.0));
        N::select(nothing, N::of(0.0), gy * (x / N::select(nothing, N::of(1.0), y)))
    }

    #[inline(always)]
    fn pull<N: Number>(self, ggx: N, [x, y, gy]: [N; 3], _: N) -> [N; 3] {
        let nothing = y.eq(N::of(0.0));
        let whole = N::select(nothing, N::of(1.0), y);
        let kept = |g: N| N::select(nothing, N::of(0.0), g);
        let share = x / whole;
        [kept(ggx * (gy / whole)), kept(-(ggx * gy * (share / whole))), kept(ggx * share)]
    }
}

/// `gy · sign(x) (|x| / y)^(p−1)`, and 0 where x = 0 or y = 0.
#[derive(Clone, Copy)]
struct Share(f64);

impl Share {
    /// `rᵖ⁻¹`
    #[inline(always)]
    fn power<N: Number>(self, r: N) -> N {
        match self.0 {
            1.5 => r.sqrt(),
            3.0 => r * r,
            4.0 => r * r * r,
            p => r.powc(p - 1.0),
        }
    }

    /// Whether there is nothing to share, `|x| / y` and y where there is, and 1 elsewhere.
    #[inline(always)]
    fn parts<N: Number>(x: N, y: N) -> (N::Mask, N, N) {
        let (nothing, one) = (x.eq(N::of(0.0)) | y.eq(N::of(0.0)), N::of(1.0));
        let y = N::select(nothing, one, y);
        (nothing, N::select(nothing, one, x.abs() / y), y)
    }
}

impl Elementwise<3> for Share {
    const NAME: &'static str = "norm";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, y, gy]: [N; 3]) -> N {
        let (nothing, share, _) = Self::parts(x, y);
        N::select(nothing, N::of(0.0), gy * (self.power(share) * x.sign()))
    }

    #[inline(always)]
    fn pull<N: Number>(self, ggx: N, [x, y, gy]: [N; 3], _: N) -> [N; 3] {
        let (nothing, share, y) = Self::parts(x, y);
        let kept = |g: N| N::select(nothing, N::of(0.0), g);
        let (power, sign) = (self.power(share), x.sign());
        let slope = ggx * gy * (N::of(self.0 - 1.0) * (power / y));
        [kept(slope / share), kept(-(slope * sign)), kept(ggx * (power * sign))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0).avoiding(&[0.0])];
    let power = |p: f64, x: &mut dyn Iterator<Item = f64>| x.map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p);
    let rows = move |p: f64| move |x: &[Vec<f64>]| x[0].chunks(4).map(|r| power(p, &mut r.iter().copied())).collect();
    let middle = move |p: f64| {
        let column = |x: &[Vec<f64>], k: usize| (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]).collect::<Vec<_>>();
        move |x: &[Vec<f64>]| (0..8).map(|k| power(p, &mut column(x, k).into_iter())).collect()
    };
    let nothing = "have no elements, and vector_norm of nothing is undefined";
    [
        Case::new("vector_norm(2)", x(), |x| x[0].vector_norm(2.0, -1))
            .value(rows(2.0))
            .refuses(|x| x[0].vector_norm(2.0, 3), "vector_norm: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(|x| x[0].vector_norm(f64::NAN, 0), "vector_norm: ord is NaN, it must be a number")
            .refuses(
                |x| x[0].to_dtype(DType::I64).vector_norm(2.0, 0),
                "vector_norm: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.vector_norm(-1.0, 1),
                format!("vector_norm: dims [1] of shape [2, 0, 4] {nothing}"),
            )
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.vector_norm(f64::INFINITY, 1),
                format!("vector_norm: dims [1] of shape [2, 0, 4] {nothing}"),
            ),
        Case::new("vector_norm(2, middle)", x(), |x| x[0].vector_norm(2.0, keep(1))).value(middle(2.0)),
        Case::new("vector_norm(1)", x(), |x| x[0].vector_norm(1.0, 1)).value(middle(1.0)),
        Case::new("vector_norm(3.5)", x(), |x| x[0].vector_norm(3.5, 1)).value(middle(3.5)),
        Case::new("vector_norm(1.5)", x(), |x| x[0].vector_norm(1.5, [0, 1, 2]))
            .value(move |x| vec![power(1.5, &mut x[0].iter().copied())]),
        Case::new("vector_norm(-1)", x(), |x| x[0].vector_norm(-1.0, 2)).value(rows(-1.0)),
        Case::new("vector_norm(1/2)", x(), |x| x[0].vector_norm(0.5, 1)).value(middle(0.5)),
        Case::new("vector_norm(0)", x(), |x| x[0].vector_norm(0.0, ..)).value(|_| vec![24.0]).without_gradient(),
        Case::new("vector_norm(inf)", vec![Input::distinct(&[3, 5])], |x| {
            x[0].add_scalar(9.0).vector_norm(f64::INFINITY, 1)
        })
        .value(|x| x[0].chunks(5).map(|r| r.iter().fold(0.0, |m: f64, x| m.max((x + 9.0).abs()))).collect()),
        Case::new("vector_norm(-inf)", vec![Input::distinct(&[3, 5])], |x| {
            x[0].add_scalar(9.0).vector_norm(f64::NEG_INFINITY, 1)
        })
        .value(|x| x[0].chunks(5).map(|r| r.iter().fold(99.0, |m: f64, x| m.min((x + 9.0).abs()))).collect()),
        Case::new("norm", x(), |x| x[0].norm(2.0, ..))
            .value(move |x| vec![power(2.0, &mut x[0].iter().copied())])
            .refuses(|x| x[0].norm(f64::NAN, ..), "norm: p is NaN, it must be a number"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad, keep};

    #[test]
    fn the_gradient_at_zero_is_zero_at_every_order() {
        for p in [0.5, 1.0, 1.5, 2.0, 3.0, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            let x = Tensor::from([[0.0, 0.0], [0.0, 3.0]]).requires_grad();
            let y = x.vector_norm(p, keep(1)).expect("not empty").sum();
            let first = grad(&y, &[&x]).expect("tracked").remove(0);
            assert_eq!(first.to_f64s()[..2], [0.0, 0.0], "{p}");
            assert!(first.to_f64s().iter().all(|g| g.is_finite()), "{p}: {first}");
            if first.is_tracked() {
                let second = grad(&first.square().sum(), &[&x]).expect("tracked").remove(0);
                assert!(second.to_f64s().iter().all(|g| g.is_finite()), "{p}: {second}");
            }
        }
    }
}
