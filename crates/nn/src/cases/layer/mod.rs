//! Cases of layers.

mod properties;
mod robust;

use super::{alike, ensure, equal, failures, randn, refused};
use crate::layer::{DynLayer, Layer};
use autograd_core::{DType, Result, Shape, Tensor, seeded};
use rand::Rng;
use std::any::Any;
use std::rc::Rc;

/// A layer of a case: of any type, which is still known.
pub(super) trait Subject: DynLayer {
    fn as_any(&self) -> &dyn Any;
    fn copy(&self) -> Built;
}

impl<L: Layer + Clone + 'static> Subject for L {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn copy(&self) -> Built {
        Box::new(self.clone())
    }
}

pub(super) type Built = Box<dyn Subject>;

impl Clone for Built {
    fn clone(&self) -> Built {
        (**self).copy()
    }
}

pub(super) type Build = Box<dyn Fn(&mut dyn Rng) -> Result<Built>>;
pub(super) type Run = Rc<dyn Fn(&Built, &[Tensor]) -> Result<Vec<Tensor>>>;

/// What a layer is given: random numbers of these shapes, and after them these tensors, and the shapes of its outputs.
struct Mapping {
    shapes: Vec<Shape>,
    given: Vec<Tensor>,
    outputs: Vec<Shape>,
}

impl Mapping {
    fn inputs(&self, dtype: DType) -> Vec<Tensor> {
        let random = self.shapes.iter().zip(3..).map(|(shape, seed)| randn(shape, dtype, seed));
        random.chain(self.given.iter().map(|x| of_dtype(x, dtype))).collect()
    }
}

/// The same in this dtype; indices and masks stay what they are.
fn of_dtype(x: &Tensor, dtype: DType) -> Tensor {
    if x.dtype().is_float() { x.to_dtype(dtype) } else { x.clone() }
}

/// A layer, what it gives and what it refuses.
pub(crate) struct Case {
    kind: &'static str,
    build: Build,
    run: Run,
    /// Whether `run` is the layer's `forward` or `forward_all`.
    plain: bool,
    state: &'static [&'static str],
    mappings: Vec<Mapping>,
    values: Vec<(Vec<Tensor>, Vec<Tensor>)>,
    formula: Option<fn(f64) -> f64>,
    refusals: Vec<(Vec<Tensor>, &'static str)>,
    /// The text of the error of making it, and whether something is drawn before.
    impossible: Option<(&'static str, bool)>,
    of_functions: bool,
}

/// A layer of this kind, as `build` makes it.
pub(crate) fn layer<L: Layer + Clone + 'static>(
    kind: &'static str,
    build: impl Fn(&mut dyn Rng) -> Result<L> + 'static,
) -> Case {
    Case {
        kind,
        build: Box::new(move |rng| Ok(Box::new(build(rng)?))),
        run: Rc::new(|layer, inputs| match inputs {
            [x] => Ok(vec![layer.forward(x)?]),
            all => Ok(vec![layer.forward_all(all)?]),
        }),
        plain: true,
        state: &[],
        mappings: Vec::new(),
        values: Vec::new(),
        formula: None,
        refusals: Vec::new(),
        impossible: None,
        of_functions: false,
    }
}

/// A layer that acts element by element, as the formula says.
pub(crate) fn activation<L: Layer + Clone + 'static>(
    kind: &'static str,
    build: impl Fn(&mut dyn Rng) -> Result<L> + 'static,
    formula: fn(f64) -> f64,
) -> Case {
    let shapes = [&[2, 3][..], &[4], &[], &[0, 2]];
    let case = shapes.into_iter().fold(layer(kind, build), |case, shape| case.maps(shape, shape));
    Case { formula: Some(formula), ..case }
}

impl Case {
    /// The names in its state dict.
    pub(crate) fn state(mut self, names: &'static [&'static str]) -> Case {
        self.state = names;
        self
    }

    /// What the case calls in the place of `forward_all`: a method of the layer's own, which may have several outputs.
    pub(crate) fn runs<L: 'static>(mut self, run: fn(&L, &[Tensor]) -> Result<Vec<Tensor>>) -> Case {
        self.run = Rc::new(move |layer, inputs| {
            run((**layer).as_any().downcast_ref().expect("the layer that the case builds"), inputs)
        });
        self.plain = false;
        self
    }

    /// Inputs of this shape give outputs of that one. Every check that needs an input uses these.
    pub(crate) fn maps(self, input: &[usize], output: &[usize]) -> Case {
        self.maps_all(&[input], &[output])
    }

    /// Like [`Case::maps`], but for several inputs or outputs.
    pub(crate) fn maps_all(self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Case {
        self.maps_with(inputs, &[], outputs)
    }

    /// Like [`Case::maps_all`]; behind the inputs of these shapes come these tensors: indices, masks.
    pub(crate) fn maps_with(mut self, inputs: &[&[usize]], given: &[Tensor], outputs: &[&[usize]]) -> Case {
        let shapes = |all: &[&[usize]]| all.iter().map(|shape| Shape::from(*shape)).collect();
        self.mappings.push(Mapping { shapes: shapes(inputs), given: given.to_vec(), outputs: shapes(outputs) });
        self
    }

    /// This input gives this output.
    pub(crate) fn gives(self, input: impl Into<Tensor>, output: impl Into<Tensor>) -> Case {
        self.gives_all(&[input.into()], &[output.into()])
    }

    /// These inputs give these outputs.
    pub(crate) fn gives_all(mut self, inputs: &[Tensor], outputs: &[Tensor]) -> Case {
        self.values.push((inputs.to_vec(), outputs.to_vec()));
        self
    }

    /// An input of this shape is an error with this text.
    pub(crate) fn refuses(self, input: &[usize], text: &'static str) -> Case {
        self.refuses_all(&[input], text)
    }

    /// Inputs of these shapes are an error with this text.
    pub(crate) fn refuses_all(self, inputs: &[&[usize]], text: &'static str) -> Case {
        self.refuses_with(inputs, &[], text)
    }

    /// Like [`Case::refuses_all`]; behind the inputs of these shapes come these tensors.
    pub(crate) fn refuses_with(mut self, inputs: &[&[usize]], given: &[Tensor], text: &'static str) -> Case {
        let random = inputs.iter().map(|shape| randn(shape, DType::F32, 3));
        self.refusals.push((random.chain(given.iter().cloned()).collect(), text));
        self
    }

    /// It cannot be built: an error with this text.
    pub(crate) fn cannot_be(mut self, text: &'static str) -> Case {
        self.impossible = Some((text, false));
        self
    }

    /// Like [`Case::cannot_be`], of a layer that is made of one that the case has drawn before.
    pub(crate) fn cannot_become(mut self, text: &'static str) -> Case {
        self.impossible = Some((text, true));
        self
    }

    /// What it is made of are functions that return plain tensors, which panic where they find no memory.
    pub(crate) fn of_functions(mut self) -> Case {
        self.of_functions = true;
        self
    }

    /// The properties that do not hold.
    pub(crate) fn failures(self) -> Vec<String> {
        if let Some((text, drawn)) = self.impossible {
            let (mut rng, mut unmoved) = (seeded(1), seeded(1));
            let got = refused((self.build)(&mut rng)).and_then(|got| equal(got.as_str(), text));
            let got = got.and_then(|()| {
                ensure(drawn || rng.next_u64() == unmoved.next_u64(), || "an error, and the generator has moved".into())
            });
            return got.err().map(|reason| format!("{}: {reason}", self.kind)).into_iter().collect();
        }
        let says_something = !(self.mappings.is_empty() && self.values.is_empty() && self.refusals.is_empty());
        assert!(says_something, "{}: a case that checks nothing", self.kind);
        let kind = self.kind;
        let mut failed = failures(kind, &self, properties::PROPERTIES);
        failed.extend(alike::compared(self).err().map(|reason| format!("{kind}: described alike: {reason}")));
        failed
    }

    /// All inputs that the case has something to say about.
    pub(super) fn all_inputs(&self) -> Vec<Vec<Tensor>> {
        let values = self.values.iter().map(|(inputs, _)| inputs.iter().map(|x| of_dtype(x, DType::F32)).collect());
        self.inputs(DType::F32).chain(self.refusals.iter().map(|(inputs, _)| inputs.clone())).chain(values).collect()
    }

    pub(super) fn into_parts(self) -> (&'static str, Build, Run) {
        (self.kind, self.build, self.run)
    }

    fn layer(&self) -> Result<Built> {
        (self.build)(&mut seeded(1))
    }

    fn run(&self, layer: &Built, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        (self.run)(layer, inputs)
    }

    fn inputs(&self, dtype: DType) -> impl Iterator<Item = Vec<Tensor>> {
        self.mappings.iter().map(move |mapping| mapping.inputs(dtype))
    }
}
