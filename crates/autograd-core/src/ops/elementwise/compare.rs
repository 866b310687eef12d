//! Comparisons and the logic of masks. Their results are `Bool` and carry no gradient.
//!
//! forward    z = a < b, ..

use crate::error::Result;
use crate::kernels::memory::Plain;
use crate::kernels::nest::Nest;
use crate::kernels::zip::{Function2, zip2};
use crate::ops::check::{Check, strides_in};
use crate::tensor::{DType, Tensor, for_any};

fn compare<F>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor>
where
    F: Function2<f32, f32, u8> + Function2<f64, f64, u8> + Function2<i64, i64, u8> + Function2<u8, u8, u8>,
{
    let dtype = Check(op).same_dtype(a, b)?;
    let shape = Check(op).broadcast(a.shape(), b.shape())?;
    let nest = Nest::new(&shape, [&strides_in(a, &shape), &strides_in(b, &shape)]);
    Ok(for_any!(dtype, T => Tensor::build::<u8>(&shape, |z| {
        zip2(f, &nest, a.strided::<T>(), b.strided::<T>(), z);
    })))
}

macro_rules! comparison {
    ($($name:ident $struct:ident $sign:tt $words:literal;)*) => {$(
        #[derive(Clone, Copy)]
        struct $struct;
        impl<T: Plain + PartialOrd> Function2<T, T, u8> for $struct {
            #[inline(always)]
            fn call(self, a: T, b: T) -> u8 {
                u8::from(a $sign b)
            }
        }
        impl Tensor {
            #[doc = concat!("Where `a ", stringify!($sign), " b`: ", $words, ". The operands are broadcast; a comparison with NaN is false, `ne` apart. The result is `Bool`.")]
            ///
            /// # Errors
            /// If the shapes do not broadcast or the dtypes differ.
            pub fn $name(&self, other: &Tensor) -> Result<Tensor> {
                compare(stringify!($name), self, other, $struct)
            }
        }
    )*};
}
comparison! {
    eq Eq == "equal";
    ne Ne != "not equal";
    lt Lt < "less";
    le Le <= "less or equal";
    gt Gt > "greater";
    ge Ge >= "greater or equal";
}

#[derive(Clone, Copy)]
struct And;
impl Function2<u8, u8, u8> for And {
    #[inline(always)]
    fn call(self, a: u8, b: u8) -> u8 {
        a & b
    }
}

#[derive(Clone, Copy)]
struct Or;
impl Function2<u8, u8, u8> for Or {
    #[inline(always)]
    fn call(self, a: u8, b: u8) -> u8 {
        a | b
    }
}

fn logic<F: Function2<u8, u8, u8>>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor> {
    Check(op).dtype(a, DType::Bool)?;
    Check(op).dtype(b, DType::Bool)?;
    let shape = Check(op).broadcast(a.shape(), b.shape())?;
    let nest = Nest::new(&shape, [&strides_in(a, &shape), &strides_in(b, &shape)]);
    Ok(Tensor::build::<u8>(&shape, |z| zip2(f, &nest, a.strided(), b.strided(), z)))
}

impl Tensor {
    /// Where both masks are true.
    ///
    /// # Errors
    /// If the shapes do not broadcast or an operand is not `Bool`.
    pub fn logical_and(&self, other: &Tensor) -> Result<Tensor> {
        logic("logical_and", self, other, And)
    }

    /// Where at least one mask is true.
    ///
    /// # Errors
    /// If the shapes do not broadcast or an operand is not `Bool`.
    pub fn logical_or(&self, other: &Tensor) -> Result<Tensor> {
        logic("logical_or", self, other, Or)
    }

    /// Where the mask is false.
    ///
    /// # Errors
    /// If it is not `Bool`.
    pub fn logical_not(&self) -> Result<Tensor> {
        Check("logical_not").dtype(self, DType::Bool)?;
        let x = self.packed();
        Ok(Tensor::build::<u8>(x.shape(), |y| {
            y.iter_mut().zip(x.flat::<u8>()).for_each(|(y, x)| *y = x ^ 1);
        }))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let number = || Input::real(&[3, 4], -2.0..2.0);
    macro_rules! case {
        ($($name:ident $sign:tt),*) => {
            vec![$(Case::binary(stringify!($name), -2.0..2.0, -2.0..2.0, |a, b| a.$name(b), |a, b| f64::from(u8::from(a $sign b))).without_gradient()),*]
        };
    }
    let mut all = case!(eq ==, ne !=, lt <, le <=, gt >, ge >=);
    for (name, and) in [("logical_and", true), ("logical_or", false)] {
        let call = move |x: &[Tensor]| {
            let (a, b) = (x[0].gt(&x[0].zeros_like())?, x[1].gt(&x[1].zeros_like())?);
            if and { a.logical_and(&b) } else { a.logical_or(&b) }
        };
        let not_masks = move |x: &[Tensor]| if and { x[0].logical_and(&x[1]) } else { x[0].logical_or(&x[1]) };
        let shapes = move |x: &[Tensor]| call(&[x[0].clone(), x[1].t()?]);
        let reference = move |x: &[Vec<f64>]| {
            let pick = |(a, b): (&f64, &f64)| if and { *a > 0.0 && *b > 0.0 } else { *a > 0.0 || *b > 0.0 };
            x[0].iter().zip(&x[1]).map(|pair| f64::from(u8::from(pick(pair)))).collect()
        };
        let case = Case::new(name, vec![number(), number()], call).value(reference).without_gradient();
        all.push(case.refuses(not_masks, format!("{name}: dtype is F64, expected Bool; to_dtype converts")).refuses(
            shapes,
            format!("{name}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)"),
        ));
    }
    let not = Case::new("logical_not", vec![Input::mask(&[3, 4])], |x| x[0].logical_not())
        .value(|x| x[0].iter().map(|x| 1.0 - x).collect())
        .without_gradient()
        .refuses(
            |x| x[0].to_dtype(DType::I64).logical_not(),
            "logical_not: dtype is I64, expected Bool; to_dtype converts",
        );
    all.push(not);
    all
}];
