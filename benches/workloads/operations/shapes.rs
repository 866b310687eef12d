//! Elements in other places.

use super::{List, indices};
use crate::workloads::Result;
use wengert::Tensor;
use wengert::core::PadMode;

const SQUARE: &[usize] = &[1024, 1024];

pub fn add(list: &mut List) -> Result {
    list.add("transpose_1024", &[SQUARE], |x| Ok(x[0].t()?.contiguous()));
    list.add("flip_1024", &[SQUARE], |x| x[0].flip(&[1]));
    list.add("roll_1024", &[SQUARE], |x| x[0].roll(&[3, 5], &[0, 1]));
    list.add("cat0_1024", &[SQUARE, SQUARE], |x| Tensor::cat(&[&x[0], &x[1]], 0));
    list.add("cat1_1024", &[SQUARE, SQUARE], |x| Tensor::cat(&[&x[0], &x[1]], 1));
    list.add("tril_1024", &[SQUARE], |x| x[0].tril(0));
    list.add("pad_64x32", &[&[16, 64, 32, 32]], |x| x[0].pad(&[1; 4], PadMode::Constant(0.0)));
    list.add("windows_64x512", &[&[16, 64, 512]], |x| Ok(x[0].unfold(2, 8, 4)?.contiguous()));
    let columns = indices(&[1024], 1024)?;
    list.add("index_select1_1024", &[SQUARE], move |x| x[0].index_select(1, &columns));
    let places = indices(SQUARE, 1024)?;
    list.add("scatter_add0_1024", &[SQUARE, SQUARE], move |x| x[0].scatter_add(0, &places, &x[1]));
    list.add("cross_100k", &[&[100_000, 3], &[100_000, 3]], |x| x[0].cross(&x[1], 1));
    list.add("outer_1024", &[&[1024], &[1024]], |x| x[0].outer(&x[1]));
    list.add("bmul_64x32", &[&[16, 64, 32, 32], &[64, 1, 1]], |x| x[0].try_mul(&x[1]));
    Ok(())
}
