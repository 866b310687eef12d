//! The hyperparameters that schedules set.

use super::ending::held;
use super::possible;
use crate::checksum::checksum;
use crate::run::{Identity, Plan, Run};
use crate::trainer::{Every, Scheduled};
use autograd_core::Result;
use wengert_optim::Optimizer;

/// The name of the learning rate.
pub(super) const LR: &str = "lr";

/// The name that the schedule of a hyperparameter has in the identity of a run.
pub(super) fn fact(name: &str) -> String {
    if name == LR { "schedule".into() } else { format!("schedules.{name}") }
}

/// The order in which hyperparameters are set: learning rates of groups and parts keep their ratio to that of all, and
/// those of groups of parts to theirs, and so come after it.
pub(super) fn order(name: &str) -> (bool, usize) {
    (name != LR, name.matches('.').count())
}

/// How many numbers a schedule gives in a run of which each step takes so many batches.
pub(super) fn numbers_of(every: Every, plan: &Plan, accumulate: usize) -> u64 {
    match every {
        Every::Epoch => plan.epochs,
        Every::Step => plan.epochs.saturating_mul(plan.batches.div_ceil(accumulate) as u64),
    }
}

/// All schedules of a run, each with the number that it is applied to.
pub(super) struct Rates<'s, 't> {
    all: Vec<Rate<'s, 't>>,
}

struct Rate<'s, 't> {
    scheduled: &'s Scheduled<'t>,
    /// The optimizer's number before the run; it has it again afterwards.
    own: f64,
    /// The number that the schedule is applied to: `own`, but for the learning rate of a run that goes on.
    base: f64,
    /// How many numbers the run asks for.
    numbers: u64,
}

impl<'s, 't> Rates<'s, 't> {
    /// The schedules of a run with an optimizer, whose numbers are its own.
    pub(super) fn new(
        schedules: &'s [Scheduled<'t>],
        optimizer: &dyn Optimizer,
        numbers: impl Fn(Every) -> u64,
    ) -> Result<Rates<'s, 't>> {
        let rate = |scheduled: &'s Scheduled<'t>| {
            let own = optimizer.get(&scheduled.name)?;
            Ok(Rate { scheduled, own, base: own, numbers: numbers(scheduled.every) })
        };
        let mut all = schedules.iter().map(rate).collect::<Result<Vec<_>>>()?;
        all.sort_by_key(|rate| order(&rate.scheduled.name));
        Ok(Rates { all })
    }

    /// Whether schedules by step have a number for each of so many: of a run that goes on, some were made with other
    /// batches.
    ///
    /// # Errors
    /// If one does not.
    pub(super) fn check_steps(&self, steps: u64) -> Result<()> {
        let by_step = self.all.iter().filter(|rate| rate.scheduled.every == Every::Step);
        by_step.map(|rate| &rate.scheduled.schedule).try_for_each(|schedule| schedule.check_steps(steps))
    }

    /// Whether there is a schedule of this hyperparameter.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|rate| rate.scheduled.name == name)
    }

    /// The learning rate that its schedule is applied to.
    pub(super) fn set_base_lr(&mut self, lr: f64) {
        self.all.iter_mut().filter(|rate| rate.scheduled.name == LR).for_each(|rate| rate.base = lr);
    }

    /// Adds what the schedules make of the numbers: two closures of one function differ in nothing else. They are asked
    /// what the run asks them or, to compare with the identity of an older run, what that one has asked: its length and
    /// its base may be allowed to differ.
    pub(super) fn describe(&self, identity: &mut Identity, older: Option<&Identity>) {
        for rate in &self.all {
            let name = format!("{}.rates", fact(&rate.scheduled.name));
            let asked = older.and_then(|older| Asked::of(older.get(&name)?));
            let asked = asked.unwrap_or(Asked { numbers: rate.numbers, base: rate.base });
            identity.add(name, rate.checked(asked));
        }
    }

    /// Sets what is set in each epoch, or in each step, and the learning rates of groups and parts again that are set
    /// at the other times: they have moved with the one that they keep their ratio to. A number that the optimizer
    /// cannot have is its schedule's fault.
    pub(super) fn set(&self, run: &mut Run<'_>, every: Every, number: u64) -> Result<()> {
        let other = if every == Every::Epoch { run.step } else { run.epoch };
        let due = || {
            let number_of = move |rate: &Rate<'_, '_>| match rate.scheduled.every == every {
                true => Some(number),
                // The last one, if there was one.
                false if rate.is_of_a_group() => other.checked_sub(1),
                false => None,
            };
            self.all.iter().filter_map(move |rate| Some((rate, number_of(rate)?)))
        };
        due().try_for_each(|(rate, number)| rate.set(run.optimizer, number))?;
        // All of them are set by now: some may be possible only together.
        let named = self.all.iter().any(|rate| rate.scheduled.name != LR);
        let checked = if named { run.optimizer.check() } else { possible(run) };
        checked.map_err(|error| {
            let texts: Vec<String> = due().map(|(rate, number)| rate.text(number)).collect();
            if texts.is_empty() { error } else { error.context(texts.join(", ")) }
        })
    }

    /// Sets what had been set last when so many epochs and steps had been made: state is loaded as it was in use then.
    pub(super) fn set_as_after(&self, optimizer: &mut dyn Optimizer, epochs: u64, steps: u64) -> Result<()> {
        self.all.iter().try_for_each(|rate| {
            let made = if rate.scheduled.every == Every::Epoch { epochs } else { steps };
            made.checked_sub(1).map_or(Ok(()), |number| rate.set(optimizer, number))
        })
    }

    /// Gives the optimizer its own numbers back, of which `lr` is its learning rate.
    pub(super) fn put_back(&self, optimizer: &mut dyn Optimizer, lr: f64) {
        optimizer.set_lr(lr);
        for rate in &self.all {
            // It had the name when the run began; one that refuses it by now is not what has ended the run.
            drop(optimizer.set(&rate.scheduled.name, rate.own));
        }
    }
}

/// What a schedule is asked: its first numbers, of one base.
#[derive(Clone, Copy)]
struct Asked {
    numbers: u64,
    base: f64,
}

impl Asked {
    /// What [`Rate::checked`] says that it has asked.
    fn of(text: &str) -> Option<Asked> {
        let (_, asked) = text.split_once(" of ")?;
        let (numbers, base) = asked.split_once(" from ")?;
        Some(Asked { numbers: numbers.parse().ok()?, base: base.parse().ok()? })
    }
}

impl Rate<'_, '_> {
    /// The checksum of its numbers: the first 1024, and then some of the others.
    fn checked(&self, Asked { numbers, base }: Asked) -> String {
        let later = (10..64).flat_map(|power| (128..256).map(move |part| part << (power - 7)));
        let all = (0..1024).chain(later).take_while(|number| *number < numbers);
        // A closure may have a table that is shorter than that of an older run.
        let mut found = Vec::new();
        let whole = held(|| {
            all.for_each(|number| found.push(self.scheduled.schedule.rate(base, number)));
            Ok(())
        });
        let sum = checksum(&found.iter().copied().flat_map(f64::to_le_bytes).collect::<Vec<_>>());
        let end = if whole.is_ok() { String::new() } else { format!(", then a panic at {}", found.len()) };
        format!("{sum}{end} of {numbers} from {base:?}")
    }

    fn number(&self, number: u64) -> f64 {
        self.scheduled.schedule.rate(self.base, number)
    }

    /// Whether it sets the learning rate of a group or a part.
    fn is_of_a_group(&self) -> bool {
        self.scheduled.name.ends_with(".lr")
    }

    fn set(&self, optimizer: &mut dyn Optimizer, number: u64) -> Result<()> {
        // A ratio to 0 is 0, whatever it is; when that has risen this is set again.
        if optimizer.waits(&self.scheduled.name) {
            return Ok(());
        }
        optimizer.set(&self.scheduled.name, self.number(number)).map_err(|error| error.context(self.text(number)))
    }

    fn text(&self, number: u64) -> String {
        let value = self.number(number);
        match self.scheduled.name.as_str() {
            LR => format!("the schedule's rate number {number} is {value:?}"),
            name => format!("the schedule's {name} number {number} is {value:?}"),
        }
    }
}
