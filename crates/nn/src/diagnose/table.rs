//! The doctor's findings, as data and as text.

use autograd_core::Shape;
use std::fmt;

/// The state of a parameter's gradient.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Ailment, Linear, diagnose};
/// let model = Linear::new(2, 1, &mut autograd_core::seeded(7))?;
/// let grads = (&model.weight * 2.0).sum().backward()?;
/// let rows = diagnose(&model, &grads).parameters;
/// assert_eq!((rows[0].ailment, rows[1].ailment), (None, Some(Ailment::Missing)));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ailment {
    /// The parameter is frozen; it is trained by no one.
    Frozen,
    /// It is trainable, and has no gradient: the loss was not computed from it.
    Missing,
    /// All elements of its gradient are 0.
    Zero,
    /// Its gradient has NaN or infinities.
    NotFinite,
    /// Its gradient is far smaller than those of the other parameters.
    Vanishing,
    /// Its gradient is far larger than those of the other parameters.
    Exploding,
}

impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Ailment::Frozen => "frozen",
            Ailment::Missing => "no gradient",
            Ailment::Zero => "zero",
            Ailment::NotFinite => "not finite",
            Ailment::Vanishing => "vanishing",
            Ailment::Exploding => "exploding",
        })
    }
}

/// What is known of a parameter.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Linear, ParameterRow, diagnose};
/// let model = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?;
/// let grads = (&model.weight * 2.0).sum().backward()?;
/// let ParameterRow { name, value, gradient, .. } = &diagnose(&model, &grads).parameters[0];
/// assert_eq!((name.as_str(), *gradient), ("weight", Some(2.0)));
/// assert!((value - 12.5f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterRow {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// The root of the mean square of its elements.
    pub value: f64,
    /// The same of its gradient; none if there is none.
    pub gradient: Option<f64>,
    /// What is wrong with the gradient, if anything.
    pub ailment: Option<Ailment>,
    /// Why, as far as it is known.
    pub cause: Option<String>,
}

/// The units of a rectifier. They are the last dim of its output behind a `Linear`, `Bilinear`, `EinsumDense`,
/// `Embedding`, a recurrent layer, or a `LayerNorm` or `RMSNorm` with a factor for each element of the last dim; behind
/// anything else, as a convolution or a batch norm, they are the channels, dim 1. Layers in between that leave the size
/// of the last dim as it is, such as a dropout, leave the units where they are, and so does a layer that is made of
/// others. Of a whole sequence from a `ConvLSTM` dim 1 is time.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{ReLU, UnitsRow, diagnose_run, sequential};
/// let x = [Tensor::from([[1.0, -1.0, 0.0]])];
/// let UnitsRow { units, dead, .. } = &diagnose_run(&sequential![ReLU], &x, |y| Ok(y.sum()))?.units[0];
/// assert_eq!((*units, dead.as_slice()), (3, &[1, 2][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitsRow {
    /// The place of the layer.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// How many units it has.
    pub units: usize,
    /// Those that are 0 for the whole batch: nothing is learned through them.
    pub dead: Vec<usize>,
}

/// The findings of the doctor; its `Display` is a table.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Diagnosis, Linear, ReLU, diagnose_run, mse_loss, sequential};
/// let first = Linear::from_tensors(Tensor::from([[1.0], [1.0]]), Some(Tensor::from([0.0, -9.0])))?;
/// let last = Linear::from_tensors(Tensor::from([[1.0, 1.0]]), None)?;
/// let model = sequential![first, ReLU, last];
/// let x = [Tensor::from([[1.0], [2.0]])];
/// let target = Tensor::from([[2.0], [2.0]]);
/// let diagnosis: Diagnosis = diagnose_run(&model, &x, |y| mse_loss(y, &target))?;
/// assert_eq!((diagnosis.units[0].units, diagnosis.units[0].dead.as_slice()), (2, &[1][..]));
/// assert_eq!(diagnosis.to_string(), "\
/// parameter shape  value      gradient   finding
/// ──────────────────────────────────────────────
/// 0.weight  [2, 1] 1.00e0     7.07e-1
/// 0.bias    [2]    6.36e0     7.07e-1
/// 2.weight  [1, 2] 1.00e0     7.07e-1
/// 1 (ReLU): 1 of 2 units are 0 for the whole batch: 1");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// All parameters, in the order of the model.
    pub parameters: Vec<ParameterRow>,
    /// The rectifiers that ran, in the order in which they did; none if only gradients were looked at.
    pub units: Vec<UnitsRow>,
}

impl Diagnosis {
    /// Whether every parameter has a gradient that is as it should be, and no rectifier has lost all its units. Frozen
    /// parameters are as they should be, and so are some dead units.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Gradients;
    /// # use wengert_nn::{Linear, diagnose};
    /// let model = Linear::new(2, 1, &mut autograd_core::seeded(7))?;
    /// assert!(!diagnose(&model, &Gradients::default()).is_healthy());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn is_healthy(&self) -> bool {
        let sound = |row: &ParameterRow| matches!(row.ailment, None | Some(Ailment::Frozen));
        self.parameters.iter().all(sound) && self.units.iter().all(|row| row.dead.len() < row.units.max(1))
    }

    /// The parameters with a finding.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Gradients;
    /// # use wengert_nn::{Linear, diagnose};
    /// let model = Linear::new(2, 1, &mut autograd_core::seeded(7))?;
    /// assert_eq!(diagnose(&model, &Gradients::default()).findings().count(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn findings(&self) -> impl Iterator<Item = &ParameterRow> {
        self.parameters.iter().filter(|row| row.ailment.is_some())
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |x: f64| format!("{x:.2e}");
        let mut lines = vec![["parameter", "shape", "value", "gradient", "finding"].map(String::from)];
        lines.extend(self.parameters.iter().map(|row| {
            let finding = match (&row.ailment, &row.cause) {
                (Some(ailment), Some(cause)) => format!("{ailment}: {cause}"),
                (Some(ailment), None) => ailment.to_string(),
                (None, _) => String::new(),
            };
            let gradient = row.gradient.map_or("none".into(), number);
            [row.name.clone(), row.shape.to_string(), number(row.value), gradient, finding]
        }));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let [w0, w1, w2, w3, w4] = [width(0), width(1), width(2).max(10), width(3).max(10), width(4)];
        for (at, [name, shape, value, gradient, finding]) in lines.iter().enumerate() {
            let line = format!("{name:<w0$} {shape:<w1$} {value:<w2$} {gradient:<w3$} {finding}");
            write!(f, "{}{}", if at == 0 { "" } else { "\n" }, line.trim_end())?;
            if at == 0 {
                write!(f, "\n{}", "─".repeat(w0 + w1 + w2 + w3 + w4 + 4))?;
            }
        }
        for UnitsRow { name, kind, units, dead } in self.units.iter().filter(|row| !row.dead.is_empty()) {
            let shown: Vec<String> = dead.iter().take(10).map(usize::to_string).collect();
            let more = if dead.len() > shown.len() { ", .." } else { "" };
            let title = if name.is_empty() { kind.clone() } else { format!("{name} ({kind})") };
            let count = dead.len();
            write!(f, "\n{title}: {count} of {units} units are 0 for the whole batch: {}{more}", shown.join(", "))?;
        }
        Ok(())
    }
}
