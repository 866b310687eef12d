//! The values of a program, and the arguments that it draws.

use crate::steps::TABLE;
use autograd_core::memory::unwritten;
use autograd_core::{DType, Result, SeededRng, Tensor, seeded};
use rand::RngExt;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Part of the text of every error and panic about a size.
pub const TOO_LARGE: &str = "is too large (at most 64 dimensions, and no more bytes than memory holds)";

/// A program knows this many values at a time.
const KNOWN: usize = 14;

/// Up to so many elements a value is read; a step may not make more unless they are more than memory holds.
pub const READABLE: usize = 1 << 22;

/// No address space holds so many elements: a system may promise memory that it does not have.
pub const BEYOND: usize = 1 << 48;

/// The text of a panic.
pub fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text")
}

/// A program while it runs.
pub struct Machine {
    rng: SeededRng,
    values: Vec<Tensor>,
    /// The shapes that the current step has drawn, for the message.
    drawn: Vec<String>,
    /// What each step has shown.
    pub seen: Vec<String>,
}

impl Machine {
    pub fn new(seed: u64) -> Machine {
        let values =
            vec![Tensor::from([[1.0, -2.0, 0.5], [0.25, 3.0, -0.125]]).requires_grad(), Tensor::from([0, 2, 1])];
        Machine { rng: seeded(seed), values, drawn: Vec::new(), seen: Vec::new() }
    }

    /// The name of the next step.
    pub fn choose(&mut self) -> &'static str {
        self.drawn.clear();
        TABLE[self.below(TABLE.len())].0
    }

    /// The values that the step has drawn.
    pub fn used(&self) -> String {
        self.drawn.join(", ")
    }

    /// Runs a step, and looks at everything it makes.
    pub fn step(&mut self, name: &str) {
        let Some((_, step)) = TABLE.iter().find(|(known, _)| *known == name) else { return };
        let made = step(self);
        let mut line = name.to_string();
        match made {
            Err(error) => line += &format!(": {error}"),
            Ok(made) => {
                for value in made {
                    line += &format!(" {}", digest(&value));
                    let kept = value.numel() <= READABLE || value.numel() >= BEYOND;
                    if kept {
                        if self.values.len() == KNOWN {
                            let at = self.below(KNOWN);
                            drop(self.values.swap_remove(at));
                        }
                        self.values.push(value);
                    }
                }
            }
        }
        self.seen.push(line);
    }

    /// A number below this one.
    pub fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// True once in this many times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A value of the program.
    pub fn value(&mut self) -> Tensor {
        let at = self.below(self.values.len());
        let value = self.values[at].clone();
        let strides = if value.is_contiguous() { String::new() } else { format!(" by {:?}", value.strides()) };
        self.drawn.push(format!("{}{:?}{strides}", value.dtype(), value.shape()));
        value
    }

    /// A value of few elements.
    pub fn small(&mut self) -> Tensor {
        for _ in 0..8 {
            let value = self.value();
            if value.numel() <= 64 {
                return value;
            }
        }
        Tensor::from([0.5, -1.5])
    }

    /// A float value, made of an integer one where need be.
    pub fn float(&mut self) -> Tensor {
        let value = self.value();
        if value.dtype().is_float() || value.numel() > READABLE || value.numel() == 0 {
            value
        } else {
            value.to_dtype(DType::F32)
        }
    }

    /// A value of this shape: a leaf or a constant, in order, turned or expanded; sometimes any value at all. One of
    /// more elements than are read is a number expanded.
    pub fn made(&mut self, shape: &[usize], dtype: DType) -> Tensor {
        if self.once_in(25) {
            return self.float();
        }
        let tracked = self.once_in(2);
        let leaf = |x: Tensor| if tracked { x.requires_grad() } else { x };
        let small = |size: &usize| if *size < BEYOND { *size } else { 1 };
        let mut sizes: Vec<usize> = shape.iter().map(small).collect();
        if self.once_in(8) && !sizes.is_empty() {
            let at = self.below(sizes.len());
            sizes[at] = sizes[at].min(1);
        }
        let turned = self.once_in(3);
        if turned {
            sizes.reverse();
        }
        let numbers = self.numbers(sizes.iter().product());
        let value = Tensor::from_vec(numbers, &sizes).map(|x| leaf(x.to_dtype(dtype)));
        let back: Vec<isize> = (0..sizes.len() as isize).rev().collect();
        let value = if turned { value.and_then(|x| x.permute(&back)) } else { value };
        let whole: Vec<isize> = shape.iter().map(|size| *size as isize).collect();
        let value = value.and_then(|x| x.expand(&whole)).expect("a shape that a tensor can have");
        self.drawn.push(format!("{dtype}{shape:?} by {:?}", value.strides()));
        value
    }

    pub fn dtype(&mut self) -> DType {
        self.of(&[DType::F32, DType::F32, DType::F64, DType::I64, DType::Bool])
    }

    pub fn size(&mut self) -> usize {
        self.of(&[0, 1, 1, 2, 2, 3, 3, 4, 5, 7])
    }

    /// A shape: mostly small, sometimes of enough elements to be shared, seldom of more than memory holds.
    pub fn shape(&mut self) -> Vec<usize> {
        if self.once_in(40) {
            return self.of(&[&[140_000][..], &[3, 50_000], &[50_000, 3], &[2, 40_000, 2]]).to_vec();
        }
        let rank = self.below(5);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.size()).collect();
        if self.once_in(20) {
            shape.push(self.of(&[BEYOND, 1 << 50, 1 << 62, usize::MAX]));
        }
        shape
    }

    /// A dim, mostly one that a tensor may have.
    pub fn dim(&mut self) -> isize {
        if self.once_in(20) { self.of(&[isize::MIN, isize::MAX, 64, -64]) } else { self.below(6) as isize - 3 }
    }

    pub fn dims(&mut self) -> Vec<isize> {
        (0..self.below(4)).map(|_| self.dim()).collect()
    }

    /// An offset or a size with a sign.
    pub fn place(&mut self) -> isize {
        let wild = [isize::MIN, isize::MAX, BEYOND as isize, -(BEYOND as isize), 1 << 62];
        if self.once_in(10) { self.of(&wild) } else { self.below(12) as isize - 5 }
    }

    /// A length.
    pub fn len(&mut self) -> usize {
        if self.once_in(10) { self.of(&[usize::MAX, isize::MAX as usize, BEYOND]) } else { self.below(9) }
    }

    pub fn number(&mut self) -> f64 {
        let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e-300, 1e-310, f64::MAX, 9e15];
        if self.once_in(8) { self.of(&wild) } else { self.of(&[0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 0.1]) }
    }

    /// Numbers for a shape of few elements.
    pub fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| if self.once_in(30) { self.number() } else { self.rng.random_range(-2.0..2.0) }).collect()
    }

    pub fn seed(&mut self) -> u64 {
        self.rng.random()
    }
}

/// Everything a value says; of one with more elements than memory holds, only the shape.
pub fn digest(x: &Tensor) -> String {
    assert!(!unwritten(x), "an element that nothing wrote");
    let mut sum = 0u64;
    if x.numel() <= READABLE {
        for bits in x.to_f64s().into_iter().map(f64::to_bits) {
            sum = sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ bits;
        }
    }
    format!("{}{:?}:{sum:x}", x.dtype(), x.shape())
}

/// The elements of the broadcast result of two shapes; 0 if they do not broadcast.
pub fn broadcast(a: &[usize], b: &[usize]) -> usize {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], i: usize| shape.len().checked_sub(i).map_or(1, |at| shape[at]);
    let sizes = (1..=rank).map(|i| match (size(a, i), size(b, i)) {
        (1, y) => Some(y),
        (x, 1) => Some(x),
        (x, y) => (x == y).then_some(x),
    });
    sizes.collect::<Option<Vec<_>>>().map_or(0, |sizes| sizes.into_iter().fold(1, usize::saturating_mul))
}

/// Whether a machine can make so many elements at once, or surely none can.
pub fn is_decided(elements: usize) -> bool {
    elements <= READABLE || elements >= BEYOND
}

/// Runs an operation that returns a plain value: it may panic only because there is no room for its elements.
pub fn plain(elements: usize, f: impl FnOnce() -> Tensor) -> Result<Vec<Tensor>> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Ok(vec![value]),
        Err(panic) if elements >= BEYOND && text_of(&*panic).contains(TOO_LARGE) => Ok(vec![]),
        Err(panic) => resume_unwind(panic),
    }
}
