//! The three passes against the definition, over windows of all kinds.

use super::super::{Conv, Window};
use crate::kernels::random::bits_at;
use crate::kernels::real::Real;
use crate::kernels::simd::from_fn;

fn numbers<T: Real>(len: usize, seed: u64) -> Vec<T> {
    (0..len).map(|i| T::of((bits_at(seed, i as u64) >> 40) as f64 / 8_388_608.0 - 1.0)).collect()
}

/// A convolution with the outputs that its sizes have.
fn conv(
    [images, groups, inner, outer]: [usize; 4],
    input: [usize; 3],
    kernel: [usize; 3],
    stride: [usize; 3],
    dilation: [usize; 3],
    [before, after]: [[usize; 3]; 2],
) -> Conv {
    let output = from_fn(|d| (input[d] + before[d] + after[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1);
    Conv { images, groups, inner, outer, window: Window { input, kernel, stride, dilation, before, output } }
}

fn convolutions() -> Vec<Conv> {
    let (none, one) = ([[0; 3]; 2], [1; 3]);
    let flat = |p: usize| [[0, p, p]; 2];
    vec![
        conv([2, 1, 3, 4], [1, 9, 32], [1, 3, 3], one, one, flat(1)),
        conv([1, 1, 3, 16], [1, 33, 35], [1, 3, 3], [1, 2, 2], one, flat(1)),
        conv([2, 2, 4, 5], [1, 20, 40], [1, 3, 2], [1, 1, 1], [1, 2, 3], [[0, 2, 1], [0, 0, 4]]),
        conv([5, 1, 5, 9], [1, 23, 31], [1, 4, 4], [1, 2, 2], one, flat(1)),
        conv([1, 3, 4, 6], [1, 40, 41], [1, 5, 1], [1, 3, 2], one, [[0, 0, 0], [0, 3, 0]]),
        conv([2, 1, 4, 8], [1, 40, 70], [1, 1, 1], [1, 2, 3], one, none),
        conv([1, 1, 6, 8], [1, 30, 64], [1, 2, 3], [1, 4, 2], [1, 2, 2], flat(2)),
        conv([2, 1, 4, 7], [1, 1, 600], [1, 1, 5], [1, 1, 1], one, [[0, 0, 2], [0, 0, 2]]),
        conv([1, 1, 4, 33], [1, 1, 500], [1, 1, 4], [1, 1, 4], [1, 1, 3], [[0, 0, 5], [0, 0, 1]]),
        conv([2, 1, 4, 9], [6, 7, 16], [3, 3, 3], one, one, [[1; 3]; 2]),
        conv([1, 2, 5, 8], [9, 10, 24], [2, 3, 2], [2, 1, 2], [1, 2, 1], [[1, 0, 1]; 2]),
        conv([1, 1, 4, 4], [12, 11, 9], [1, 2, 3], [2, 2, 1], one, [[0, 1, 1], [0, 0, 1]]),
        // So many channels that an image is several blocks.
        conv([1, 1, 130, 4], [1, 40, 40], [1, 3, 3], one, one, flat(1)),
        conv([4, 1, 130, 10], [1, 40, 36], [1, 3, 3], [1, 2, 2], one, flat(1)),
        // The channels of x in parts.
        conv([2, 1, 360, 37], [1, 8, 31], [1, 3, 2], one, one, flat(1)),
        conv([3, 2, 350, 8], [1, 1, 300], [1, 1, 6], one, one, none),
        conv([1, 1, 300, 4], [1, 1, 2000], [1, 1, 3], [1, 1, 2], one, [[0, 0, 1]; 2]),
        conv([4, 1, 70, 11], [1, 3, 1200], [1, 2, 3], one, [1, 1, 2], [[0, 1, 2]; 2]),
        conv([1, 1, 70, 6], [5, 20, 32], [3, 3, 3], [1, 1, 1], one, [[1; 3]; 2]),
    ]
}

/// Calls `f(y, w, x)` with the places of each product of a convolution.
fn products(conv: &Conv, mut f: impl FnMut(usize, usize, usize)) {
    let Conv { images, groups, inner, outer, window } = *conv;
    let ([depth, height, width], [slices, lines, run]) = (window.input, window.output);
    for part in 0..images * groups {
        for (o, c, k) in (0..outer * inner * window.taps())
            .map(|i| (i / window.taps() / inner, i / window.taps() % inner, i % window.taps()))
        {
            let [kd, kh, kw] = window.tap(k);
            let w = ((part % groups * outer + o) * inner + c) * window.taps() + k;
            for (d, h) in (0..slices).flat_map(|d| (0..lines).map(move |h| (d, h))) {
                let (Some(at_d), Some(at_h)) = (window.place(0, kd, d), window.place(1, kh, h)) else { continue };
                for i in window.reach(2, kw) {
                    let at_w = window.place(2, kw, i).expect("its reach");
                    let x = (((part * inner + c) * depth + at_d) * height + at_h) * width + at_w;
                    f((((part * outer + o) * slices + d) * lines + h) * run + i, w, x);
                }
            }
        }
    }
}

/// The largest difference, as a part of the sum of the products' sizes.
fn worst<T: Real>(got: &[T], exact: &[(f64, f64)]) -> f64 {
    assert_eq!(got.len(), exact.len());
    got.iter().zip(exact).map(|(got, (sum, size))| (got.as_f64() - sum).abs() / size.max(1e-3)).fold(0.0, f64::max)
}

fn agrees<T: Real>(epsilon: f64) {
    let mut others = 0;
    for conv in convolutions() {
        let (inputs, outputs) = (conv.images * conv.input_image(), conv.images * conv.output_image());
        let x = numbers::<T>(inputs, 1);
        let w = numbers::<T>(conv.groups * conv.outer * conv.depth(), 2);
        let y = numbers::<T>(outputs, 3);
        let [of_y, of_x] = [conv.outer, conv.inner].map(|channels| numbers::<T>(conv.groups * channels, 4));
        let start = |bias: &[T], plane: usize, len: usize| -> Vec<(f64, f64)> {
            (0..len).map(|i| bias[i / plane % bias.len()].as_f64()).map(|b| (b, b.abs())).collect()
        };
        let mut sums = [
            start(&of_y, conv.window.outputs(), outputs),
            start(&of_x, conv.window.inputs(), inputs),
            vec![(0.0, 0.0); w.len()],
        ];
        products(&conv, |at_y, at_w, at_x| {
            let [y, w, x] = [y[at_y], w[at_w], x[at_x]].map(T::as_f64);
            for (pass, at, product) in [(0, at_y, w * x), (1, at_x, w * y), (2, at_w, x * y)] {
                let (sum, size) = &mut sums[pass][at];
                *sum += product;
                *size += product.abs();
            }
        });
        let mut got = [vec![T::of(7.0); outputs], vec![T::of(7.0); inputs], vec![T::of(7.0); w.len()]];
        assert!(super::output(&conv, &x, &w, Some(&of_y), &mut got[0]), "{conv:?}");
        if !super::weight(&conv, &x, &y, &mut got[2]) {
            assert!(conv.outer < 2 * super::CHANNELS, "{conv:?}");
            sums[2].clear();
            got[2].clear();
        }
        if !super::input(&conv, &y, &w, Some(&of_x), &mut got[1]) {
            others += 1;
            sums[1].clear();
            got[1].clear();
        }
        for (pass, (got, exact)) in got.iter().zip(&sums).enumerate() {
            let worst = worst(got, exact);
            assert!(worst <= 16.0 * epsilon, "pass {pass} is off by {worst:e} of its size: {conv:?}");
        }
    }
    assert!(others <= 4, "{others} of these gradients of the input are computed by others");
}

#[test]
fn all_passes_agree_with_the_definition() {
    agrees::<f32>(f64::from(f32::EPSILON));
    agrees::<f64>(f64::EPSILON);
}

#[test]
fn what_is_mostly_between_lines_or_taps_is_for_others() {
    let small = conv([8, 1, 4, 8], [1, 4, 4], [1, 3, 3], [1; 3], [1; 3], [[0, 1, 1]; 2]);
    assert!(small.blocks_of_outputs::<f32>().is_none());
    let wide = conv([1, 1, 1 << 20, 8], [1, 1, 64], [1, 1, 3], [1; 3], [1; 3], [[0; 3]; 2]);
    assert!(wide.blocks_of_outputs::<f32>().is_none());
    let far = [1, 1 << 31, 1 << 31];
    let apart = conv([1, 1, 4, 4], [1, 8, 32], [1, 3, 3], [1; 3], far, [[0, 1 << 31, 1 << 31]; 2]);
    assert!(apart.blocks_of_outputs::<f32>().is_none());
    // What lies between two taps would be laid out again for every block.
    let apart = conv([1, 1, 4, 4], [1, 1, 132_768], [1, 1, 2], [1; 3], [1, 1, 32_700], [[0; 3]; 2]);
    assert!(apart.blocks_of_outputs::<f32>().is_none());
}
