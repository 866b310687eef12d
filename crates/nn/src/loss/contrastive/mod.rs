//! Losses of the pairs of a batch, which are alike where their labels are equal.

mod circle;
mod nt_xent;

pub use circle::{CircleLoss, circle_loss};
pub use nt_xent::{NtXentLoss, nt_xent_loss};

use crate::loss::pair::has_room;
use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};

/// The masks `[N, N]` of pairs with equal labels and of pairs with different ones, of vectors `[N, D]` and labels
/// `[N]`.
fn pairs(op: &'static str, input: &Tensor, target: &Tensor) -> Result<(Tensor, Tensor)> {
    Check(op).float(input)?;
    let [samples, _] = Check(op).shape("the input", input, "[N, D]")?;
    Check(op).dtype(target, DType::I64)?;
    Check(op).is("target", target, &[samples])?;
    has_room(op, &[input, target])?;
    let alike = target.unsqueeze(1)?.eq(&target.unsqueeze(0)?)?;
    let unlike = alike.logical_not()?;
    Ok((alike, unlike))
}

/// The pairs without those of a sample with itself.
fn of_two(alike: &Tensor) -> Result<Tensor> {
    alike.logical_and(&Tensor::eye(alike.shape()[0], DType::I64)?.eq_scalar(0.0))
}

/// Which samples have a partner among the pairs, `[N]`.
fn any(pairs: &Tensor) -> Result<Tensor> {
    Ok(pairs.to_dtype(DType::I64).sum_dim(1)?.gt_scalar(0.0))
}
