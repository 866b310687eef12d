//! The report of a range test.

use autograd_core::Result;
#[cfg(feature = "plot")]
use std::path::Path;
use wengert_optim::ExponentialAverage;
#[cfg(feature = "plot")]
use wengert_plot::Lines;

/// What a [`LrFinder`](crate::LrFinder) has seen.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::LrFinder;
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let finder = LrFinder::new().start(1e-4);
/// let report = finder.run(&mut model, Sgd::new(0.1), mse_loss, &set, &mut seeded(7))?;
/// assert!(report.diverged() && report.points().len() < 100);
/// let last = report.points().last().expect("there are some");
/// assert!(report.points().windows(2).all(|pair| pair[0].lr < pair[1].lr));
/// assert!(report.suggestion() < Some(last.lr));
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LrReport {
    points: Vec<LrPoint>,
    diverged: bool,
}

/// One step of a range test.
///
/// # Examples
/// ```
/// use wengert_train::LrPoint;
/// let point = LrPoint { lr: 0.1, loss: 2.0, smoothed: 1.5 };
/// assert!(point.smoothed < point.loss);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LrPoint {
    /// The learning rate of the step.
    pub lr: f64,
    /// The loss of its batch, or the mean of those of its batches, before the step.
    pub loss: f64,
    /// The average of the losses so far, recent ones first.
    pub smoothed: f64,
}

impl LrReport {
    /// All steps, in order.
    pub fn points(&self) -> &[LrPoint] {
        &self.points
    }

    /// Whether the test ended before its last rate because the loss diverged.
    pub fn diverged(&self) -> bool {
        self.diverged
    }

    /// The rate at which the smoothed loss falls most steeply over the logarithm of the rate. None if it never falls.
    ///
    /// The first tenth of the points, which averages of few losses make rough, and the two ends do not count.
    pub fn suggestion(&self) -> Option<f64> {
        self.steepest().map(|point| point.lr)
    }

    fn steepest(&self) -> Option<LrPoint> {
        let first = (self.points.len() / 10).max(1);
        let slope = |i: usize| {
            let (a, b) = (self.points[i - 1], self.points[i + 1]);
            (b.smoothed - a.smoothed) / (b.lr.ln() - a.lr.ln())
        };
        let falls =
            (first..self.points.len().saturating_sub(1)).map(|i| (i, slope(i))).filter(|(_, slope)| *slope < 0.0);
        falls.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| self.points[i])
    }

    /// Draws the smoothed loss over the rate as SVG, with a dot at the suggestion.
    ///
    /// # Errors
    /// If the file is named as another format (`.png`), or cannot be written.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::LrFinder;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// # let report = LrFinder::new().run(&mut model, Sgd::new(0.1), mse_loss, &set, &mut seeded(7))?;
    /// let path = std::env::temp_dir().join(format!("wengert-rates-{}.svg", std::process::id()));
    /// report.plot(&path)?;
    /// assert!(std::fs::read_to_string(&path).is_ok_and(|picture| picture.contains("learning rate")));
    /// # std::fs::remove_file(&path).map_err(wengert_train::Error::user)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[cfg(feature = "plot")]
    pub fn plot(&self, path: impl AsRef<Path>) -> Result<()> {
        self.plot_to(path.as_ref())
    }

    fn plot_to(&self, path: &Path) -> Result<()> {
        let points = self.points.iter().map(|point| (point.lr, point.smoothed)).collect();
        let lines = Lines::new("learning rate", "loss").log_x(true).line("smoothed loss", points);
        let lines = match self.steepest() {
            None => lines,
            Some(point) => lines.mark(format!("suggestion: {:.1e}", point.lr), (point.lr, point.smoothed)),
        };
        lines.write("plot", path)
    }
}

/// The losses of the steps so far.
pub(super) struct Watched {
    points: Vec<LrPoint>,
    divergence: f64,
    smoothed: ExponentialAverage<f64>,
    best: f64,
}

impl Watched {
    pub(super) fn new(smoothing: f64, divergence: f64) -> Watched {
        let smoothed = ExponentialAverage::new(smoothing);
        Watched { points: Vec::new(), divergence, smoothed, best: f64::INFINITY }
    }

    pub(super) fn len(&self) -> u64 {
        self.points.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(super) fn push(&mut self, lr: f64, loss: f64) -> Result<()> {
        self.smoothed.add(loss)?;
        let Some(smoothed) = self.smoothed.value() else { unreachable!("it has a value") };
        self.best = self.best.min(smoothed);
        self.points.push(LrPoint { lr, loss, smoothed });
        Ok(())
    }

    pub(super) fn has_diverged(&self) -> bool {
        let far = (self.divergence - 1.0) * self.best.abs();
        self.points.last().is_some_and(|last| last.smoothed - self.best > far)
    }

    /// `ended`: not by a loss that is no number, which is not among these.
    pub(super) fn report(self, ended: bool) -> LrReport {
        let diverged = !ended || self.has_diverged();
        LrReport { points: self.points, diverged }
    }
}
