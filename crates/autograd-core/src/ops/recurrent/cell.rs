//! Single steps of recurrent layers.

use super::options::Recurrence;
use super::sequence::{Ends, run};
use crate::error::{Error, Result};
use crate::kernels::recurrent::Cell;
use crate::ops::check::Check;
use crate::tensor::Tensor;

/// A sequence of one step, of samples or of a single one.
fn step(
    op: &'static str,
    cell: Cell,
    x: &Tensor,
    [h, c]: [Option<&Tensor>; 2],
    weights: [&Tensor; 2],
    bias: Option<[&Tensor; 2]>,
) -> Result<Ends> {
    if !(1..=2).contains(&x.rank()) {
        return Err(Error::shape(op, "the input", x.shape(), "[N, D] or [D]"));
    }
    let single = x.rank() == 1;
    for (what, given) in [("the state", h), ("the cell", c)] {
        if let Some(given) = given.filter(|given| given.rank() != x.rank()) {
            let expected = if single { "[H], as the input has one dim" } else { "[N, H], as the input has two" };
            return Err(Error::shape(op, what, given.shape(), expected));
        }
        // By the shape that the caller has; a weight without such a dim is refused below.
        if let (true, Some(given), [_, hidden]) = (single, given, weights[1].shape()) {
            Check(op).is(what, given, &[*hidden])?;
        }
    }
    let rows = |x: &Tensor| if single { x.unsqueeze(0) } else { Ok(x.clone()) };
    let mut options = Recurrence::new();
    if let Some([b_ih, b_hh]) = bias {
        options = options.bias(b_ih, b_hh);
    }
    if let Some(h) = h {
        options = options.state(&rows(h)?);
    }
    if let Some(c) = c {
        options = options.cell(&rows(c)?);
    }
    let mut ends = run(op, cell, &rows(x)?.unsqueeze(0)?, weights, &options)?;
    if single {
        (ends.h, ends.c) = (ends.h.squeeze(&[0])?, ends.c.squeeze(&[0])?);
    }
    Ok(ends)
}

impl Tensor {
    /// One step of [`Tensor::rnn_tanh`]: `tanh(W_ih x + b_ih + W_hh h + b_hh)`, with the state `h` before it, and the
    /// biases `[b_ih, b_hh]`.
    ///
    /// # Shapes
    /// `x: [N, D]`, `h: [N, H]` → `[N, H]`, or each without N.
    ///
    /// # Errors
    /// If shapes do not fit, or dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let w = Tensor::from([[1.0]]);
    /// let h = Tensor::from([0.5]).rnn_tanh_cell(&Tensor::from([-0.5]), &w, &w, None)?;
    /// assert_eq!(h.to_vec::<f32>()?, [0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rnn_tanh_cell(
        &self,
        h: &Tensor,
        weight_ih: &Tensor,
        weight_hh: &Tensor,
        bias: Option<[&Tensor; 2]>,
    ) -> Result<Tensor> {
        Ok(step("rnn_tanh_cell", Cell::Tanh, self, [Some(h), None], [weight_ih, weight_hh], bias)?.h)
    }

    /// One step of [`Tensor::rnn_relu`]; like [`Tensor::rnn_tanh_cell`] in all else.
    ///
    /// # Errors
    /// As for `rnn_tanh_cell`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (w, b) = (Tensor::from([[1.0]]), Tensor::from([0.5]));
    /// let h = Tensor::from([2.0]).rnn_relu_cell(&Tensor::from([1.0]), &w, &w, Some([&b, &b]))?;
    /// assert_eq!(h.to_vec::<f32>()?, [4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rnn_relu_cell(
        &self,
        h: &Tensor,
        weight_ih: &Tensor,
        weight_hh: &Tensor,
        bias: Option<[&Tensor; 2]>,
    ) -> Result<Tensor> {
        Ok(step("rnn_relu_cell", Cell::Relu, self, [Some(h), None], [weight_ih, weight_hh], bias)?.h)
    }

    /// One step of [`Tensor::gru`], with the state `h` before it, and the biases `[b_ih, b_hh]`.
    ///
    /// # Shapes
    /// `x: [N, D]`, `h: [N, H]` → `[N, H]`, or each without N.
    ///
    /// # Errors
    /// If shapes do not fit, or dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let w = Tensor::zeros(&[3, 1], DType::F32)?;
    /// let h = Tensor::from([1.0]).gru_cell(&Tensor::from([8.0]), &w, &w, None)?;
    /// assert_eq!(h.to_vec::<f32>()?, [4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gru_cell(
        &self,
        h: &Tensor,
        weight_ih: &Tensor,
        weight_hh: &Tensor,
        bias: Option<[&Tensor; 2]>,
    ) -> Result<Tensor> {
        Ok(step("gru_cell", Cell::Gru, self, [Some(h), None], [weight_ih, weight_hh], bias)?.h)
    }

    /// One step of [`Tensor::lstm`], with the state `h` and the cell `c` before it, and the biases `[b_ih, b_hh]`: the
    /// state and the cell after it.
    ///
    /// # Shapes
    /// `x: [N, D]`, `h: [N, H]`, `c: [N, H]` → `[N, H]`, `[N, H]`, or each without N.
    ///
    /// # Errors
    /// If shapes do not fit, or dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let w = Tensor::zeros(&[4, 1], DType::F32)?;
    /// let (h, c) = Tensor::from([1.0]).lstm_cell((&Tensor::from([0.0]), &Tensor::from([6.0])), &w, &w, None)?;
    /// assert_eq!((c.to_vec::<f32>()?, h.to_vec::<f32>()?), (vec![3.0], vec![0.5 * 3f32.tanh()]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lstm_cell(
        &self,
        (h, c): (&Tensor, &Tensor),
        weight_ih: &Tensor,
        weight_hh: &Tensor,
        bias: Option<[&Tensor; 2]>,
    ) -> Result<(Tensor, Tensor)> {
        let ends = step("lstm_cell", Cell::Lstm, self, [Some(h), Some(c)], [weight_ih, weight_hh], bias)?;
        Ok((ends.h, ends.c))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::tests::Plain;
    let real = |shape: &[usize]| Input::real(shape, -1.0..1.0);
    let sizes = |gates: usize| vec![real(&[2, 5]), real(&[2, 4]), real(&[gates, 5]), real(&[gates, 4])];
    let inputs = move |gates: usize| [sizes(gates), vec![real(&[gates]), real(&[gates])]].concat();
    let plain = |cell: Cell| {
        move |x: &[Vec<f64>]| {
            let (biases, h) = (Some([&x[4][..], &x[5][..]]), Some(&x[1][..]));
            let c = x.get(6).map(|c| &c[..]);
            Plain { x: &x[0], w_ih: &x[2], w_hh: &x[3], biases, h, c, ..Plain::default() }.run(cell, [1, 2, 5, 4])
        }
    };
    let (tanh, relu, gru, lstm) = (plain(Cell::Tanh), plain(Cell::Relu), plain(Cell::Gru), plain(Cell::Lstm));
    let with_cell = || [inputs(16), vec![real(&[2, 4])]].concat();
    let of_lstm = |x: &[Tensor]| x[0].lstm_cell((&x[1], &x[6]), &x[2], &x[3], Some([&x[4], &x[5]]));
    [
        Case::new("rnn_tanh_cell", inputs(4), |x| x[0].rnn_tanh_cell(&x[1], &x[2], &x[3], Some([&x[4], &x[5]])))
            .value(move |x| tanh(x)[1].clone())
            .refuses(
                |x| x[0].rnn_tanh_cell(&x[0], &x[2], &x[3], None),
                "rnn_tanh_cell: the state has shape [2, 5], expected [2, 4]",
            ),
        Case::new("rnn_relu_cell", inputs(4), |x| x[0].rnn_relu_cell(&x[1], &x[2], &x[3], Some([&x[4], &x[5]])))
            .value(move |x| relu(x)[1].clone())
            .refuses(
                |x| x[0].rnn_relu_cell(&x[1], &x[3], &x[3], None),
                "rnn_relu_cell: weight_ih has shape [4, 4], expected [4, 5]",
            ),
        Case::new("gru_cell", inputs(12), |x| x[0].gru_cell(&x[1], &x[2], &x[3], Some([&x[4], &x[5]])))
            .value(move |x| gru(x)[1].clone())
            .refuses(
                |x| x[0].gru_cell(&x[1], &x[2], &x[3], Some([&x[1], &x[5]])),
                "gru_cell: bias_ih has shape [2, 4], expected [12]",
            )
            .refuses(
                |x| x[0].unsqueeze(0)?.gru_cell(&x[1], &x[2], &x[3], None),
                "gru_cell: the input has shape [1, 2, 5], expected [N, D] or [D]",
            )
            .refuses(
                |x| x[0].select(0, 0)?.gru_cell(&x[1], &x[2], &x[3], None),
                "gru_cell: the state has shape [2, 4], expected [H], as the input has one dim",
            )
            .refuses(
                |x| x[0].select(0, 0)?.gru_cell(&x[0].select(0, 0)?, &x[2], &x[3], None),
                "gru_cell: the state has shape [5], expected [4]",
            ),
        Case::new("lstm_cell", with_cell(), move |x| Ok(of_lstm(x)?.0)).value(move |x| lstm(x)[1].clone()).refuses(
            |x| Ok(x[0].lstm_cell((&x[1], &x[0]), &x[2], &x[3], None)?.0),
            "lstm_cell: the cell has shape [2, 5], expected [2, 4]",
        ),
        Case::new("lstm_cell (cell)", with_cell(), move |x| Ok(of_lstm(x)?.1)).value(move |x| lstm(x)[2].clone()),
        Case::new("gru_cell of one sample", vec![real(&[5]), real(&[4]), real(&[12, 5]), real(&[12, 4])], |x| {
            x[0].gru_cell(&x[1], &x[2], &x[3], None)
        })
        .value(|x| {
            let h = Some(&x[1][..]);
            let plain = Plain { x: &x[0], w_ih: &x[2], w_hh: &x[3], h, ..Plain::default() };
            plain.run(Cell::Gru, [1, 1, 5, 4])[1].clone()
        }),
    ]
}];
