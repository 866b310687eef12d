//! Parameters that no other tensor has the memory of.

use super::signature::owners_of;
use crate::error::Result;
use crate::module::{ItemMut, Module, Path};

/// Gives each parameter that is trained memory of its own where another tensor has it, too: a `state_dict` that is
/// kept, the best weights so far, a checkpoint that is being written. A frozen parameter stays where it is.
///
/// A step that is captured meanwhile could have such a tensor from outside, and would be recorded once more as soon as
/// the parameters have changed. So whoever keeps values of parameters calls this before the next step; a trainer does.
/// The copy is the one that an optimizer's update would make: it changes in place what is not shared.
///
/// # Errors
/// If there is no room for a copy.
///
/// # Examples
/// ```
/// use autograd_core::module::{Module, Param};
/// use autograd_core::{Capture, Tensor, set_apart};
/// let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?];
/// let mut step = Capture::new(|model: &Vec<Param>, [x]: [&Tensor; 1]| {
///     Ok((&*model[0] * x).sum().backward()?.get(&model[0]).expect("it is trained").clone())
/// });
/// let mut kept = Vec::new();
/// for _ in 0..3 {
///     kept.push(model.state_dict());
///     set_apart(&mut model)?;
///     let gradient = step.run(&model, [&Tensor::from([1.0, 1.0])])?.clone();
///     *model[0].value_mut() -= &gradient;
/// }
/// assert_eq!(step.stats().records, 1);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn set_apart<M: Module + ?Sized>(model: &mut M) -> Result<()> {
    let owners = owners_of(model);
    let (mut owners, mut outcome) = (owners.into_iter(), Ok(()));
    model.visit_mut(&Path::root(), &mut |_, item| match item {
        ItemMut::Param(param) => {
            let alone = owners.next() == Some(param.owners());
            if param.is_trainable() && !alone && outcome.is_ok() {
                outcome = param.apart().map(|value| *param.value_mut() = value);
            }
        }
        ItemMut::Buffer(_) => drop(owners.next()),
        ItemMut::Tied(_) | ItemMut::Stream(_) | ItemMut::Mode(_) => {}
    });
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::module::Param;

    #[test]
    fn what_is_frozen_stays_where_it_is() -> Result<()> {
        let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?, Param::new(Tensor::from([3.0]))?];
        model[1].set_trainable(false);
        let kept = model.state_dict();
        let roots = |model: &[Param]| [model[0].root(), model[1].root()];
        let before = roots(&model);
        set_apart(&mut model)?;
        assert_eq!([0, 1].map(|i| roots(&model)[i] == before[i]), [false, true]);
        drop(kept);
        Ok(())
    }
}
