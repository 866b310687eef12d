//! The iterations of one step.

use super::vector::{Vector, abs_max, abs_sum, add, dot, place, shift, values};
use super::wolfe::{Point, search};
use super::{Lbfgs, LineSearch};
use crate::driver::{misfit, nothing_to_update};
use crate::optimizer::{Objective, StepReport};
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// PyTorch's line search has a tolerance of its own, whatever `tolerance_change` is.
const SEARCH_TOLERANCE: f64 = 1e-9;

impl Lbfgs {
    /// What is minimised, and its gradient, here.
    fn evaluate(&mut self, objective: &mut dyn Objective) -> Result<(f64, Vector, StepReport)> {
        let (loss, grads) = objective.evaluate()?;
        self.history.evaluations += 1;
        let (mut gradient, mut report) = (Vector::new(), StepReport::default());
        let named = objective.model().named_parameters();
        for (name, param) in named.into_iter().filter(|(_, param)| param.is_trainable()) {
            match grads.get(param) {
                Some(g) if !g.is_like(param) => return Err(misfit("LBFGS", "the gradient of", &name, g, param)),
                Some(g) => {
                    report.updated += 1;
                    gradient.push(if self.maximize { g.detach().neg() } else { g.detach() });
                }
                None => {
                    gradient.push(param.detach().zeros_like());
                    report.missing.push(name);
                }
            }
        }
        if report.updated == 0 {
            return Err(nothing_to_update("LBFGS", objective.model(), &grads));
        }
        Ok((self.turned(loss), gradient, report))
    }

    /// What is no number of a loss and its gradient.
    fn not_finite(&self, loss: f64, gradient: &Vector) -> Result<Option<String>> {
        Ok(match (loss.is_finite(), abs_max(gradient)?.is_finite()) {
            (true, true) => None,
            (true, false) => Some("a gradient has elements that are not finite".into()),
            (false, _) => Some(format!("the loss is {}", self.turned(loss))),
        })
    }

    /// Goes down until one of the limits is reached; the first loss.
    pub(super) fn minimize(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let (first, mut gradient, mut report) = self.evaluate(objective)?;
        self.history.fit(objective.model())?;
        if let Some(what) = self.not_finite(first, &gradient)? {
            return Err(Error::new(ErrorKind::NotFinite, format!("LBFGS: {what} where the step begins")));
        }
        if abs_max(&gradient)? <= self.tolerance_grad {
            report.updated = 0;
            return Ok((self.turned(first), report));
        }
        let mut loss = first;
        let last_evaluation = (self.history.evaluations - 1).saturating_add(self.evaluations() as u64);
        for iteration in 1..=self.max_iter {
            self.history.turn(&gradient, self.history_size)?;
            let shorter = if self.history.iterations == 1 { (1.0 / abs_sum(&gradient)?).min(1.0) } else { 1.0 };
            self.history.t = shorter * self.lr;
            let direction = self.history.direction.clone();
            let slope = dot(&gradient, &direction)?;
            if slope > -self.tolerance_change {
                break;
            }
            let before = loss;
            match self.line_search {
                LineSearch::StrongWolfe => {
                    let start = Point { t: 0.0, loss, gradient, slope };
                    let best = self.search(objective, &start, &direction, last_evaluation)?;
                    (self.history.t, loss, gradient) = (best.t, best.loss, best.gradient);
                }
                LineSearch::Off => {
                    shift(objective.model(), self.history.t, &direction)?;
                    if iteration < self.max_iter {
                        (loss, gradient, _) = self.evaluate(objective)?;
                        if let Some(what) = self.not_finite(loss, &gradient)? {
                            let text = format!("LBFGS: {what} after iteration {iteration} of a step");
                            let remedy = "a smaller lr or a line search may help";
                            return Err(Error::new(ErrorKind::NotFinite, format!("{text}; {remedy}")));
                        }
                    }
                }
            }
            let resting = self.history.t * abs_max(&direction)? <= self.tolerance_change;
            let settled = (loss - before).abs() < self.tolerance_change;
            let arrived = abs_max(&gradient)? <= self.tolerance_grad;
            if self.history.evaluations >= last_evaluation || arrived || resting || settled {
                break;
            }
        }
        Ok((self.turned(first), report))
    }

    /// Moves to the best point that the line search finds along `direction`.
    fn search(
        &mut self,
        objective: &mut dyn Objective,
        start: &Point,
        direction: &[Tensor],
        last_evaluation: u64,
    ) -> Result<Point> {
        let origin = values(objective.model());
        let along = |t: f64| -> Result<Vector> {
            let mut x = origin.clone();
            add(&mut x, t, direction)?;
            Ok(x)
        };
        let (first, size) = (self.history.t, abs_max(direction)?);
        let most = last_evaluation.saturating_sub(self.history.evaluations);
        let best = search(start, first, size, SEARCH_TOLERANCE, most, &mut |t| {
            place(objective.model(), &along(t)?)?;
            let (loss, gradient, _) = self.evaluate(objective)?;
            let slope = dot(&gradient, direction)?;
            Ok(Point { t, loss, gradient, slope })
        })?;
        // Not origin + 0 · direction, which is NaN where that is infinite.
        place(objective.model(), &if best.t == 0.0 { origin.clone() } else { along(best.t)? })?;
        Ok(best)
    }
}
