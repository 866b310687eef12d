//! The options of a recurrence.

use crate::tensor::Tensor;

/// The options of [`Tensor::lstm`], [`Tensor::gru`], [`Tensor::rnn_tanh`] and [`Tensor::rnn_relu`]: biases, the state
/// to begin with, a projection, lengths of samples, the direction.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Recurrence, Tensor};
/// let x = Tensor::ones(&[3, 1, 1], DType::F32)?;
/// let (w, b) = (Tensor::from([[1.0]]), Tensor::from([0.0]));
/// let options = Recurrence::new().bias(&b, &b).state(&Tensor::from([[10.0]])).reverse(true);
/// let (y, h) = x.rnn_relu(&w, &w, options)?;
/// assert_eq!((y.to_vec::<f32>()?, h.to_vec::<f32>()?), (vec![13.0, 12.0, 11.0], vec![13.0]));
///
/// let two = Tensor::ones(&[3, 2, 1], DType::F32)?;
/// let (y, h) = two.rnn_relu(&w, &w, Recurrence::new().lengths(&Tensor::from([3, 1])))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.0, 2.0, 0.0, 3.0, 0.0]);
/// assert_eq!(h.to_vec::<f32>()?, [3.0, 1.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recurrence {
    pub(super) biases: Option<[Tensor; 2]>,
    pub(super) state: Option<Tensor>,
    pub(super) cell: Option<Tensor>,
    pub(super) projection: Option<Tensor>,
    pub(super) lengths: Option<Tensor>,
    pub(super) reverse: bool,
}

impl Recurrence {
    /// No biases, states of 0, the whole sequence forward.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Recurrence, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0]], [[2.0]]]), Tensor::from([[1.0]]));
    /// assert_eq!(x.rnn_relu(&w, &w, Recurrence::new())?.1.item::<f32>()?, 3.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new() -> Recurrence {
        Recurrence::default()
    }

    /// The biases `b_ih` of the input's and `b_hh` of the state's part of the gates, each with an element for each row
    /// of the weights. Default: none.
    #[must_use]
    pub fn bias(mut self, b_ih: &Tensor, b_hh: &Tensor) -> Recurrence {
        self.biases = Some([b_ih.clone(), b_hh.clone()]);
        self
    }

    /// The state `h₀: [N, P]` to begin with. Default: 0.
    #[must_use]
    pub fn state(mut self, h: &Tensor) -> Recurrence {
        self.state = Some(h.clone());
        self
    }

    /// The cell `c₀: [N, H]` to begin with, for `lstm` only. Default: 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Recurrence, Tensor};
    /// let (x, w) = (Tensor::from([[[0.0]]]), Tensor::zeros(&[4, 1], DType::F32)?);
    /// let (_, _, c) = x.lstm(&w, &w, Recurrence::new().cell(&Tensor::from([[6.0]])))?;
    /// assert_eq!(c.item::<f32>()?, 3.0); // σ(0) 6
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn cell(mut self, c: &Tensor) -> Recurrence {
        self.cell = Some(c.clone());
        self
    }

    /// The matrix `W_hr: [P, H]` that outputs are multiplied with, for `lstm` only. Default: none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Recurrence, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0]]]), Tensor::ones(&[8, 1], DType::F32)?);
    /// let (y, _, c) = x.lstm(&w, &w, Recurrence::new().projection(&Tensor::from([[1.0, 1.0]])))?;
    /// assert_eq!((y.shape(), c.shape()), (&[1, 1, 1][..], &[1, 2][..]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn projection(mut self, w_hr: &Tensor) -> Recurrence {
        self.projection = Some(w_hr.clone());
        self
    }

    /// The number of steps of each sample, `[N]` of `I64`. Its outputs behind them are 0, its last state is that at its
    /// own end, and in reverse it begins there. Default: all steps.
    #[must_use]
    pub fn lengths(mut self, lengths: &Tensor) -> Recurrence {
        self.lengths = Some(lengths.clone());
        self
    }

    /// Whether it goes from the last step to the first. Default false.
    #[must_use]
    pub fn reverse(mut self, reverse: bool) -> Recurrence {
        self.reverse = reverse;
        self
    }
}
