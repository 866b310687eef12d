//! A metric that a callback watches, and the best epoch by it.

use super::{Plan, Run};
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{Error, ErrorKind, Result, Tensor};
use wengert_optim::Better;

/// A metric that decides which epoch is the best.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) name: String,
    /// As it was set; else the metric decides.
    pub(crate) mode: Option<Better>,
    /// The direction in this run: that of `mode`, or of the metric.
    pub(crate) better: Option<Better>,
}

/// The best epoch so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Best {
    /// Counted from 1; 0 before there is one.
    pub(crate) epoch: u64,
    pub(crate) value: f64,
    /// The number of epochs since, of those in which the metric was measured.
    pub(crate) wait: u64,
    /// The number of epochs before the first that could count, as a callback that is new in a resumed run has them.
    pub(crate) since: u64,
    pub(crate) weights: StateDict,
}

impl Monitor {
    pub(crate) fn new(name: impl Into<String>) -> Monitor {
        Monitor { name: name.into(), mode: None, better: None }
    }

    /// Whether the run measures it; then its direction is known.
    pub(crate) fn check(&mut self, plan: &Plan) -> Result<()> {
        let of_metric = plan.metric(&self.name)?.better();
        self.better = self.mode.or(Some(of_metric));
        Ok(())
    }

    /// Its value in the epoch that has ended; none if it was not measured, as in an epoch without validation.
    pub(crate) fn value(&self, run: &Run<'_>) -> Option<f64> {
        run.last().and_then(|epoch| epoch.get(&self.name))
    }

    /// Whether a value is better than another by more than `by`. A NaN never is.
    pub(crate) fn is_better(&self, value: f64, than: f64, by: f64) -> bool {
        match self.better {
            Some(Better::Higher) => value > than + by,
            _ => value < than - by,
        }
    }

    /// Whether an epoch with this value is better than the best so far, or the first.
    pub(crate) fn improves(&self, best: &Best, value: f64, by: f64) -> bool {
        if best.epoch == 0 { !value.is_nan() } else { self.is_better(value, best.value, by) }
    }

    /// The best epoch, with what gives its value a meaning.
    pub(crate) fn state_of(&self, best: &Best) -> StateDict {
        let mut state = StateDict::new();
        state.insert("monitor", letters(&self.name));
        state.insert("higher_is_better", Tensor::scalar(self.better == Some(Better::Higher)));
        state.insert("epoch", Tensor::scalar(best.epoch as i64));
        state.insert("value", Tensor::scalar(best.value));
        state.insert("wait", Tensor::scalar(best.wait as i64));
        if best.since > 0 {
            state.insert("since", Tensor::scalar(best.since as i64));
        }
        best.weights.iter().for_each(|(name, value)| state.insert(format!("weights.{name}"), value.clone()));
        state
    }

    /// The best epoch of a state, whatever its direction is; none if it is no such state, or that of another metric.
    pub(crate) fn kept_by(metric: &str, state: &StateDict) -> Option<Best> {
        let higher = state.get("higher_is_better")?.item::<bool>().ok()?;
        let better = Some(if higher { Better::Higher } else { Better::Lower });
        Monitor { better, ..Monitor::new(metric) }.load(state).ok()
    }

    /// The best epoch of a state.
    ///
    /// # Errors
    /// If it is no such state, or that of another metric or direction.
    pub(crate) fn load(&self, state: &StateDict) -> Result<Best> {
        let mut best = Best::default();
        let mut problems = Vec::new();
        for name in ["monitor", "higher_is_better", "epoch", "value", "wait"] {
            if state.get(name).is_none() {
                problems.push(StateProblem::Missing(name.into()));
            }
        }
        for (name, value) in state.iter() {
            match name {
                "monitor" => same_monitor(&self.name, value)?,
                "higher_is_better" => {
                    let saved = if value.item::<bool>()? { Better::Higher } else { Better::Lower };
                    let own = self.better.unwrap_or(Better::Lower);
                    if saved != own {
                        let text = format!("mode is {own:?}, the state is that of {saved:?}");
                        return Err(Error::new(ErrorKind::State, text));
                    }
                }
                // Negative counts were never written; the checksum of the file vouches for it.
                "epoch" => best.epoch = value.item::<i64>()?.unsigned_abs(),
                "wait" => best.wait = value.item::<i64>()?.unsigned_abs(),
                "since" => best.since = value.item::<i64>()?.unsigned_abs(),
                "value" => best.value = value.item::<f64>()?,
                _ => match name.strip_prefix("weights.") {
                    Some(name) => best.weights.insert(name, value.clone()),
                    None => problems.push(StateProblem::Unexpected(name.into())),
                },
            }
        }
        if problems.is_empty() { Ok(best) } else { Err(StateMismatch { problems }.into()) }
    }
}

/// A text as a tensor of its bytes.
pub(crate) fn letters(text: &str) -> Tensor {
    let bytes: Vec<i64> = text.bytes().map(i64::from).collect();
    let count = bytes.len();
    Tensor::from_vec(bytes, &[count]).unwrap_or_else(|_| unreachable!("as many as there are"))
}

/// An error if what [`letters`] has made of the name of a metric is that of another one.
pub(crate) fn same_monitor(name: &str, saved: &Tensor) -> Result<()> {
    let saved = saved.to_vec::<i64>()?;
    if saved == letters(name).to_vec::<i64>()? {
        return Ok(());
    }
    let saved: Vec<u8> = saved.into_iter().map(|byte| byte as u8).collect();
    let saved = String::from_utf8_lossy(&saved);
    Err(Error::new(ErrorKind::State, format!("monitor is {name:?}, the state is that of {saved:?}")))
}
