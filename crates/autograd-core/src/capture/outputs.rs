//! The values that a captured function may return.

use crate::tape::Gradients;
use crate::tensor::Tensor;

/// A value made of tensors: tensors, gradients, and tuples, arrays, lists and options of such.
///
/// # Examples
/// ```
/// use autograd_core::{Outputs, Tensor};
/// let (mut made, mut count) = ((Tensor::from(1.0), vec![Tensor::from(2.0), Tensor::from(3.0)]), 0);
/// made.tensors(&mut |_| count += 1);
/// assert_eq!(count, 3);
/// ```
pub trait Outputs {
    /// Calls `see` with every tensor, always in the same order.
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor));
}

impl Outputs for () {
    fn tensors<'a>(&'a mut self, _: &mut dyn FnMut(&'a mut Tensor)) {}
}

impl Outputs for Tensor {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        see(self);
    }
}

impl Outputs for Gradients {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        self.iter_mut().for_each(see);
    }
}

impl<T: Outputs> Outputs for Option<T> {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        self.iter_mut().for_each(|part| part.tensors(see));
    }
}

impl<T: Outputs> Outputs for Vec<T> {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        self.iter_mut().for_each(|part| part.tensors(see));
    }
}

impl<T: Outputs, const N: usize> Outputs for [T; N] {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        self.iter_mut().for_each(|part| part.tensors(see));
    }
}

macro_rules! tuples {
    ($($($part:ident $at:tt),+;)+) => {$(
        impl<$($part: Outputs),+> Outputs for ($($part,)+) {
            fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
                $(self.$at.tensors(see);)+
            }
        }
    )+};
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
}
