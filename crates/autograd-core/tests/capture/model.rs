//! A small model, numbers for it, and the bits of what a function returns.

use autograd_core::module::{Buffer, Item, ItemMut, Mode, Module, Param, Path, Stream};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Capture, DType, Gradients, Outputs, Result, RngExt, Tensor, seeded};

/// One leaf of each kind.
pub struct Net {
    pub w: Param,
    pub b: Param,
    pub out: Param,
    pub mean: Buffer,
    pub streams: Vec<Stream>,
    pub mode: Mode,
}

impl Module for Net {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        [&self.w, &self.b, &self.out].into_iter().enumerate().for_each(|(i, leaf)| leaf.visit(&path.index(i), f));
        self.mean.visit(&path.index(3), f);
        self.streams.visit(&path.index(4), f);
        self.mode.visit(&path.index(5), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.w.visit_mut(&path.index(0), f);
        self.b.visit_mut(&path.index(1), f);
        self.out.visit_mut(&path.index(2), f);
        self.mean.visit_mut(&path.index(3), f);
        self.streams.visit_mut(&path.index(4), f);
        self.mode.visit_mut(&path.index(5), f);
    }
}

/// One step against the gradient.
#[derive(Clone, Copy)]
pub struct Down;

impl ElementRule<0> for Down {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, _: [T; 0]) -> (T, [T; 0]) {
        (p - g, [])
    }
}

/// Numbers of a seed.
pub fn numbers(shape: &[usize], dtype: DType, seed: u64) -> Tensor {
    Tensor::rand(shape, DType::F64, &mut seeded(seed)).expect("memory").mul_scalar(2.0).add_scalar(-1.0).to_dtype(dtype)
}

/// Numbers of type F32.
pub fn floats(shape: &[usize], seed: u64) -> Tensor {
    numbers(shape, DType::F32, seed)
}

/// Labels below `classes`.
pub fn labels(n: usize, classes: i64, seed: u64) -> Tensor {
    let mut rng = seeded(seed);
    Tensor::from((0..n).map(|_| rng.random_range(0..classes)).collect::<Vec<i64>>())
}

/// A parameter with numbers of a seed.
pub fn param(shape: &[usize], seed: u64) -> Param {
    Param::new(floats(shape, seed)).expect("floats")
}

impl Net {
    /// A network from `inputs` to 3 classes.
    pub fn new(inputs: usize) -> Net {
        Net {
            w: param(&[4, inputs], 1),
            b: param(&[4], 2),
            out: param(&[3, 4], 3),
            mean: Buffer::new(floats(&[inputs], 4)),
            streams: vec![Stream::at(5, 0), Stream::at(6, 0)],
            mode: Mode::default(),
        }
    }

    /// The scores of rows.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.linear(&self.w, Some(&self.b))?.tanh().linear(&self.out, None)
    }

    /// The loss of rows and the gradients.
    pub fn step(&self, x: &Tensor, labels: &Tensor) -> Result<(Tensor, Gradients)> {
        let loss = self.forward(x)?.cross_entropy(labels)?.mean()?;
        let grads = loss.backward()?;
        Ok((loss, grads))
    }

    /// A small change of every parameter and of the buffer.
    pub fn shift(&mut self, seed: u64) {
        for (i, param) in [&mut self.w, &mut self.b, &mut self.out].into_iter().enumerate() {
            let next =
                param.detach().try_add(&floats(param.shape(), seed + i as u64).mul_scalar(0.1)).expect("it fits");
            param.set(next).expect("floats");
        }
        self.mean.set(floats(self.mean.get().shape(), seed + 9));
    }
}

/// A step with a number of a stream, and with a new value of the buffer.
pub fn step(net: &Net, [x, y]: [&Tensor; 2]) -> Result<(Tensor, Gradients)> {
    let seen = x.mean_dim(0)?;
    net.mean.set(net.mean.get().mul_scalar(0.9).try_add(&seen)?);
    let x = x.try_sub(&net.mean.get())?.dropout_seeded(0.2, net.streams[0].draw())?;
    net.step(&x, y)
}

/// Bits and shapes of all tensors of a value.
pub type Bits = Vec<(DType, Vec<usize>, Vec<u64>)>;

/// Shape, dtype and bits of each tensor.
pub fn bits<O: Outputs>(mut output: O) -> Bits {
    let mut all = Vec::new();
    output.tensors(&mut |x| {
        all.push((x.dtype(), x.shape().to_vec(), x.to_f64s().into_iter().map(f64::to_bits).collect()));
    });
    all
}

/// Whether a call gives what the function gives, be it an error; returns how often the capture recorded so far.
pub fn agrees<M, F, O, const N: usize>(
    capture: &mut Capture<M, F, O, N>,
    function: F,
    model: &M,
    x: [&Tensor; N],
) -> usize
where
    M: Module,
    F: FnMut(&M, [&Tensor; N]) -> Result<O>,
    O: Outputs + Clone,
{
    let mut function = function;
    let run = function(model, x).map(bits).map_err(|error| error.to_string());
    let replayed = capture.run(model, x).map(|output| bits(output.clone())).map_err(|error| error.to_string());
    assert_eq!(replayed, run);
    capture.stats().records
}
