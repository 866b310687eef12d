//! That layers of networks are computed by transforms, and how near that is to the kernels that follow the definition.

use super::super::{Conv, Window, input, output, weight};
use crate::kernels::random::bits_at;

/// A convolution of planes with a kernel of 3 rows, whose output is as large as its input.
fn layer(images: usize, channels: usize, side: usize, width: usize) -> Conv {
    let window = Window {
        input: [1, side, side],
        kernel: [1, 3, width],
        stride: [1; 3],
        dilation: [1; 3],
        before: [0, 1, 1],
        output: [1, side, side],
    };
    Conv { images, groups: 1, inner: channels, outer: channels, window }
}

#[test]
fn layers_of_networks_are_transformed_in_single_precision_only() {
    for (channels, side) in [(64, 32), (128, 16), (256, 8), (512, 4)] {
        let conv = layer(16, channels, side, 3);
        assert!(conv.is_winograd::<f32>() && !conv.is_winograd::<f64>(), "{channels} channels of {side}²");
        assert!(
            conv.mirrored().is_some_and(|mirrored| mirrored.is_winograd::<f32>()),
            "{channels} channels of {side}²"
        );
    }
    assert!(!layer(16, 64, 32, 4).is_winograd::<f32>());
}

/// As many numbers between −1 and 1, of F32.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count).map(|i| (bits_at(seed, i as u64) >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
}

/// Kernels with a column of zeros to the right, or without their last column.
fn of_width<T: Copy>(w: &[T], from: usize, to: usize, zero: T) -> Vec<T> {
    w.chunks(from).flat_map(|row| (0..to).map(|c| row.get(c).copied().unwrap_or(zero))).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

/// The largest distance from what is right.
fn distance(got: &[f32], right: &[f64]) -> f64 {
    assert_eq!(got.len(), right.len());
    got.iter().zip(right).map(|(got, right)| (f64::from(*got) - right).abs()).fold(0.0, f64::max)
}

#[test]
fn errors_are_within_four_times_those_of_the_direct_kernel() {
    for (images, channels, side) in [(2, 64, 32), (4, 128, 16), (8, 256, 8)] {
        // The direct kernel takes what has a fourth column, and zeros there change no sum.
        let (conv, direct) = (layer(images, channels, side, 3), layer(images, channels, side, 4));
        assert!(conv.is_winograd::<f32>());
        let (x, y) = (numbers(images * channels * side * side, 1), numbers(images * channels * side * side, 2));
        let w = numbers(channels * channels * 9, 3);
        let w4 = of_width(&w, 3, 4, 0.0);
        let (wide_x, wide_y, wide_w) = (wide(&x), wide(&y), wide(&w));

        let (mut right, mut got, mut plain) = (vec![0.0; y.len()], vec![0.0; y.len()], vec![0.0; y.len()]);
        output(&conv, &wide_x, &wide_w, None, &mut right);
        output(&conv, &x, &w, None, &mut got);
        output(&direct, &x, &w4, None, &mut plain);
        let outputs = [distance(&got, &right), distance(&plain, &right)];

        input(&conv, &wide_y, &wide_w, None, &mut right);
        input(&conv, &y, &w, None, &mut got);
        input(&direct, &y, &w4, None, &mut plain);
        let inputs = [distance(&got, &right), distance(&plain, &right)];

        let (mut right, mut got, mut plain) = (vec![0.0; w.len()], vec![0.0; w.len()], vec![0.0; w4.len()]);
        weight(&conv, &wide_x, &wide_y, &mut right);
        weight(&conv, &x, &y, &mut got);
        weight(&direct, &x, &y, &mut plain);
        let weights = [distance(&got, &right), distance(&of_width(&plain, 4, 3, 0.0), &right)];

        for (part, [far, plain]) in [("output", outputs), ("input", inputs), ("weight", weights)] {
            println!("{channels} channels of {side}², {part}: {far:.1e}, the direct kernel {plain:.1e}");
            assert!(far <= 4.0 * plain, "{channels} channels of {side}², {part}: {far:e} for {plain:e}");
            assert!(far != plain, "{channels} channels of {side}², {part}: both are computed alike");
        }
    }
}
