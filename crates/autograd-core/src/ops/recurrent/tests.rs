//! Recurrences against plain loops, and against their twins.

use super::options::Recurrence;
use super::sequence::{Operands, run};
use super::twin::twin;
use crate::kernels::recurrent::{Cell, Sequence};
use crate::{DType, Tensor, grad_with, seeded};
use rand::RngExt;

/// What the plain loop takes; matrices and states as rows behind each other.
#[derive(Default)]
pub(super) struct Plain<'a> {
    pub(super) x: &'a [f64],
    pub(super) w_ih: &'a [f64],
    pub(super) w_hh: &'a [f64],
    pub(super) biases: Option<[&'a [f64]; 2]>,
    pub(super) h: Option<&'a [f64]>,
    pub(super) c: Option<&'a [f64]>,
    pub(super) w_hr: Option<&'a [f64]>,
    pub(super) lengths: Option<&'a [usize]>,
    pub(super) reverse: bool,
}

fn times(w: &[f64], x: &[f64]) -> Vec<f64> {
    w.chunks_exact(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Plain<'_> {
    /// Outputs, last states and last cells, of sizes L, N, D and H, sample by sample.
    pub(super) fn run(&self, cell: Cell, [l, n, d, hidden]: [usize; 4]) -> [Vec<f64>; 3] {
        let outputs = self.w_hr.map_or(hidden, |w_hr| w_hr.len() / hidden);
        let mut y = vec![0.0; l * n * outputs];
        let (mut last_h, mut last_c) = (Vec::new(), Vec::new());
        for row in 0..n {
            let start = |states: Option<&[f64]>, width: usize| {
                states.map_or(vec![0.0; width], |x| x[row * width..(row + 1) * width].to_vec())
            };
            let (mut h, mut c) = (start(self.h, outputs), start(self.c, hidden));
            let len = self.lengths.map_or(l, |lengths| lengths[row]);
            let steps: Vec<usize> = if self.reverse { (0..len).rev().collect() } else { (0..len).collect() };
            for step in steps {
                let place = step * n + row;
                let (mut a, mut b) = (times(self.w_ih, &self.x[place * d..(place + 1) * d]), times(self.w_hh, &h));
                if let Some([b_ih, b_hh]) = self.biases {
                    a.iter_mut().zip(b_ih).for_each(|(a, bias)| *a += bias);
                    b.iter_mut().zip(b_hh).for_each(|(b, bias)| *b += bias);
                }
                let gate = |number: usize, j: usize| a[number * hidden + j] + b[number * hidden + j];
                h = (0..hidden)
                    .map(|j| match cell {
                        Cell::Tanh => gate(0, j).tanh(),
                        Cell::Relu => gate(0, j).max(0.0),
                        Cell::Gru => {
                            let (r, z) = (sigmoid(gate(0, j)), sigmoid(gate(1, j)));
                            let new = (a[2 * hidden + j] + r * b[2 * hidden + j]).tanh();
                            (1.0 - z) * new + z * h[j]
                        }
                        Cell::Lstm => {
                            c[j] = sigmoid(gate(1, j)) * c[j] + sigmoid(gate(0, j)) * gate(2, j).tanh();
                            sigmoid(gate(3, j)) * c[j].tanh()
                        }
                    })
                    .collect();
                if let Some(w_hr) = self.w_hr {
                    h = times(w_hr, &h);
                }
                y[place * outputs..(place + 1) * outputs].copy_from_slice(&h);
            }
            last_h.extend(h);
            last_c.extend(c);
        }
        [y, last_h, last_c]
    }
}

/// A recurrence with everything drawn at random.
struct Random {
    cell: Cell,
    s: Sequence,
    operands: Operands<Tensor>,
    lengths: Option<Tensor>,
}

impl Random {
    fn new(seed: u64) -> Random {
        let mut rng = seeded(seed);
        let cell = [Cell::Tanh, Cell::Relu, Cell::Gru, Cell::Lstm][(seed % 4) as usize];
        let [steps, rows, inputs, hidden] =
            [rng.random_range(0..6), rng.random_range(0..7), rng.random_range(1..5), rng.random_range(1..6)];
        let [biased, started, masked, reverse, projected]: [bool; 5] = rng.random();
        let projected = projected && cell == Cell::Lstm;
        let outputs = if projected { rng.random_range(1..4) } else { hidden };
        let gates = hidden * [1, 1, 3, 4][(seed % 4) as usize];
        let mut numbers = |shape: &[usize]| Tensor::randn(shape, DType::F64, &mut rng).expect("small").requires_grad();
        let operands = Operands {
            x: numbers(&[steps, rows, inputs]),
            w_ih: numbers(&[gates, inputs]),
            w_hh: numbers(&[gates, outputs]),
            biases: biased.then(|| [numbers(&[gates]), numbers(&[gates])]),
            h: started.then(|| numbers(&[rows, outputs])),
            c: (started && cell == Cell::Lstm).then(|| numbers(&[rows, hidden])),
            w_hr: projected.then(|| numbers(&[outputs, hidden])),
        };
        let lengths = (0..rows).map(|_| rng.random_range(0..=steps as i64)).collect::<Vec<_>>();
        let lengths = masked.then(|| Tensor::from_vec(lengths, &[rows]).expect("as many"));
        let s = Sequence { cell, steps, rows, inputs, hidden, outputs, projected, reverse, masked };
        Random { cell, s, operands, lengths }
    }

    fn options(&self) -> Recurrence {
        let Operands { biases, h, c, w_hr, .. } = &self.operands;
        let mut options = Recurrence::new().reverse(self.s.reverse);
        options.biases.clone_from(biases);
        options.state.clone_from(h);
        options.cell.clone_from(c);
        options.projection.clone_from(w_hr);
        options.lengths.clone_from(&self.lengths);
        options
    }

    /// Outputs, last state and last cell of the operation.
    fn fused(&self) -> [Tensor; 3] {
        let Operands { x, w_ih, w_hh, .. } = &self.operands;
        let ends = run("recurrence", self.cell, x, [w_ih, w_hh], &self.options()).expect("all of it fits");
        [ends.y, ends.h, ends.c]
    }

    /// The same of the twin.
    fn composed(&self) -> [Tensor; 3] {
        let (s, kept) = (&self.s, self.s.kept());
        let out = twin(s, &self.operands, self.lengths.as_ref()).expect("all of it fits");
        let (block, cells) = (s.rows * s.outputs, if s.cell == Cell::Lstm { s.hidden } else { 0 });
        let part = |start: usize, shape: &[usize]| {
            out.narrow(0, start, shape.iter().product::<usize>()).and_then(|x| x.reshape(shape)).expect("a part")
        };
        let y = if s.masked { kept.h + kept.cell } else { s.shown() * block };
        [
            part(y, &[s.steps, s.rows, s.outputs]),
            part(s.last() * block, &[s.rows, s.outputs]),
            part(kept.h, &[s.rows, cells]),
        ]
    }

    fn plain(&self) -> [Vec<f64>; 3] {
        let numbers = self.operands.map(|_, x| x.to_f64s());
        let lengths = self.lengths.as_ref().map(|x| x.to_f64s().into_iter().map(|x| x as usize).collect::<Vec<_>>());
        let s = &self.s;
        let plain = Plain {
            x: &numbers.x,
            w_ih: &numbers.w_ih,
            w_hh: &numbers.w_hh,
            biases: numbers.biases.as_ref().map(|[b_ih, b_hh]| [&b_ih[..], &b_hh[..]]),
            h: numbers.h.as_deref(),
            c: numbers.c.as_deref(),
            w_hr: numbers.w_hr.as_deref(),
            lengths: lengths.as_deref(),
            reverse: s.reverse,
        };
        plain.run(s.cell, [s.steps, s.rows, s.inputs, s.hidden])
    }
}

fn near(what: &str, seed: u64, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}, seed {seed}");
    // Not a largest difference, which passes over NaN.
    let near = got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs().max(1.0));
    assert!(near, "{what}, seed {seed}: {got:?}, {want:?}");
}

/// A number that depends on all ends, each with weights of its own.
fn weighted(ends: &[Tensor; 3], seed: u64) -> Tensor {
    let mut rng = seeded(seed);
    let sums = ends.iter().map(|end| {
        let weights = Tensor::randn(end.shape(), DType::F64, &mut rng).expect("small");
        end.try_mul(&weights).expect("one shape").sum()
    });
    sums.reduce(|a, b| a.try_add(&b).expect("numbers")).expect("three")
}

#[test]
fn values_and_derivatives_agree_with_the_twin_and_the_definition() {
    for seed in 0..200 {
        let random = Random::new(seed);
        let (fused, composed, plain) = (random.fused(), random.composed(), random.plain());
        for (i, what) in ["outputs", "last state", "last cell"].into_iter().enumerate() {
            if i == 2 && random.cell != Cell::Lstm {
                continue;
            }
            near(what, seed, &fused[i].to_f64s(), &plain[i]);
            near(what, seed, &composed[i].to_f64s(), &plain[i]);
        }
        let inputs = random.operands.list();
        let (of_fused, of_composed) = (weighted(&fused, seed), weighted(&composed, seed));
        let one = of_fused.detach().ones_like();
        // Without a step nothing but a first state takes part, and the twin of one that is not given is a constant.
        let recorded = |y: &Tensor| match y.is_tracked() {
            true => grad_with(&[(y, &one)], &inputs).expect("differentiable"),
            false => vec![None; inputs.len()],
        };
        let (first, first_composed) = (recorded(&of_fused), recorded(&of_composed));
        let plainly = of_fused.backward_keep().expect("tracked");
        let mut seconds = Vec::new();
        for all in [&first, &first_composed] {
            let squares = all.iter().flatten().map(|g| g.square().sum());
            let sum = squares.reduce(|a, b| a.try_add(&b).expect("numbers"));
            seconds.push(sum.map_or_else(|| vec![None; inputs.len()], |sum| recorded(&sum)));
        }
        let numbers = |g: &Option<Tensor>, x: &Tensor| g.as_ref().map_or(vec![0.0; x.numel()], Tensor::to_f64s);
        for (i, x) in inputs.into_iter().enumerate() {
            let want = numbers(&first_composed[i], x);
            near("recorded gradient", seed, &numbers(&first[i], x), &want);
            near("plain gradient", seed, &numbers(&plainly.get(x).cloned(), x), &want);
            near("second derivative", seed, &numbers(&seconds[0][i], x), &numbers(&seconds[1][i], x));
        }
    }
}

#[test]
fn what_follows_the_end_of_a_sample_counts_nothing() {
    for seed in 0..40 {
        let random = Random::new(seed);
        let (Some(lengths), true) = (&random.lengths, random.s.steps > 0) else { continue };
        // NaN behind the ends.
        let places =
            Tensor::arange(0.0, random.s.steps as f64, 1.0, DType::I64).expect("few").unsqueeze(1).expect("a dim");
        let behind = places.ge(lengths).expect("they broadcast").unsqueeze(2).expect("a dim");
        let nan = Tensor::full(&[], f64::NAN, DType::F64).expect("one");
        let x = behind.where_cond(&nan, &random.operands.x.detach()).expect("they broadcast").requires_grad();
        let spoiled =
            run("recurrence", random.cell, &x, [&random.operands.w_ih, &random.operands.w_hh], &random.options())
                .expect("all of it fits");
        let fused = random.fused();
        near("outputs", seed, &spoiled.y.to_f64s(), &fused[0].to_f64s());
        near("last state", seed, &spoiled.h.to_f64s(), &fused[1].to_f64s());
        let inputs = random.operands.list();
        let spoiled_inputs: Vec<&Tensor> = std::iter::once(&x).chain(inputs[1..].iter().copied()).collect();
        let got = derivatives(&weighted(&[spoiled.y, spoiled.h, spoiled.c], seed), &spoiled_inputs);
        let want = derivatives(&weighted(&fused, seed), &inputs);
        assert_eq!(got.len(), want.len(), "seed {seed}");
        for (got, want) in got.iter().zip(&want) {
            near("a derivative", seed, got, want);
        }
    }
}

/// The gradients of a plain and of a recorded walk, and those of the latter's squares.
fn derivatives(y: &Tensor, inputs: &[&Tensor]) -> Vec<Vec<f64>> {
    if !y.is_tracked() {
        return vec![];
    }
    let numbers = |g: Option<&Tensor>, x: &Tensor| g.map_or(vec![0.0; x.numel()], Tensor::to_f64s);
    let plain = y.backward_keep().expect("tracked");
    let mut all: Vec<Vec<f64>> = inputs.iter().map(|x| numbers(plain.get(x), x)).collect();
    let one = y.detach().ones_like();
    let first = grad_with(&[(y, &one)], inputs).expect("differentiable");
    all.extend(first.iter().zip(inputs).map(|(g, x)| numbers(g.as_ref(), x)));
    let squares = first.iter().flatten().map(|g| g.square().sum());
    let sum = squares.reduce(|a, b| a.try_add(&b).expect("numbers"));
    let Some(sum) = sum.filter(Tensor::is_tracked) else { return all };
    let second = grad_with(&[(&sum, &one)], inputs).expect("twice differentiable");
    all.extend(second.iter().zip(inputs).map(|(g, x)| numbers(g.as_ref(), x)));
    all
}

#[test]
fn a_projection_of_nothing_is_zero() {
    let numbers = |shape: &[usize]| Tensor::ones(shape, DType::F64).expect("small").requires_grad();
    let (x, first) = (numbers(&[2, 2, 3]), numbers(&[2, 1]));
    let weights = [numbers(&[0, 3]), numbers(&[0, 1])];
    for reverse in [false, true] {
        // The first sample has no step, and keeps the state that it is given.
        let options = Recurrence::new().projection(&numbers(&[1, 0])).state(&first).reverse(reverse);
        let (y, h, c) = x.lstm(&weights[0], &weights[1], options.clone()).expect("all of it fits");
        assert_eq!((y.to_f64s(), h.to_f64s(), c.shape()), (vec![0.0; 4], vec![0.0; 2], &[2, 0][..]));
        let options = options.lengths(&Tensor::from([0, 1]));
        let (y, h, _) = x.lstm(&weights[0], &weights[1], options).expect("all of it fits");
        assert_eq!((y.to_f64s(), h.to_f64s()), (vec![0.0; 4], vec![1.0, 0.0]));
        let found = h.sum().backward_keep().expect("tracked");
        assert_eq!(found.get(&first).map(Tensor::to_f64s), Some(vec![1.0, 0.0]));
        let recorded = grad_with(&[(&h.sum(), &Tensor::ones(&[], DType::F64).expect("one"))], &[&first]);
        assert_eq!(recorded.expect("tracked")[0].as_ref().map(Tensor::to_f64s), Some(vec![1.0, 0.0]));
    }
}
