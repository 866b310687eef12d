//! The register of optimizers, framework by framework. Wiring one up is one entry, which sets its own hyperparameters;
//! all share the driver's.

/// Makes [`Common`] of optimizers; their file names each once.
macro_rules! common {
    ($($name:ident)*) => {$(
        impl super::Common for $name {
            fn common(self, weight_decay: f64, maximize: bool) -> Self {
                self.weight_decay(weight_decay).maximize(maximize)
            }
            fn with_group(
                self,
                members: impl Fn(&str) -> bool + Send + Sync + 'static,
                change: impl Fn(Self) -> Self + Send + Sync + 'static,
            ) -> Self {
                self.group_where(members, change)
            }
            fn scaled(self, factor: f64) -> Self {
                self.scale_lr(factor)
            }
        }
    )*};
}

mod chains;
mod descent;
mod keras;
mod matrix;
mod optax;
mod scaled;
mod torch;

use super::Group;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use wengert_optim::Optimizer;

type Build = fn(&Call<'_>, &[Group]) -> Outcome<Box<dyn Optimizer>>;

/// A name of the cases, and what builds its optimizer.
type Entry = (&'static str, Build);

pub(super) use chains::around;

/// What builds the optimizer of this name.
pub(super) fn find(name: &str) -> Option<Build> {
    let frameworks = [torch::TABLE, keras::TABLE, optax::TABLE];
    let all = frameworks.into_iter().chain([chains::TABLE, descent::TABLE, scaled::TABLE, matrix::TABLE]);
    all.flatten().find(|(known, _)| *known == name).map(|(_, build)| *build)
}

/// Unsupported, if parameters have hyperparameters of their own.
fn no_groups(groups: &[Group]) -> Outcome<()> {
    if groups.is_empty() { Ok(()) } else { Err(Stop::Unsupported("param_groups".into())) }
}

/// Sets hyperparameters.
type Settings<O> = Box<dyn Fn(O) -> O + Send + Sync>;

/// The setters that all optimizers around a driver have by name.
trait Common: Optimizer + Sized + 'static {
    fn common(self, weight_decay: f64, maximize: bool) -> Self;
    fn with_group(
        self,
        members: impl Fn(&str) -> bool + Send + Sync + 'static,
        change: impl Fn(Self) -> Self + Send + Sync + 'static,
    ) -> Self;
    fn scaled(self, factor: f64) -> Self;
}

/// An optimizer with its groups: what all share, and each one's own settings.
fn driver<O: Common>(
    c: &Call<'_>,
    groups: &[Group],
    new: fn(f64) -> O,
    own: fn(&Call<'_>) -> Outcome<Settings<O>>,
) -> Outcome<Box<dyn Optimizer>> {
    let (base_lr, settings) = (c.number("lr")?, all(c, own)?);
    let mut own_settings = Vec::new();
    for group in groups {
        let inputs = Default::default();
        let call = Call::new(&group.args, &inputs, c.precision());
        own_settings.push((&group.params, call.number("lr")?, all(&call, own)?));
        call.all_read()?;
    }
    // A group's rate is a ratio to the optimizer's: where that is 0, it becomes 1.
    let of_nothing = base_lr == 0.0 && own_settings.iter().any(|(_, lr, _)| *lr != 0.0);
    let unit = if of_nothing { 1.0 } else { base_lr };
    let mut optimizer = settings(new(unit));
    for (params, lr, settings) in own_settings {
        let (params, ratio) = (params.clone(), if lr == unit { 1.0 } else { lr / unit });
        optimizer = optimizer.with_group(move |name| params.contains(name), move |group| settings(group).scaled(ratio));
    }
    Ok(Box::new(optimizer))
}

fn all<O: Common>(c: &Call<'_>, own: fn(&Call<'_>) -> Outcome<Settings<O>>) -> Outcome<Settings<O>> {
    let (own, weight_decay, maximize) = (own(c)?, c.number_or("weight_decay", 0.0)?, c.flag_or("maximize", false)?);
    Ok(Box::new(move |optimizer| own(optimizer).common(weight_decay, maximize)))
}
