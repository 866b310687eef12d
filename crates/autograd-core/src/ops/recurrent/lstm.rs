//! Long short-term memory.

use super::options::Recurrence;
use super::sequence::run;
use crate::error::Result;
use crate::kernels::recurrent::Cell;
use crate::tensor::Tensor;

impl Tensor {
    /// A layer of long short-term memory over a sequence, in one direction: the outputs of all steps, the last state
    /// and the last cell. In each step
    ///
    /// ```text
    /// [i, f, g, o] = W_ih x[t] + b_ih + W_hh h + b_hh,   four gates below each other
    /// c ← σ(f) c + σ(i) tanh(g)
    /// h ← σ(o) tanh(c),   or W_hr σ(o) tanh(c),   y[t] = h
    /// ```
    ///
    /// # Shapes
    /// `x: [L, N, D]`, `weight_ih: [4 H, D]`, `weight_hh: [4 H, P]` → `y: [L, N, P]`, `h: [N, P]`, `c: [N, H]`; P is H
    /// without a projection.
    ///
    /// # Gradient
    /// Back through all steps: that of the gates step by step, those of the weights in one product each. Saves the
    /// operands, and of each sample and step 5 H + P numbers (gates, cell, state), and H more with a projection. The
    /// slopes of the gates come from their saved values. A recorded walk goes through the steps as tensor code, to any
    /// order.
    ///
    /// # Errors
    /// If shapes do not fit, dtypes differ, or a length is not from 0 to L.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{DType, Recurrence, Tensor};
    /// let x = Tensor::from([[[1.0]], [[1.0]]]);
    /// let (w_ih, w_hh) = (Tensor::from([[100.0], [100.0], [100.0], [100.0]]), Tensor::zeros(&[4, 1], DType::F32)?);
    /// let (y, h, c) = x.lstm(&w_ih, &w_hh, Recurrence::new())?;
    /// assert_eq!(c.to_vec::<f32>()?, [2.0]); // all gates are open: 1 is added in each step
    /// assert_eq!(y.to_vec::<f32>()?, [1f32.tanh(), 2f32.tanh()]);
    /// assert_eq!(h.to_vec::<f32>()?, [2f32.tanh()]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Hochreiter, Schmidhuber, Long short-term memory, 1997; with the forget gates of Gers, Schmidhuber, Cummins,
    /// Learning to forget, 2000. The projection: Sak, Senior, Beaufays, 2014.
    pub fn lstm(
        &self,
        weight_ih: &Tensor,
        weight_hh: &Tensor,
        options: Recurrence,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let ends = run("lstm", Cell::Lstm, self, [weight_ih, weight_hh], &options)?;
        Ok((ends.y, ends.h, ends.c))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::tests::Plain;
    let real = |shape: &[usize]| Input::real(shape, -1.0..1.0);
    let weights = || vec![real(&[3, 2, 5]), real(&[16, 5]), real(&[16, 4]), real(&[16]), real(&[16])];
    let inputs = || [weights(), vec![real(&[2, 4]), real(&[2, 4])]].concat();
    let options = |x: &[Tensor]| Recurrence::new().bias(&x[3], &x[4]).state(&x[5]).cell(&x[6]);
    let call = move |x: &[Tensor]| x[0].lstm(&x[1], &x[2], options(x));
    let plain = |x: &[Vec<f64>]| {
        let (biases, h, c) = (Some([&x[3][..], &x[4][..]]), Some(&x[5][..]), Some(&x[6][..]));
        let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], biases, h, c, ..Plain::default() };
        plain.run(Cell::Lstm, [3, 2, 5, 4])
    };
    let projected = || vec![real(&[3, 2, 5]), real(&[12, 5]), real(&[12, 4]), real(&[4, 3])];
    let all = |(y, h, c): (Tensor, Tensor, Tensor)| {
        let flat = [y, h, c].iter().map(|x| x.reshape(&[-1])).collect::<Result<Vec<_>>>()?;
        Tensor::cat(&flat.iter().collect::<Vec<_>>(), 0)
    };
    [
        Case::new("lstm", inputs(), move |x| Ok(call(x)?.0))
            .value(move |x| plain(x)[0].clone())
            .refuses(
                move |x| Ok(x[0].sum_dim(0)?.lstm(&x[1], &x[2], options(x))?.0),
                "lstm: the input has shape [2, 5], expected [L, N, D]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1].narrow(0, 0, 15)?, &x[2], options(x))?.0),
                "lstm: weight_ih has shape [15, 5], expected [4 H, D]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[2], &x[2], options(x))?.0),
                "lstm: weight_ih has shape [16, 4], expected [16, 5]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[1], options(x))?.0),
                "lstm: weight_hh has shape [16, 5], expected [16, 4]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).bias(&x[3], &x[5]))?.0),
                "lstm: bias_hh has shape [2, 4], expected [16]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).state(&x[3]))?.0),
                "lstm: the state has shape [16], expected [2, 4]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).cell(&x[3]))?.0),
                "lstm: the cell has shape [16], expected [2, 4]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).projection(&x[1]))?.0),
                "lstm: weight_hr has shape [16, 5], expected [16, 4]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).lengths(&x[3]))?.0),
                "lstm: dtype is F64, expected I64; to_dtype converts",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).lengths(&Tensor::from([3])))?.0),
                "lstm: lengths has shape [1], expected [2]",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1], &x[2], options(x).lengths(&Tensor::from([3, 4])))?.0),
                "lstm: sample 1 has length 4, which is not from 0 to 3",
            )
            .refuses(
                move |x| Ok(x[0].lstm(&x[1].to_dtype(crate::DType::F32), &x[2], options(x))?.0),
                "lstm: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                move |x| Ok(x[0].to_dtype(crate::DType::I64).lstm(&x[1], &x[2], options(x))?.0),
                "lstm: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("lstm (state)", inputs(), move |x| Ok(call(x)?.1)).value(move |x| plain(x)[1].clone()),
        Case::new("lstm (cell)", inputs(), move |x| Ok(call(x)?.2)).value(move |x| plain(x)[2].clone()),
        Case::new("lstm (all)", weights(), move |x| {
            all(x[0].lstm(&x[1], &x[2], Recurrence::new().bias(&x[3], &x[4]).reverse(true))?)
        })
        .value(|x| {
            let biases = Some([&x[3][..], &x[4][..]]);
            let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], biases, reverse: true, ..Plain::default() };
            plain.run(Cell::Lstm, [3, 2, 5, 4]).concat()
        }),
        Case::new("lstm (lengths)", weights(), move |x| {
            let lengths = Tensor::from([1, 3]);
            all(x[0].lstm(&x[1], &x[2], Recurrence::new().lengths(&lengths).bias(&x[3], &x[4]).reverse(true))?)
        })
        .value(|x| {
            let biases = Some([&x[3][..], &x[4][..]]);
            let (reverse, lengths) = (true, Some(&[1, 3][..]));
            let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], biases, lengths, reverse, ..Plain::default() };
            plain.run(Cell::Lstm, [3, 2, 5, 4]).concat()
        }),
        Case::new("lstm (projection)", projected(), move |x| {
            all(x[0].lstm(&x[1], &x[2], Recurrence::new().projection(&x[3]))?)
        })
        .value(|x| {
            let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], w_hr: Some(&x[3]), ..Plain::default() };
            plain.run(Cell::Lstm, [3, 2, 5, 3]).concat()
        }),
    ]
}];
