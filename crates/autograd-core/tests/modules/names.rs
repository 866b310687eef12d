//! Names that occur twice in a model: nothing is lost, and everything that needs unique names says so.

use autograd_core::module::{Buffer, Item, ItemMut, Module, Param, Path, Stream, check_names};
use autograd_core::{Result, Tensor, seeded};

/// Parts that are all in one place, as two flattened children are.
#[derive(Clone)]
struct Flat<M>(Vec<M>);

impl<M: Module> Module for Flat<M> {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.0.iter().for_each(|part| part.visit(&path.child("weight"), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.iter_mut().for_each(|part| part.visit_mut(&path.child("weight"), f));
    }
}

fn refused_everywhere(mut model: impl Module, what: &str) -> Result<()> {
    let error = check_names(&model).expect_err("a name twice");
    assert_eq!(error.to_string(), format!("two {what} of the model are called \"weight\"; names must be unique"));
    let state = model.state_dict();
    let values: Vec<f64> = state.iter().flat_map(|(_, value)| value.to_f64s()).collect();
    if what == "streams" {
        return Ok(());
    }
    assert_eq!(values, [1.0, 2.0], "nothing is lost");
    assert!(state.to_safetensors().is_err());
    let error = model.load_state_dict(&state).expect_err("which is which?");
    assert_eq!(error.to_string(), "the state does not fit, and nothing was loaded:\n  twice: weight");
    let kept: Vec<f64> = model.state_dict().iter().flat_map(|(_, value)| value.to_f64s()).collect();
    assert_eq!(kept, values);
    Ok(())
}

#[test]
fn parameters_buffers_and_streams() -> Result<()> {
    let values = || [1.0, 2.0].map(Tensor::from);
    refused_everywhere(
        Flat(values().map(Param::new).into_iter().collect::<Result<Vec<_>>>()?),
        "parameters or buffers",
    )?;
    refused_everywhere(Flat(values().map(Buffer::new).into()), "parameters or buffers")?;
    refused_everywhere(Flat(vec![Stream::new(&mut seeded(1)), Stream::new(&mut seeded(2))]), "streams")?;
    let unique = vec![Param::new(Tensor::from(1.0))?, Param::new(Tensor::from(2.0))?];
    check_names(&unique)
}

#[test]
fn a_state_with_a_name_twice_is_not_loaded() -> Result<()> {
    let mut model = vec![Param::new(Tensor::from([1.0]))?];
    let twice = ["0", "0"].map(|name| (name.to_string(), Tensor::from([7.0])));
    let error = model.load_state_dict(&twice.into_iter().collect()).expect_err("which of them?");
    assert_eq!(error.to_string(), "the state does not fit, and nothing was loaded:\n  twice: 0");
    assert_eq!(model[0].to_f64s(), [1.0]);
    Ok(())
}
