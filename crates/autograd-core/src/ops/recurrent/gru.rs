//! The gated recurrent unit.

use super::options::Recurrence;
use super::sequence::run;
use crate::error::Result;
use crate::kernels::recurrent::Cell;
use crate::tensor::Tensor;

impl Tensor {
    /// A layer of gated recurrent units over a sequence, in one direction: the outputs of all steps, and the last
    /// state. In each step
    ///
    /// ```text
    /// [a, b, p] = W_ih x[t] + b_ih,   [d, e, q] = W_hh h + b_hh,   three gates below each other
    /// r = σ(a + d),   z = σ(b + e),   n = tanh(p + r q)
    /// h ← (1 − z) n + z h,   y[t] = h
    /// ```
    ///
    /// # Shapes
    /// `x: [L, N, D]`, `weight_ih: [3 H, D]`, `weight_hh: [3 H, H]` → `y: [L, N, H]`, `h: [N, H]`.
    ///
    /// # Gradient
    /// Like that of [`Tensor::lstm`]. Saves the operands, and of each sample and step 5 H numbers (gates, q, state).
    ///
    /// # Errors
    /// If shapes do not fit, dtypes differ, a length is not from 0 to L, or the options have a cell or a projection.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{DType, Recurrence, Tensor};
    /// let x = Tensor::from([[[0.0]], [[0.0]]]);
    /// let w = Tensor::zeros(&[3, 1], DType::F32)?;
    /// let (y, h) = x.gru(&w, &w, Recurrence::new().state(&Tensor::from([[8.0]])))?;
    /// assert_eq!(y.to_vec::<f32>()?, [4.0, 2.0]); // z = ½, n = 0
    /// assert_eq!(h.to_vec::<f32>()?, [2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Cho et al., Learning phrase representations using RNN encoder–decoder, 2014. There r multiplies h before the
    /// product; as here it is cuDNN's, PyTorch's and, with `reset_after`, Keras's.
    pub fn gru(&self, weight_ih: &Tensor, weight_hh: &Tensor, options: Recurrence) -> Result<(Tensor, Tensor)> {
        let ends = run("gru", Cell::Gru, self, [weight_ih, weight_hh], &options)?;
        Ok((ends.y, ends.h))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::tests::Plain;
    let real = |shape: &[usize]| Input::real(shape, -1.0..1.0);
    let inputs = || vec![real(&[3, 2, 5]), real(&[12, 5]), real(&[12, 4]), real(&[12]), real(&[12]), real(&[2, 4])];
    let options = |x: &[Tensor]| Recurrence::new().bias(&x[3], &x[4]).state(&x[5]);
    let plain = |x: &[Vec<f64>], reverse: bool| {
        let (biases, h) = (Some([&x[3][..], &x[4][..]]), Some(&x[5][..]));
        let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], biases, h, reverse, ..Plain::default() };
        plain.run(Cell::Gru, [3, 2, 5, 4])
    };
    [
        Case::new("gru", inputs(), move |x| Ok(x[0].gru(&x[1], &x[2], options(x))?.0))
            .value(move |x| plain(x, false)[0].clone())
            .refuses(
                move |x| Ok(x[0].gru(&x[1].narrow(0, 0, 11)?, &x[2], options(x))?.0),
                "gru: weight_ih has shape [11, 5], expected [3 H, D]",
            )
            .refuses(move |x| Ok(x[0].gru(&x[1], &x[2], options(x).cell(&x[5]))?.0), "gru: only lstm has a cell")
            .refuses(
                move |x| Ok(x[0].gru(&x[1], &x[2], options(x).projection(&x[5]))?.0),
                "gru: only lstm has a projection",
            ),
        Case::new("gru (reverse, state)", inputs(), move |x| Ok(x[0].gru(&x[1], &x[2], options(x).reverse(true))?.1))
            .value(move |x| plain(x, true)[1].clone()),
        Case::new("gru without bias", inputs().drain(..3).collect(), |x| {
            Ok(x[0].gru(&x[1], &x[2], Recurrence::new())?.0)
        })
        .value(|x| {
            let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], ..Plain::default() };
            plain.run(Cell::Gru, [3, 2, 5, 4])[0].clone()
        }),
    ]
}];
