//! Small problems to minimise, and runs of optimizers on them.

use autograd_core::module::{Module, Param};
use autograd_core::{DType, Gradients, Result, Tensor, no_grad};
use wengert_optim::{Objective, Optimizer};

/// A function of matrices, where it starts, and the value that a run must come below.
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    start: &'static [(usize, usize, &'static [f64])],
    pub(crate) target: f64,
    value: fn(&[Param]) -> Tensor,
}

fn column(x: &Tensor, k: usize) -> Tensor {
    x.narrow(1, k, 1).expect("a column")
}

fn minus(a: &Tensor, b: &Tensor) -> Tensor {
    a.try_sub(b).expect("of one shape")
}

fn plus(a: &Tensor, b: &Tensor) -> Tensor {
    a.try_add(b).expect("of one shape")
}

/// `(x − 3)² / 2 + 2 (y + 1)²`
fn quadratic(params: &[Param]) -> Tensor {
    let (x, y) = (column(&params[0], 0), column(&params[0], 1));
    plus(&x.add_scalar(-3.0).square().mul_scalar(0.5), &y.add_scalar(1.0).square().mul_scalar(2.0)).sum()
}

/// `(1 − x)² + 100 (y − x²)²`
fn rosenbrock(params: &[Param]) -> Tensor {
    let (x, y) = (column(&params[0], 0), column(&params[0], 1));
    plus(&x.add_scalar(-1.0).square(), &minus(&y, &x.square()).square().mul_scalar(100.0)).sum()
}

/// `(u² + 1000 v²) / 2`, with u and v turned by an eighth of a circle. At its bottom the start has 1: who has come down
/// to that has gone down the steep walls alone.
fn valley(params: &[Param]) -> Tensor {
    let (x, y) = (column(&params[0], 0), column(&params[0], 1));
    let (u, v) = (plus(&x, &y).square(), minus(&x, &y).square());
    plus(&u.mul_scalar(0.25), &v.mul_scalar(250.0)).sum()
}

/// `x² − y² + y⁴ / 4`, a saddle at 0 between two minima of −1.
fn saddle(params: &[Param]) -> Tensor {
    let (x, y) = (column(&params[0], 0).square(), column(&params[0], 1).square());
    plus(&minus(&x, &y), &y.square().mul_scalar(0.25)).sum()
}

/// The squared error of a network of four units for the exclusive or.
fn network(params: &[Param]) -> Tensor {
    let dtype = params[0].dtype();
    let [x, y]: [Tensor; 2] = [
        Tensor::from([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]),
        Tensor::from([[-0.5], [0.5], [0.5], [-0.5]]),
    ];
    let layer = |x: &Tensor, k: usize| plus(&x.matmul(&params[k]).expect("fits"), &params[k + 1]);
    let hidden = layer(&x.to_dtype(dtype), 0).tanh();
    minus(&layer(&hidden, 2), &y.to_dtype(dtype)).square().mean().expect("four samples")
}

/// All parameters are matrices: there are optimizers for nothing else.
pub(crate) const PROBLEMS: &[Problem] = &[
    Problem { name: "quadratic", start: &[(1, 2, &[-1.0, 2.0])], target: 1e-3, value: quadratic },
    Problem { name: "rosenbrock", start: &[(1, 2, &[-0.5, 1.0])], target: 0.3, value: rosenbrock },
    Problem { name: "valley", start: &[(1, 2, &[1.5, 0.5])], target: 0.1, value: valley },
    Problem { name: "saddle", start: &[(1, 2, &[1.0, 0.01])], target: -0.9, value: saddle },
    Problem {
        name: "network",
        start: &[
            (2, 4, &[0.7, -0.4, 0.3, 0.9, -0.6, 0.5, 0.8, 0.2]),
            (1, 4, &[0.1, -0.2, 0.3, -0.1]),
            (4, 1, &[0.4, -0.3, 0.6, -0.5]),
            (1, 1, &[0.1]),
        ],
        target: 0.02,
        value: network,
    },
];

impl Problem {
    fn model(&self, dtype: DType) -> Vec<Param> {
        let param = |(rows, columns, values): &(usize, usize, &[f64])| {
            let x = Tensor::from_slice(values, &[*rows, *columns]).expect("the sizes fit").to_dtype(dtype);
            Param::new(x).expect("floats")
        };
        self.start.iter().map(param).collect()
    }
}

/// A model after a run.
pub(crate) struct End {
    pub(crate) value: f64,
    pub(crate) parameters: Vec<f64>,
}

/// The value of a problem, to be minimised.
struct Descent<'m> {
    model: &'m mut Vec<Param>,
    value: fn(&[Param]) -> Tensor,
}

impl Objective for Descent<'_> {
    fn model(&mut self) -> &mut dyn Module {
        self.model
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        let value = (self.value)(self.model);
        Ok((value.to_f64()?, value.backward()?))
    }
}

/// The first `steps` of `whole` steps, and then the weights to evaluate at. The learning rate falls linearly to 0 in
/// all of them.
pub(crate) fn run(optimizer: &mut dyn Optimizer, problem: &Problem, dtype: DType, steps: u32, whole: u32) -> End {
    let (mut model, lr) = (problem.model(dtype), optimizer.lr());
    for k in 0..steps {
        optimizer.set_lr(lr * f64::from(whole - k) / f64::from(whole));
        optimizer.step_on(&mut Descent { model: &mut model, value: problem.value }).expect("valid");
    }
    optimizer.eval(&mut model).expect("its model");
    let value = no_grad(|| (problem.value)(&model)).to_f64s()[0];
    End { value, parameters: values(&model) }
}

fn values(model: &[Param]) -> Vec<f64> {
    model.iter().flat_map(|param| param.to_f64s()).collect()
}

/// A linear function, whose gradient is the same everywhere.
struct Linear<'m> {
    model: &'m mut Vec<Param>,
    slopes: Vec<Tensor>,
}

impl Objective for Linear<'_> {
    fn model(&mut self) -> &mut dyn Module {
        self.model
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        let (mut value, mut grads) = (0.0, Gradients::default());
        for (param, slope) in self.model.iter().zip(&self.slopes) {
            value += param.to_f64s().iter().zip(slope.to_f64s()).map(|(x, g)| x * g).sum::<f64>();
            grads.insert(param, slope.clone())?;
        }
        Ok((value, grads))
    }
}

/// The parameters after steps along gradients of one size, then of size 1.
pub(crate) fn after_gradients_of(size: f64, optimizer: &mut dyn Optimizer) -> Vec<f64> {
    let mut model = PROBLEMS[4].model(DType::F32);
    for k in 0..8 {
        let size = if k < 4 { size } else { 1.0 };
        let slope = |param: &Param| {
            let g: Vec<f64> = (0..param.numel()).map(|i| if (i + k) % 3 == 0 { -size } else { size }).collect();
            Tensor::from_slice(&g, param.shape()).expect("small").to_dtype(DType::F32)
        };
        let slopes = model.iter().map(slope).collect();
        optimizer.step_on(&mut Linear { model: &mut model, slopes }).expect("valid");
    }
    values(&model)
}
