//! Products of matrices.

use super::List;
use crate::workloads::Result;
use wengert::Tensor;

pub fn add(list: &mut List) -> Result {
    list.add("matmul_256x784x256", &[&[256, 784], &[784, 256]], |x| x[0].matmul(&x[1]));
    list.add("matmul_1024", &[&[1024, 1024], &[1024, 1024]], |x| x[0].matmul(&x[1]));
    // One sample, two, and a few, as a linear layer multiplies them.
    list.add("linear_1x1024", &[&[1, 1024], &[1024, 1024]], |x| x[0].matmul(&x[1].t()?));
    list.add("linear_2x1024", &[&[2, 1024], &[1024, 1024]], |x| x[0].matmul(&x[1].t()?));
    list.add("linear_16x1024", &[&[16, 1024], &[1024, 1024]], |x| x[0].matmul(&x[1].t()?));
    list.add("bmm_64x128", &[&[64, 128, 128], &[64, 128, 128]], |x| x[0].bmm(&x[1]));
    let einsum = |equation: &'static str| move |x: &[Tensor]| Tensor::einsum(equation, &x.iter().collect::<Vec<_>>());
    list.add("einsum_bhid_bhjd", &[&[16, 4, 64, 32], &[16, 4, 64, 32]], einsum("bhid,bhjd->bhij"));
    list.add("einsum_ij_jk_kl", &[&[256, 256], &[256, 256], &[256, 256]], einsum("ij,jk,kl->il"));
    list.add("einsum_bi_bj_ij", &[&[512, 64], &[512, 64], &[64, 64]], einsum("bi,bj,ij->b"));
    list.add("cdist_512x64", &[&[512, 64], &[512, 64]], |x| x[0].cdist(&x[1], 2.0));
    Ok(())
}
