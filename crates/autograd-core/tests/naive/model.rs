//! The naive model: a shape and its elements in row-major order.

use autograd_core::{RngExt, SeededRng, Tensor, grad_with, seeded};

/// Random choices.
pub struct Dice(SeededRng);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seeded(seed))
    }

    /// From 0 to `n` − 1; 0 if there is nothing to choose from.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.0.random_range(0..n) }
    }

    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A number between −1 and 1.
    pub fn number(&mut self) -> f64 {
        self.0.random_range(-1.0..1.0)
    }

    /// A shape of rank 0 to `rank`, of sizes 0 to 4, mostly not 0.
    pub fn shape(&mut self, rank: usize) -> Vec<usize> {
        let rank = self.below(rank + 1);
        (0..rank).map(|_| if self.once_in(12) { 0 } else { 1 + self.below(4) }).collect()
    }

    /// A dim of a rank, counted from either side.
    pub fn dim(&mut self, d: usize, rank: usize) -> isize {
        if self.once_in(2) { d as isize } else { d as isize - rank as isize }
    }

    pub fn random(&mut self, shape: &[usize]) -> Model {
        let data = (0..shape.iter().product()).map(|_| self.number()).collect();
        Model { shape: shape.to_vec(), data }
    }

    /// Whole numbers below `n`, in a shape.
    pub fn positions(&mut self, shape: &[usize], n: usize) -> Model {
        let data = (0..shape.iter().product()).map(|_| self.below(n) as f64).collect();
        Model { shape: shape.to_vec(), data }
    }
}

#[derive(Clone, Debug)]
pub struct Model {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// All coordinates of a shape in row-major order.
pub fn coordinates(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<'_> {
    (0..shape.iter().product()).map(move |mut i: usize| {
        let mut at = vec![0; shape.len()];
        for (at, size) in at.iter_mut().zip(shape).rev() {
            *at = i % size;
            i /= size;
        }
        at
    })
}

impl Model {
    pub fn build(shape: &[usize], of: impl FnMut(Vec<usize>) -> f64) -> Model {
        Model { shape: shape.to_vec(), data: coordinates(shape).map(of).collect() }
    }

    /// The numbers 0, 1, 2 and so on.
    pub fn numbered(shape: &[usize]) -> Model {
        Model { shape: shape.to_vec(), data: (0..shape.iter().product::<usize>()).map(|i| i as f64).collect() }
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Where an element lies.
    pub fn place(&self, at: &[usize]) -> usize {
        assert_eq!(at.len(), self.rank());
        at.iter().zip(&self.shape).fold(0, |place, (at, size)| {
            assert!(at < size);
            place * size + at
        })
    }

    pub fn at(&self, at: &[usize]) -> f64 {
        self.data[self.place(at)]
    }

    pub fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.data, &self.shape).expect("as many as the shape says")
    }

    /// The same, lying in memory in another order, or with gaps.
    pub fn view(&self, dice: &mut Dice) -> Tensor {
        let x = self.tensor();
        let order: Vec<isize> = (0..x.rank() as isize).rev().collect();
        match dice.below(3) {
            0 => x,
            1 => x.permute(&order).and_then(|x| x.contiguous().permute(&order)).expect("a permutation"),
            _ => {
                let beside = x.unsqueeze(0).expect("at most five dims");
                let pair = Tensor::cat(&[&beside, &beside], 0).expect("two alike");
                let last: Vec<isize> = (1..=x.rank() as isize).chain([0]).collect();
                pair.permute(&last).expect("a permutation").contiguous().select(-1, 0).expect("the first of two")
            }
        }
    }

    pub fn integers(&self) -> Tensor {
        let data: Vec<i64> = self.data.iter().map(|x| *x as i64).collect();
        Tensor::from_vec(data, &self.shape).expect("as many as the shape says")
    }
}

/// The tensor has the model's shape and elements, to the bit or nearly.
pub fn agree(x: &Tensor, model: &Model, rtol: f64, what: &str) {
    assert_eq!(x.shape(), model.shape, "{what}: the shape");
    for (i, (x, want)) in x.to_f64s().into_iter().zip(&model.data).enumerate() {
        let near = x == *want || want.is_finite() && (x - want).abs() <= rtol * (1.0 + want.abs());
        assert!(near, "{what}: element {i} is {x}, not {want}");
    }
}

/// The gradient of ⟨y, seed⟩ by `x` in both kinds of walk is the model's.
pub fn gradient_is(y: &Tensor, seed: &Model, x: &Tensor, want: &Model, what: &str) {
    let seed = seed.tensor();
    let recorded = grad_with(&[(y, &seed)], &[x]).unwrap_or_else(|e| panic!("{what}: {e}"));
    let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("{what}: {e}"));
    agree(fused.get(x).expect("a leaf"), want, 1e-12, &format!("{what}, the gradient"));
    agree(recorded[0].as_ref().expect("it takes part"), want, 1e-12, &format!("{what}, the recorded gradient"));
}

/// For what only moves elements of a numbered leaf: the values of the result say where its gradient goes.
pub fn moved(leaf: &Tensor, y: &Tensor, model: &Model, dice: &mut Dice, what: &str) {
    agree(y, model, 0.0, what);
    let seed = dice.random(&model.shape);
    let mut want = Model::build(leaf.shape(), |_| 0.0);
    for (from, seed) in model.data.iter().zip(&seed.data) {
        want.data[*from as usize] += seed;
    }
    gradient_is(y, &seed, leaf, &want, what);
}
