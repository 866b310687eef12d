//! Single operations: `fwd` is the forward pass alone, nothing recorded; `fb` is forward and backward.
//!
//! The numbers in the names are the sizes: `1m` is 1,048,576 elements. The upstream gradient is all ones, made in the
//! first step.

mod attention;
mod convolution;
mod decompositions;
mod elementwise;
mod matrices;
mod order;
mod rows;
mod shapes;
mod special;

use super::{Result, Step, Workload};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use wengert::core;
use wengert::{DType, Tensor, seeded};

/// All operations, each forward and with its backward pass.
pub fn all() -> Result<Vec<Workload>> {
    let mut list = List::default();
    elementwise::add(&mut list)?;
    special::add(&mut list)?;
    shapes::add(&mut list)?;
    matrices::add(&mut list)?;
    rows::add(&mut list)?;
    order::add(&mut list)?;
    convolution::add(&mut list)?;
    attention::add(&mut list)?;
    decompositions::add(&mut list)?;
    Ok(list.0)
}

#[derive(Default)]
struct List(Vec<Workload>);

impl List {
    /// An operation on random inputs of these shapes.
    fn add(&mut self, name: &str, shapes: &[&[usize]], f: impl FnMut(&[Tensor]) -> core::Result<Tensor> + 'static) {
        let shapes: Vec<Vec<usize>> = shapes.iter().map(|shape| shape.to_vec()).collect();
        let f = Rc::new(RefCell::new(f));
        let (same, sizes) = (f.clone(), shapes.clone());
        let forward = move || -> Result<Step> {
            let inputs = random(&sizes)?;
            Ok(Box::new(move || {
                drop(black_box((same.borrow_mut())(&inputs)?));
                Ok(())
            }))
        };
        let both = move || -> Result<Step> {
            let leaves: Vec<Tensor> = random(&shapes)?.iter().map(Tensor::requires_grad).collect();
            let mut ones = None;
            Ok(Box::new(move || {
                let y = (f.borrow_mut())(&leaves)?;
                let ones = ones.get_or_insert_with(|| y.detach().ones_like());
                drop(black_box(y.backward_with(ones)?));
                Ok(())
            }))
        };
        self.0.push(Workload { name: format!("{name}/fwd"), setup: Box::new(forward) });
        self.0.push(Workload { name: format!("{name}/fb"), setup: Box::new(both) });
    }
}

fn random(shapes: &[Vec<usize>]) -> Result<Vec<Tensor>> {
    let mut rng = seeded(7);
    Ok(shapes.iter().map(|shape| Tensor::randn(shape, DType::F32, &mut rng)).collect::<core::Result<_>>()?)
}

/// Random indices below `n`.
fn indices(shape: &[usize], n: usize) -> Result<Tensor> {
    Ok(Tensor::rand(shape, DType::F32, &mut seeded(9))?.mul_scalar(n as f64).to_dtype(DType::I64))
}
