//! Decompositions of matrices that are far from singular; A and B of `solve` have the same size.

use super::List;
use crate::workloads::Result;
use wengert::core::{SvdMode, Triangle};
use wengert::{DType, Tensor, seeded};

pub fn add(list: &mut List) -> Result {
    for n in [16, 128, 512] {
        let heavy = Tensor::eye(n, DType::F32)?.mul_scalar(2.0 * (n as f64).sqrt());
        let a = Tensor::randn(&[n, n], DType::F32, &mut seeded(8))?;
        let symmetric = a.matmul(&a.t()?)?.div_scalar(n as f64).try_add(&Tensor::eye(n, DType::F32)?)?;
        // The input is added, so that a gradient is asked for; it is small, so that it decides nothing.
        let near = move |x: &Tensor, a: &Tensor| a.try_add(&x.mul_scalar(1e-3));
        let (one, two): (&[&[usize]], &[&[usize]]) = (&[&[n, n]], &[&[n, n], &[n, n]]);
        let far = heavy.clone();
        list.add(&format!("solve_{n}"), two, move |x| near(&x[0], &far)?.solve(&x[1]));
        list.add(&format!("inv_{n}"), one, move |x| near(&x[0], &heavy)?.inv());
        let a = symmetric.clone();
        list.add(&format!("cholesky_{n}"), one, move |x| near(&x[0], &a)?.cholesky(Triangle::Lower));
        list.add(&format!("eigh_{n}"), one, move |x| Ok(near(&x[0], &symmetric)?.eigh(Triangle::Lower)?.1));
        list.add(&format!("svd_{n}"), one, |x| Ok(x[0].svd(SvdMode::Reduced)?.0));
    }
    Ok(())
}
