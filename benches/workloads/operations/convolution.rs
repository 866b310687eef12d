//! Convolutions and pooling.

use super::List;
use crate::workloads::Result;
use wengert::core::{Conv, MaxPool};

pub fn add(list: &mut List) -> Result {
    let mut conv = |name: &str, [n, c, size]: [usize; 3], weight: [usize; 4], padding: usize, groups: usize| {
        let conv = Conv::new().padding(padding).groups(groups);
        list.add(name, &[&[n, c, size, size], &weight], move |x| x[0].conv2d(&x[1], None, conv.clone()));
    };
    conv("conv2d_64c3", [16, 64, 32], [64, 64, 3, 3], 1, 1);
    conv("conv2d_128c3", [16, 128, 16], [128, 128, 3, 3], 1, 1);
    conv("conv2d_256c3", [16, 256, 8], [256, 256, 3, 3], 1, 1);
    conv("conv2d_512c3", [16, 512, 4], [512, 512, 3, 3], 1, 1);
    conv("conv2d_64c1", [16, 64, 32], [64, 64, 1, 1], 0, 1);
    conv("conv2d_64dw3", [16, 64, 32], [64, 1, 3, 3], 1, 64);
    conv("conv2d_lenet1", [64, 1, 28], [6, 1, 5, 5], 2, 1);
    conv("conv2d_lenet2", [64, 6, 14], [16, 6, 5, 5], 0, 1);
    list.add("maxpool2d_64x32", &[&[16, 64, 32, 32]], |x| x[0].max_pool2d(MaxPool::new(2)));
    Ok(())
}
