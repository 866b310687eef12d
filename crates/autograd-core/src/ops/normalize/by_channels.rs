//! The common half of batch normalisation by own and by given statistics.

use super::form::Form;
use super::group_norm::channels;
use crate::error::Result;
use crate::kernels::normalize::channels::{Sizes, forward};
use crate::kernels::normalize::pool_pairs;
use crate::ops::check::Check;
use crate::shape::{Layout, Shape};
use crate::tensor::{Float, Tensor, for_float};
use smallvec::smallvec;
use std::borrow::Cow;

/// Samples, channels and elements of each, and the float type, if weight, bias and ε go with the tensor.
pub(super) fn checked(
    op: &'static str,
    x: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
    eps: f64,
) -> Result<(Sizes, Float)> {
    let [samples, channels, length] = match x.shape() {
        // As in PyTorch, what has no elements needs no channels.
        [0] => [0, 0, 1],
        _ => channels(op, x)?,
    };
    let check = Check(op);
    let float = check.float(x)?;
    for (what, tensor) in [("weight", weight), ("bias", bias)] {
        if let Some(tensor) = tensor {
            check.is(what, tensor, &[channels])?;
            check.same_float(x, tensor)?;
        }
    }
    check.require(!eps.is_nan(), "eps", eps, "a number").map(|()| (Sizes { samples, channels, length }, float))
}

/// An operand that may be missing: then it has no elements.
pub(super) fn operand(op: &'static str, x: &Tensor, given: Option<&Tensor>) -> Result<Tensor> {
    match given {
        Some(given) => given.try_packed(op).map(Cow::into_owned),
        None => Ok(x.with_layout(Layout::contiguous(&[0]))),
    }
}

pub(super) fn normalised(
    op: &'static str,
    x: &Tensor,
    sizes: Sizes,
    norms: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
) -> Result<Tensor> {
    let (weight, bias, empty) = (operand(op, x, weight)?, operand(op, x, bias)?, x.numel() == 0);
    for_float!(x.float(), T => Tensor::compute::<T, 4>(op, x.shape(), [x, norms, &weight, &bias], move |[x, norms, w, b], y| {
        if !empty {
            forward::<T>(sizes, x.flat(), norms.flat::<T>().as_chunks::<3>().0, w.flat(), b.flat(), y);
        }
    }))
}

/// `Σ gy` and `Σ gy x̂` of each channel.
pub(super) fn pairs(op: &'static str, sizes: Sizes, gy: &Tensor, x: &Tensor, norms: &Tensor) -> Result<Tensor> {
    let ([parts, _, neighbours], channels) = (sizes.parts(), sizes.channels);
    if x.numel() == 0 {
        return Tensor::zeros(&[channels, 2], x.dtype());
    }
    let parts = for_float!(x.float(), T => {
        Tensor::compute::<T, 3>(op, &[parts, 2], [gy, x, norms], move |[gy, x, norms], y| {
            let (norms, _) = norms.flat::<T>().as_chunks::<3>();
            sizes.pairs::<T>(gy.flat(), x.flat(), norms, y.as_chunks_mut().0);
        })
    })?;
    for_float!(x.float(), T => Tensor::compute::<T, 1>(op, &[channels, 2], [&parts], move |[parts], y| {
        pool_pairs::<T>(parts.flat::<T>().as_chunks::<2>().0, [channels, neighbours], y.as_chunks_mut().0);
    }))
}

/// `Σ gy` or `Σ gy x̂`, out of both.
pub(super) fn one_of(pairs: &Tensor, which: usize) -> Result<Tensor> {
    Ok(pairs.narrow(1, which, 1)?.squeeze(&[1])?.contiguous())
}

pub(super) fn form(sizes: Sizes) -> Form {
    let Sizes { samples, channels, length } = sizes;
    let shape = Shape::from(&[samples, channels, length][..]);
    Form { shape, over: smallvec![0, 2], affine: Shape::from(&[1, channels, 1][..]) }
}

#[cfg(test)]
/// x, weight, bias, mean and var.
pub(super) fn inputs(shape: &[usize], count: usize) -> Vec<crate::ops::cases::Input> {
    use crate::ops::cases::Input;
    let x = Input::real(shape, -2.0..2.0);
    let ranges = [0.5..2.0, -1.0..1.0, -1.0..1.0, 0.5..2.0];
    let all = [x].into_iter().chain(ranges.map(|range| Input::real(&shape[1..2], range)));
    all.take(count).collect()
}
