//! A bar and a line for each epoch on the terminal.

use super::Callback;
use crate::history::EpochRecord;
use crate::history::short::short;
use crate::run::Run;
use autograd_core::Result;
use indicatif::{ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

/// Shows a bar over the batches of an epoch on the terminal, and a line with its metrics after each epoch.
///
/// Everything goes to the standard error output. If that is not a terminal, there are only the lines and no bar.
///
/// # Examples
/// ```
/// use wengert_nn::mse_loss;
/// use wengert_optim::Sgd;
/// use wengert_train::{ProgressBar, Trainer};
///
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).callback(ProgressBar::new());
/// ```
#[derive(Debug)]
pub struct ProgressBar {
    bar: Option<indicatif::ProgressBar>,
    begun: Instant,
}

impl ProgressBar {
    /// A bar on the standard error output.
    pub fn new() -> ProgressBar {
        ProgressBar { bar: None, begun: Instant::now() }
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        ProgressBar::new()
    }
}

impl Callback for ProgressBar {
    fn name(&self) -> &str {
        "ProgressBar"
    }

    fn only_watches(&self) -> bool {
        true
    }

    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.begun = Instant::now();
        if stderr().is_terminal() {
            let batches = run.plan().batches as u64;
            let bar = indicatif::ProgressBar::with_draw_target(Some(batches), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(place(run.epoch(), run.plan().epochs));
            self.bar = Some(bar);
        }
        Ok(())
    }

    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("loss {}", short(run.loss())));
            bar.inc(1);
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let Some(epoch) = run.last() {
            let line = line(epoch, run.plan().epochs);
            // A closed output is no reason to end the run.
            let _ = writeln!(stderr(), "{line}  {:.2} s", self.begun.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// The bar of an epoch that was not finished.
    fn on_exit(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn place(epoch: u64, epochs: u64) -> String {
    let total = epochs.to_string();
    format!("epoch {epoch:>width$}/{total}", width = total.len())
}

/// The values of an epoch.
fn line(epoch: &EpochRecord, epochs: u64) -> String {
    let mut line = place(epoch.epoch, epochs);
    let (train, valid) = (epoch.train.iter(), epoch.valid.iter());
    train.for_each(|(name, value)| line += &format!("  {name} {}", short(value)));
    valid.for_each(|(name, value)| line += &format!("  val_{name} {}", short(value)));
    line + &format!("  lr {}", short(epoch.lr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Metrics;

    cases![Case::new("ProgressBar", |_| ProgressBar::new())];

    #[test]
    fn a_line_has_everything() {
        let train = Metrics::from_iter([("loss".into(), 0.000_123_4), ("accuracy".into(), 0.965)]);
        let valid = Metrics::from_iter([("loss".into(), f64::NAN), ("accuracy".into(), 1.0)]);
        let epoch = EpochRecord { epoch: 3, lr: 0.002951056516295153, train, valid };
        let expected = "epoch  3/40  loss 1.234e-4  accuracy 0.9650  val_loss NaN  val_accuracy 1.000  lr 0.002951";
        assert_eq!(line(&epoch, 40), expected);
    }
}
