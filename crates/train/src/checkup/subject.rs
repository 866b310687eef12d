//! The model that is checked, with its batch and its loss.

use crate::number::one_float;
use autograd_core::module::Module;
use autograd_core::{DType, Gradients, Result, Tensor};
use wengert_nn::{DynLayer, Layer, Loss};

/// Tensors by name, as bits.
pub(super) type Bits = Vec<(String, Vec<u64>)>;

/// A model in training, a batch and a loss.
pub(super) struct Subject<'a> {
    model: Box<dyn DynLayer>,
    pub(super) inputs: Vec<Tensor>,
    pub(super) target: Tensor,
    loss: &'a (dyn Loss + Sync),
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        model: impl DynLayer + 'static,
        inputs: Vec<Tensor>,
        target: Tensor,
        loss: &'a (dyn Loss + Sync),
    ) -> Subject<'a> {
        let mut model: Box<dyn DynLayer> = Box::new(model);
        model.train();
        Subject { model, inputs, target, loss }
    }

    /// A clone of the model, at the same positions of its random streams.
    pub(super) fn clone_model(&self) -> Box<dyn DynLayer> {
        self.model.clone()
    }

    /// The same with all floats in F64.
    pub(super) fn in_f64(&self) -> Result<Subject<'a>> {
        let double = |x: &Tensor| if x.dtype().is_float() { x.to_dtype(DType::F64) } else { x.clone() };
        let mut model = self.clone_model();
        model.to_dtype(DType::F64)?;
        let (inputs, target) = (self.inputs.iter().map(double).collect(), double(&self.target));
        Ok(Subject { model, inputs, target, loss: self.loss })
    }

    /// The loss of an output.
    pub(super) fn loss(&self, output: &Tensor, target: &Tensor) -> Result<Tensor> {
        let loss = self.loss.forward(output, target)?;
        one_float("loss", &loss)?;
        Ok(loss)
    }

    /// The loss of a model for the batch.
    pub(super) fn loss_of(&self, model: &(impl Layer + ?Sized)) -> Result<Tensor> {
        self.loss(&model.forward_all(&self.inputs)?, &self.target)
    }

    /// The loss and the gradients.
    pub(super) fn step_of(&self, model: &(impl Layer + ?Sized)) -> Result<(Tensor, Gradients)> {
        let loss = self.loss_of(model)?;
        let grads = loss.backward()?;
        Ok((loss.detach(), grads))
    }
}

fn of(x: &Tensor) -> Vec<u64> {
    x.to_f64s().into_iter().map(f64::to_bits).collect()
}

/// The bits of a step.
pub(super) fn step_bits(model: &(impl Module + ?Sized), loss: &Tensor, grads: &Gradients) -> Bits {
    let mut all = vec![("the loss".to_string(), of(loss))];
    for (name, param) in model.named_parameters() {
        all.extend(grads.get(param).map(|gradient| (format!("the gradient of {name}"), of(gradient))));
    }
    all
}

/// The bits of a state.
pub(super) fn state_bits(model: &(impl Module + ?Sized)) -> Bits {
    model.state_dict().iter().map(|(name, value)| (name.to_string(), of(value))).collect()
}

/// The bits of a tensor.
pub(super) fn tensor_bits(name: &str, x: &Tensor) -> Bits {
    vec![(name.into(), of(x))]
}

/// The first tensor that differs, and how; none if all have the same bits.
pub(super) fn difference(a: &Bits, b: &Bits) -> Option<(String, String)> {
    let names = |all: &Bits| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if names(a) != names(b) {
        let odd = names(a).into_iter().find(|name| !names(b).contains(name));
        let odd = odd.or_else(|| names(b).into_iter().find(|name| !names(a).contains(name)));
        return Some((odd.unwrap_or_default(), "it is there in one of two runs only".into()));
    }
    let ((name, x), (_, y)) = a.iter().zip(b).find(|(a, b)| a != b)?;
    let text = match x.iter().zip(y).position(|(x, y)| x != y) {
        Some(at) => format!("element {at} is {:?} and then {:?}", f64::from_bits(x[at]), f64::from_bits(y[at])),
        None => format!("it has {} elements and then {}", x.len(), y.len()),
    };
    Some((name.clone(), text))
}
