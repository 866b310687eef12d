//! The recurrent layer without gates.

use super::options::Recurrence;
use super::sequence::run;
use crate::error::Result;
use crate::kernels::recurrent::Cell;
use crate::tensor::Tensor;

/// # Recurrent layers
impl Tensor {
    /// A recurrent layer over a sequence, in one direction: the outputs of all steps, and the last state. In each step
    /// `h ← tanh(W_ih x[t] + b_ih + W_hh h + b_hh)`, `y[t] = h`.
    ///
    /// # Shapes
    /// `x: [L, N, D]`, `weight_ih: [H, D]`, `weight_hh: [H, H]` → `y: [L, N, H]`, `h: [N, H]`.
    ///
    /// # Gradient
    /// Like that of [`Tensor::lstm`]. Saves the operands and all states.
    ///
    /// # Errors
    /// If shapes do not fit, dtypes differ, a length is not from 0 to L, or the options have a cell or a projection.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Recurrence, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0]], [[0.0]]]), Tensor::from([[1.0]]));
    /// let (y, h) = x.rnn_tanh(&w, &w, Recurrence::new())?;
    /// let want = [1f32.tanh(), 1f32.tanh().tanh()];
    /// assert!(y.to_vec::<f32>()?.iter().zip(want).all(|(y, want)| (y - want).abs() < 1e-6));
    /// assert_eq!(h.shape(), [1, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Elman, Finding structure in time, 1990.
    pub fn rnn_tanh(&self, weight_ih: &Tensor, weight_hh: &Tensor, options: Recurrence) -> Result<(Tensor, Tensor)> {
        let ends = run("rnn_tanh", Cell::Tanh, self, [weight_ih, weight_hh], &options)?;
        Ok((ends.y, ends.h))
    }

    /// Like [`Tensor::rnn_tanh`], but `h ← relu(..)`; the slope at 0 is 0.
    ///
    /// # Errors
    /// As for `rnn_tanh`.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Recurrence, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0]], [[2.0]], [[-9.0]]]), Tensor::from([[1.0]]));
    /// let (y, h) = x.rnn_relu(&w, &w, Recurrence::new())?;
    /// assert_eq!((y.to_vec::<f32>()?, h.to_vec::<f32>()?), (vec![1.0, 3.0, 0.0], vec![0.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rnn_relu(&self, weight_ih: &Tensor, weight_hh: &Tensor, options: Recurrence) -> Result<(Tensor, Tensor)> {
        let ends = run("rnn_relu", Cell::Relu, self, [weight_ih, weight_hh], &options)?;
        Ok((ends.y, ends.h))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::tests::Plain;
    let real = |shape: &[usize]| Input::real(shape, -1.0..1.0);
    let inputs = || vec![real(&[3, 2, 5]), real(&[4, 5]), real(&[4, 4]), real(&[4]), real(&[4]), real(&[2, 4])];
    let options = |x: &[Tensor]| Recurrence::new().bias(&x[3], &x[4]).state(&x[5]);
    let plain = |cell: Cell| {
        move |x: &[Vec<f64>]| {
            let (biases, h) = (Some([&x[3][..], &x[4][..]]), Some(&x[5][..]));
            let plain = Plain { x: &x[0], w_ih: &x[1], w_hh: &x[2], biases, h, ..Plain::default() };
            plain.run(cell, [3, 2, 5, 4])
        }
    };
    let (tanh, relu) = (plain(Cell::Tanh), plain(Cell::Relu));
    [
        Case::new("rnn_tanh", inputs(), move |x| Ok(x[0].rnn_tanh(&x[1], &x[2], options(x))?.0))
            .value(move |x| tanh(x)[0].clone())
            .refuses(
                move |x| Ok(x[0].rnn_tanh(&x[3], &x[2], options(x))?.0),
                "rnn_tanh: weight_ih has shape [4], expected [H, D]",
            ),
        Case::new("rnn_tanh (state)", inputs(), move |x| Ok(x[0].rnn_tanh(&x[1], &x[2], options(x))?.1))
            .value(move |x| tanh(x)[1].clone()),
        Case::new("rnn_relu", inputs(), move |x| Ok(x[0].rnn_relu(&x[1], &x[2], options(x))?.0))
            .value(move |x| relu(x)[0].clone())
            .refuses(
                move |x| Ok(x[0].rnn_relu(&x[1], &x[1], options(x))?.0),
                "rnn_relu: weight_hh has shape [4, 5], expected [4, 4]",
            ),
    ]
}];
