//! Reductions, scans and norms.

use super::{List, indices};
use crate::workloads::Result;

pub fn add(list: &mut List) -> Result {
    list.add("sum0_1024", &[&[1024, 1024]], |x| x[0].sum_dim(0));
    list.add("sum1_1024", &[&[1024, 1024]], |x| x[0].sum_dim(1));
    list.add("cumsum0_1024", &[&[1024, 1024]], |x| x[0].cumsum(0));
    list.add("cumsum1_1024", &[&[1024, 1024]], |x| x[0].cumsum(1));
    list.add("softmax_1024x1000", &[&[1024, 1000]], |x| x[0].softmax(1));
    let classes = indices(&[1024], 1000)?;
    list.add("lsmce_1024x1000", &[&[1024, 1000]], move |x| x[0].cross_entropy(&classes)?.mean());
    list.add("layernorm_1024x768", &[&[1024, 768], &[768], &[768]], |x| {
        x[0].layer_norm(&[768], Some(&x[1]), Some(&x[2]), 1e-5)
    });
    list.add("rmsnorm_1024x768", &[&[1024, 768], &[768]], |x| x[0].rms_norm(&[768], Some(&x[1]), Some(1e-5)));
    list.add("batchnorm_64x32", &[&[16, 64, 32, 32], &[64], &[64]], |x| {
        Ok(x[0].batch_norm(Some(&x[1]), Some(&x[2]), 1e-5)?.0)
    });
    list.add("groupnorm_64x32", &[&[16, 64, 32, 32], &[64], &[64]], |x| {
        x[0].group_norm(8, Some(&x[1]), Some(&x[2]), 1e-5)
    });
    list.add("norm3_1024", &[&[1024, 1024]], |x| x[0].norm(3.0, 1));
    list.add("var1_1024", &[&[1024, 1024]], |x| x[0].var_dim(1, 1.0));
    list.add("amax1_1024", &[&[1024, 1024]], |x| x[0].amax(1));
    list.add("logsumexp0_1024", &[&[1024, 1024]], |x| x[0].logsumexp(0));
    list.add("cummax1_1024", &[&[1024, 1024]], |x| Ok(x[0].cummax(1)?.0));
    list.add("prod_8", &[&[1 << 17, 8]], |x| x[0].prod_dim(1));
    Ok(())
}
