//! The recursion of CTC time by time, as differentiable tensor code: what its derivatives of higher order are of.

use crate::error::Result;
use crate::tensor::{DType, Tensor};

/// The losses of the samples, `[N]`, of arguments that have been checked.
pub(super) fn ctc(x: &Tensor, targets: &Tensor, [times, sizes]: [&Tensor; 2], blank: usize) -> Result<Tensor> {
    let ([times_of, samples], symbols_of) = ([x.shape()[0], x.shape()[1]], targets.shape()[1]);
    let places = 2 * symbols_of + 1;
    let place = Tensor::arange(0.0, places as f64, 1.0, DType::I64)?;
    // The number of the last place that a sample may end at.
    let last = sizes.mul_scalar(2.0).unsqueeze(1)?;
    // l: blanks between the symbols, and beyond a sample's own places, from which nothing flows back.
    let blanks = |width: usize| Tensor::full(&[samples, width], blank as f64, DType::I64);
    let between = Tensor::stack(&[&blanks(symbols_of)?, targets], -1)?.flatten(1, 2)?;
    let symbols = Tensor::cat(&[&between, &blanks(1)?], 1)?;
    let odd = Tensor::from_vec((0..places).map(|s| s % 2 == 1).collect::<Vec<bool>>(), &[places])?;
    let own = odd.logical_and(&place.lt(&last)?)?;
    let symbols = own.where_cond(&symbols, &blanks(places)?)?;
    let two_before = Tensor::cat(&[&blanks(2.min(places))?, &symbols.narrow(1, 0, places.saturating_sub(2))?], 1)?;
    let skips = own.logical_and(&symbols.ne(&two_before)?)?.logical_and(&place.gt_scalar(1.0))?;

    let said = x.gather(2, &symbols.unsqueeze(0)?.broadcast_to(&[times_of, samples, places])?)?;
    let never = |width: usize| Tensor::full(&[samples, width], f64::NEG_INFINITY, x.dtype());
    let speaks = times.gt_scalar(0.0).unsqueeze(1)?;
    let start = place.le(&last.clamp(0.0, 1.0)?)?.logical_and(&speaks)?;
    let nowhere = never(places)?;
    // Without any times no sample speaks; a sum of nothing has the history of what was said all the same.
    let first = if times_of == 0 { said.sum_dim(0)? } else { said.select(0, 0)? };
    let mut alpha = start.where_cond(&first, &nowhere)?;
    for time in 1..times_of {
        let later =
            |by: usize| Tensor::cat(&[&never(by.min(places))?, &alpha.narrow(1, 0, places.saturating_sub(by))?], 1);
        let ways = [alpha.clone(), later(1)?, skips.where_cond(&later(2)?, &nowhere)?];
        // Its derivative is 0 where there is no way at all.
        let from = Tensor::stack(&ways.iter().collect::<Vec<_>>(), -1)?.logsumexp(-1)?;
        let next = from.try_add(&said.select(0, time)?)?;
        // A sample that has ended stays where it is.
        let goes_on = times.gt_scalar(time as f64).unsqueeze(1)?;
        alpha = goes_on.where_cond(&next, &alpha)?;
    }
    let ends = place.eq(&last)?.logical_or(&place.eq(&last.add_scalar(-1.0))?)?;
    // Who does not speak has started nowhere, and yet has said an empty target.
    let is_said = times.eq_scalar(0.0).logical_and(&sizes.eq_scalar(0.0))?;
    ends.where_cond(&alpha, &nowhere)?.logsumexp(-1)?.neg().masked_fill(&is_said, 0.0)
}
