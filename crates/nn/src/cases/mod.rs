//! Cases beside layers, losses and initialisers, and the suites they run through.
//!
//! A case says how a thing is built, what it gives and what it refuses; the suite of its family checks everything else.
//! A file ends with its cases:
//!
//! ```text
//! #[cfg(test)]
//! cases![layer("Linear", |rng| Linear::new(3, 2, rng)).state(&["weight", "bias"]).maps(&[4, 3], &[4, 2])];
//! ```

mod alike;
mod init;
mod layer;
mod loss;

pub(crate) use init::{made, start};
pub(crate) use layer::{activation, layer};
pub(crate) use loss::{Case as LossCase, Expected, each, loss};

use autograd_core::{DType, Tensor, seeded};

/// The cases of a file: one test, which reports every property that fails.
macro_rules! cases {
    [$($case:expr),+ $(,)?] => {
        #[test]
        fn cases() {
            #[allow(unused_imports, reason = "a file may have rows of one sort only")]
            use crate::cases::{activation, each, layer, loss, made, start};
            let mut failures: Vec<String> = Vec::new();
            $(failures.extend($case.failures());)+
            assert!(failures.is_empty(), "\n{}", failures.join("\n"));
        }
    };
}

/// A property holds, or the reason why not.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A property of a family's cases, by name.
type Property<C> = (&'static str, fn(&C) -> Outcome);

/// Runs a case through all properties; returns those that fail.
fn failures<C>(name: &str, case: &C, properties: &[Property<C>]) -> Vec<String> {
    let failed = properties.iter().filter_map(|(property, holds)| Some((property, holds(case).err()?)));
    failed.map(|(property, reason)| format!("{name}: {property}: {reason}")).collect()
}

fn randn(shape: &[usize], dtype: DType, seed: u64) -> Tensor {
    Tensor::randn(shape, dtype, &mut seeded(seed)).expect("small")
}

/// The elements to the last bit: NaN is itself.
fn bits(x: &Tensor) -> Vec<u64> {
    x.to_f64s().into_iter().map(f64::to_bits).collect()
}

/// Tensors with more elements along a dim than memory holds, of which few are there: all are the same one, or none is,
/// for another dim is 0.
fn vast(x: &Tensor) -> crate::Result<Vec<Tensor>> {
    // Beyond all address spaces.
    const BEYOND: isize = 1 << 48;
    let one = Tensor::full(&vec![1; x.rank()], 1.0, x.dtype())?;
    let mut all = Vec::new();
    for d in 0..x.rank() {
        let mut sizes = x.shape().iter().map(|size| *size as isize).collect::<Vec<_>>();
        sizes[d] = BEYOND;
        all.push(if x.numel() == 0 { one.clone() } else { x.narrow(d as isize, 0, 1)? }.expand(&sizes)?);
        for other in (0..x.rank()).filter(|other| *other != d) {
            let mut nothing = sizes.clone();
            nothing[other] = 0;
            all.push(one.narrow(other as isize, 0, 0)?.expand(&nothing)?);
        }
    }
    Ok(all)
}

pub(crate) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(reason().into()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(got: T, want: T) -> Outcome {
    ensure(got == want, || format!("got {got:?}, want {want:?}"))
}

/// Values within `tolerance`, relative where they are above 1; NaN is near NaN, and an infinity near itself.
pub(crate) fn near(got: &[f64], want: &[f64], tolerance: f64) -> Outcome {
    let close = |a: f64, b: f64| {
        let near = b.is_finite() && (a - b).abs() <= tolerance * b.abs().max(1.0);
        a == b || a.is_nan() && b.is_nan() || near
    };
    let same = got.len() == want.len() && got.iter().zip(want).all(|(a, b)| close(*a, *b));
    ensure(same, || format!("got {got:?}, want {want:?}"))
}

/// The error text of something that must fail.
fn refused<T>(result: crate::Result<T>) -> Outcome<String> {
    match result {
        Ok(_) => Err("not refused".into()),
        Err(error) => Ok(error.to_string()),
    }
}
