//! The look at gradients.

use super::run;
use super::table::{Ailment, Diagnosis, ParameterRow};
use crate::layer::Layer;
use autograd_core::module::{Module, Param};
use autograd_core::{Gradients, Result, Tensor};

/// The thresholds of a diagnosis.
///
/// Gradients are measured by the root of the mean square of their elements, which neither the size of a parameter nor a
/// factor of the loss changes against each other, and compared with the median over all parameters that have one which
/// is finite and not zero.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Ailment, Doctor, Linear};
/// let model = Linear::new(2, 1, &mut autograd_core::seeded(7))?;
/// let loss = (&model.weight * 1e-3).sum().try_add(&model.bias.as_deref().expect("there").sum())?;
/// let grads = loss.backward()?;
/// let rows = Doctor::new().vanishing(0.1).exploding(1e6).look(&model, &grads).parameters;
/// assert_eq!((rows[0].ailment, rows[1].ailment), (Some(Ailment::Vanishing), None));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doctor {
    vanishing: f64,
    exploding: f64,
}

impl Default for Doctor {
    fn default() -> Self {
        Doctor { vanishing: 1e-6, exploding: 1e4 }
    }
}

impl Doctor {
    /// The default thresholds.
    pub fn new() -> Doctor {
        Doctor::default()
    }

    /// A gradient vanishes below this many times the median. Default 1e-6: `F32` keeps seven digits, so with one rate
    /// for all, such a parameter stands still where others move.
    #[must_use]
    pub fn vanishing(mut self, vanishing: f64) -> Doctor {
        self.vanishing = vanishing;
        self
    }

    /// A gradient explodes above this many times the median. Default 1e4.
    #[must_use]
    pub fn exploding(mut self, exploding: f64) -> Doctor {
        self.exploding = exploding;
        self
    }

    /// The state of the gradient of every parameter.
    pub fn look(&self, model: &(impl Module + ?Sized), grads: &Gradients) -> Diagnosis {
        let mut parameters: Vec<ParameterRow> =
            model.named_parameters().into_iter().map(|(name, param)| row(name, param, grads.get(param))).collect();
        let sound = |row: &ParameterRow| row.gradient.filter(|size| row.ailment.is_none() && *size > 0.0);
        let mut sizes: Vec<f64> = parameters.iter().filter_map(sound).collect();
        sizes.sort_by(f64::total_cmp);
        let median = sizes.get(sizes.len() / 2).copied().unwrap_or(1.0);
        for row in &mut parameters {
            let Some(size) = sound(row) else { continue };
            let times = size / median;
            if times < self.vanishing || times > self.exploding {
                let small = times < self.vanishing;
                row.ailment = Some(if small { Ailment::Vanishing } else { Ailment::Exploding });
                row.cause = Some(format!("{times:.1e} times the median, {median:.1e}"));
            }
        }
        Diagnosis { parameters, units: Vec::new() }
    }

    /// Runs the model on a batch and its loss backwards, and looks at the gradients, with the layers that run by
    /// [`Layer::call`]: rectifiers whose units are dead, the operation behind which a parameter has no gradient, and
    /// the one that first made a number that is not finite. A rectifier that is a method of a tensor, `h.relu()` inside
    /// a `forward`, is no layer, and its units are not counted. The model stays as it is.
    ///
    /// # Errors
    /// If the model or the loss fails. A loss that is not tracked is no error: no parameter has a gradient then.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{Doctor, Linear, mse_loss};
    /// let model = Linear::new(2, 1, &mut autograd_core::seeded(7))?;
    /// let (x, y) = ([Tensor::from([[1.0, 2.0]])], Tensor::from([[3.0]]));
    /// assert!(Doctor::new().run(&model, &x, |output| mse_loss(output, &y))?.is_healthy());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn run(
        &self,
        model: &(impl Layer + ?Sized),
        inputs: &[Tensor],
        loss: impl Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<Diagnosis> {
        run::run(*self, model, inputs, &loss)
    }
}

/// The state of the gradient of every parameter: which have none, or one that is zero, not finite, or far from those of
/// the others. See [`Doctor`] for the thresholds and [`diagnose_run`] for the causes.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Ailment, Layer, Linear, diagnose, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let model = sequential![Linear::new(2, 3, &mut rng)?, |x: &Tensor| x.detach(), Linear::new(3, 1, &mut rng)?];
/// let grads = model.forward(&Tensor::from([[1.0, 2.0]]))?.sum().backward()?;
/// let diagnosis = diagnose(&model, &grads);
/// let missing: Vec<_> = diagnosis.findings().map(|row| (row.name.as_str(), row.ailment)).collect();
/// assert_eq!(missing, [("0.weight", Some(Ailment::Missing)), ("0.bias", Some(Ailment::Missing))]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn diagnose(model: &(impl Module + ?Sized), grads: &Gradients) -> Diagnosis {
    Doctor::new().look(model, grads)
}

/// Like [`diagnose`], but runs the model on a batch itself, and finds causes; see [`Doctor::run`].
///
/// # Errors
/// As for [`Doctor::run`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Linear, diagnose_run, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let model = sequential![Linear::new(2, 3, &mut rng)?, |x: &Tensor| x.detach(), Linear::new(3, 1, &mut rng)?];
/// let diagnosis = diagnose_run(&model, &[Tensor::from([[1.0, 2.0]])], |y| Ok(y.sum()))?;
/// let cause = diagnosis.findings().next().and_then(|row| row.cause.clone());
/// assert_eq!(cause.as_deref(), Some("detach in 1 (Lambda) cut a value of shape [1, 3] off"));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn diagnose_run(
    model: &(impl Layer + ?Sized),
    inputs: &[Tensor],
    loss: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Diagnosis> {
    Doctor::new().run(model, inputs, loss)
}

fn row(name: String, param: &Param, gradient: Option<&Tensor>) -> ParameterRow {
    let values = gradient.map(Tensor::to_f64s);
    let ailment = match &values {
        _ if !param.is_trainable() => Some(Ailment::Frozen),
        None => Some(Ailment::Missing),
        Some(values) if values.iter().any(|x| !x.is_finite()) => Some(Ailment::NotFinite),
        Some(values) if values.iter().all(|x| *x == 0.0) => Some(Ailment::Zero),
        Some(_) => None,
    };
    let (value, gradient) = (size(&param.to_f64s()), values.map(|values| size(&values)));
    ParameterRow { name, shape: param.shape().into(), value, gradient, ailment, cause: None }
}

/// The root of the mean square; of large numbers, too. It is NaN if one of them is.
fn size(values: &[f64]) -> f64 {
    let larger = |most: f64, x: &f64| if most.is_nan() || x.is_nan() { f64::NAN } else { most.max(x.abs()) };
    let most = values.iter().fold(0.0, larger);
    if most == 0.0 || !most.is_finite() {
        return most;
    }
    most * (values.iter().map(|x| (x / most) * (x / most)).sum::<f64>() / values.len() as f64).sqrt()
}
