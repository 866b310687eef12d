//! The options of convolutions.

use crate::init::{Initializer, Starts};
use autograd_core::{PadMode, Padding, PerDim};
use std::fmt;
use std::sync::Arc;

/// The options of [`Conv1d`](crate::Conv1d), [`Conv2d`](crate::Conv2d) and [`Conv3d`](crate::Conv3d).
///
/// # Examples
/// ```
/// use autograd_core::{DType, PadMode, Tensor};
/// use wengert_nn::{Conv1d, ConvOptions, Layer};
/// let options = ConvOptions::new().stride(2).padding(1).dilation(1).groups(2).bias(false);
/// let conv = Conv1d::with(2, 4, 3, options.padding_mode(PadMode::Circular), &mut autograd_core::seeded(7))?;
/// assert_eq!((conv.weight.shape(), conv.bias.is_none()), (&[4, 1, 3][..], true));
/// assert_eq!(conv.forward(&Tensor::ones(&[1, 2, 8], DType::F32)?)?.shape(), [1, 4, 4]);
///
/// use wengert_nn::init;
/// let options = ConvOptions::new().weight(init::kaiming_normal()).bias_init(init::zeros());
/// let conv = Conv1d::with(2, 4, 3, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(conv.bias.expect("a bias").to_vec::<f32>()?, [0.0; 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct ConvOptions {
    pub(super) stride: PerDim,
    pub(super) padding: Padding,
    pub(super) dilation: PerDim,
    pub(super) groups: usize,
    pub(super) bias: bool,
    pub(super) padding_mode: Option<PadMode>,
    /// A layer that is made keeps none.
    pub(super) starts: Starts,
}

/// A layer is described by this text: initialisers, which it does not keep, are in it only if there are some.
impl fmt::Debug for ConvOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConvOptions { stride, padding, dilation, groups, bias, padding_mode, starts } = self;
        let mut all = f.debug_struct("ConvOptions");
        all.field("stride", stride).field("padding", padding).field("dilation", dilation).field("groups", groups);
        all.field("bias", bias).field("padding_mode", padding_mode);
        starts.show(&mut all);
        all.finish()
    }
}

impl Default for ConvOptions {
    fn default() -> Self {
        let (stride, dilation, padding) = (PerDim::from(1), PerDim::from(1), Padding::Valid);
        let starts = Starts::default();
        ConvOptions { stride, padding, dilation, groups: 1, bias: true, padding_mode: None, starts }
    }
}

impl ConvOptions {
    /// The defaults.
    pub fn new() -> ConvOptions {
        ConvOptions::default()
    }

    /// The distance between neighbouring outputs, at least 1. Default 1.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> ConvOptions {
        self.stride = stride.into();
        self
    }

    /// The margins of the input: one number for all sides, one for each dim, a pair for each dim (before and behind
    /// it), or [`Padding::Same`], which gives the output the size of the input and needs a stride of 1. Default
    /// [`Padding::Valid`]: none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Padding, Tensor};
    /// # use wengert_nn::{Conv2d, ConvOptions, Layer};
    /// let shape = |padding: Padding| {
    ///     let options = ConvOptions::new().padding(padding);
    ///     let conv = Conv2d::with(1, 1, 3, options, &mut autograd_core::seeded(7))?;
    ///     Ok::<_, wengert_nn::Error>(conv.forward(&Tensor::ones(&[1, 1, 5, 5], DType::F32)?)?.shape().to_vec())
    /// };
    /// assert_eq!((shape([1, 0].into())?, shape(Padding::Same)?), (vec![1, 1, 5, 3], vec![1, 1, 5, 5]));
    /// assert_eq!(shape([[2, 0], [0, 1]].into())?, [1, 1, 5, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> ConvOptions {
        self.padding = padding.into();
        self
    }

    /// The distance between the taps of a kernel, at least 1. Default 1.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerDim>) -> ConvOptions {
        self.dilation = dilation.into();
        self
    }

    /// The number of groups of channels that do not see each other, at least 1. Default 1.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> ConvOptions {
        self.groups = groups;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> ConvOptions {
        self.bias = bias;
        self
    }

    /// What stands in the margins, which [`ConvOptions::padding`] names. Default: zeros.
    #[must_use]
    pub fn padding_mode(mut self, padding_mode: PadMode) -> ConvOptions {
        self.padding_mode = Some(padding_mode);
        self
    }

    /// The values the weight starts from. Default: uniform in `±1/√(C/groups · taps)`.
    #[must_use]
    pub fn weight(mut self, start: impl Initializer + 'static) -> ConvOptions {
        self.starts.weight = Some(Arc::new(start));
        self
    }

    /// The values the bias starts from. Default: uniform in `±1/√(C/groups · taps)`.
    #[must_use]
    pub fn bias_init(mut self, start: impl Initializer + 'static) -> ConvOptions {
        self.starts.bias = Some(Arc::new(start));
        self
    }
}
