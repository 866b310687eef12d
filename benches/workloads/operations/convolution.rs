//! Convolutions, pooling and interpolation.

use super::List;
use crate::workloads::Result;
use wengert::core::{AvgPool, Conv, ConvTranspose, Interpolate, InterpolateMode, MaxPool};

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
    let image: &[usize] = &[16, 64, 32, 32];
    let mut conv = |name: &str, conv: Conv| {
        list.add(name, &[image, &[64, 64, 3, 3]], move |x| x[0].conv2d(&x[1], None, conv.clone()));
    };
    conv("conv2d_64c3s2", Conv::new().stride(2).padding(1));
    conv("conv2d_64c3d2", Conv::new().dilation(2).padding(2));
    list.add("conv1d_64c5", &[&[16, 64, 512], &[64, 64, 5]], |x| x[0].conv1d(&x[1], None, Conv::new().padding(2)));
    list.add("conv3d_16c3", &[&[4, 16, 16, 16, 16], &[16, 16, 3, 3, 3]], |x| {
        x[0].conv3d(&x[1], None, Conv::new().padding(1))
    });
    list.add("conv_transpose2d_64c4s2", &[image, &[64, 32, 4, 4]], |x| {
        x[0].conv_transpose2d(&x[1], None, ConvTranspose::new().stride(2).padding(1))
    });
    list.add("avgpool2d_64x32", &[image], |x| x[0].avg_pool2d(AvgPool::new(2)));
    list.add("adaptive_avgpool_64x32", &[image], |x| x[0].adaptive_avg_pool2d(1));
    for (name, mode) in [("nearest", InterpolateMode::Nearest), ("bilinear", InterpolateMode::Bilinear)] {
        let name = format!("{name}_64x32");
        list.add(&name, &[image], move |x| x[0].interpolate(Interpolate::scale_factor(2.0).mode(mode)));
    }
    Ok(())
}
