//! Transforms along one dimension, recorded.

use super::form::Pass;
use crate::error::Result;
use crate::kernels::fft::{Dft, Kind, Plan};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::timer::Count;
use crate::tensor::{Tensor, for_float};
use smallvec::{SmallVec, smallvec};

/// The real and the imaginary parts of complex numbers.
pub(super) type Pair = (Tensor, Tensor);

/// Complex numbers whose imaginary parts may be 0, checked.
pub(super) fn numbers<'x>(
    op: &'static str,
    re: &'x Tensor,
    im: Option<&'x Tensor>,
) -> Result<SmallVec<[&'x Tensor; 2]>> {
    let Some(im) = im else { return Check(op).float(re).map(|_| smallvec![re]) };
    Check(op).same_float(re, im)?;
    Check(op).is("the imaginary part", im, re.shape())?;
    Ok(smallvec![re, im])
}

/// Complex numbers to complex ones.
pub(super) fn complex(op: &'static str, inverse: bool, pass: Pass, x: &[&Tensor]) -> Result<Pair> {
    let size = x[0].shape()[pass.dim];
    let kind = Kind::Complex { inverse };
    pair(op, pass, Dft { kind, n: pass.n, scale: pass.scale, from: size, to: pass.n }, x)
}

/// Real numbers to half of the complex ones.
pub(super) fn half(op: &'static str, pass: Pass, x: &Tensor) -> Result<Pair> {
    let kind = Kind::Half { doubled: false };
    let size = x.shape()[pass.dim];
    pair(op, pass, Dft { kind, n: pass.n, scale: pass.scale, from: size, to: pass.n / 2 + 1 }, &[x])
}

/// Half of the complex numbers to real ones.
pub(super) fn real(op: &'static str, pass: Pass, x: &[&Tensor]) -> Result<Tensor> {
    let kind = Kind::Real { halved: false };
    let size = x[0].shape()[pass.dim];
    let dft = Dft { kind, n: pass.n, scale: pass.scale, from: size, to: pass.n };
    let rows = in_rows(pass, x)?;
    let y = transform(op, dft, &rows.iter().collect::<SmallVec<[&Tensor; 2]>>())?;
    back(pass, y)
}

fn pair(op: &'static str, pass: Pass, dft: Dft, x: &[&Tensor]) -> Result<Pair> {
    let rows = in_rows(pass, x)?;
    let y = transform(op, dft, &rows.iter().collect::<SmallVec<[&Tensor; 2]>>())?;
    Ok((back(pass, y.select(0, 0)?)?, back(pass, y.select(0, 1)?)?))
}

/// The tensors with the dimension last.
fn in_rows(pass: Pass, x: &[&Tensor]) -> Result<SmallVec<[Tensor; 2]>> {
    let is_last = pass.dim + 1 == x[0].rank();
    let row = |x: &&Tensor| if is_last { Ok((*x).clone()) } else { x.movedim(&[pass.dim as isize], &[-1]) };
    x.iter().map(row).collect()
}

fn back(pass: Pass, y: Tensor) -> Result<Tensor> {
    if pass.dim + 1 == y.rank() { Ok(y) } else { y.movedim(&[-1], &[pass.dim as isize]) }
}

/// The transform of the last dimension: of one tensor of real numbers, or of two, the real and the imaginary parts.
/// Complex results lie one behind the other along a new first dimension.
fn transform(op: &'static str, dft: Dft, x: &[&Tensor]) -> Result<Tensor> {
    let mut shape: SmallVec<[usize; 6]> = x[0].shape().into();
    if let Some(last) = shape.last_mut() {
        *last = dft.to;
    }
    if !matches!(dft.kind, Kind::Real { .. }) {
        shape.insert(0, 2);
    }
    let rows = x[0].shape().iter().rev().skip(1).fold(1, |n: u64, size| n.saturating_mul(*size as u64));
    let count = Count::Of(rows.saturating_mul(dft.operations() as u64));
    let re = x[0].try_packed(op)?;
    let value = match x.get(1) {
        Some(im) => {
            let im = im.try_packed(op)?;
            for_float!(re.float(), T => {
                let plan = Plan::<T>::of(&dft);
                Tensor::counted::<T, 2>(op, count, &shape, [&re, &im], move |[re, im], y| {
                    plan.run(&dft, re.flat(), Some(im.flat()), y);
                })
            })?
        }
        None => for_float!(re.float(), T => {
            let plan = Plan::<T>::of(&dft);
            Tensor::counted::<T, 1>(op, count, &shape, [&re], move |[re], y| plan.run(&dft, re.flat(), None, y))
        })?,
    };
    Ok(record(op, value, x, |_| Transform { op, dft }))
}

struct Transform {
    op: &'static str,
    dft: Dft,
}

impl Pullback for Transform {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, back) = (at.gy(), self.dft.adjoint());
        let gx = match self.dft.kind {
            Kind::Real { .. } => transform(self.op, back, &[gy])?,
            _ => transform(self.op, back, &[&gy.select(0, 0)?, &gy.select(0, 1)?])?,
        };
        if matches!(self.dft.kind, Kind::Half { .. }) {
            return at.give(0, || Ok(gx));
        }
        at.give(0, || gx.select(0, 0))?;
        at.give(1, || gx.select(0, 1))
    }
}
