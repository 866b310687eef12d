//! Planes in random other sizes, by every mode, against sums over all elements of a plane.

use crate::model::{Dice, Model, agree, coordinates, gradient_is};
use autograd_core::{Interpolate, InterpolateMode, ScaleFactor};

use InterpolateMode::{Area, Bicubic, Bilinear, Linear, Nearest, NearestExact, Trilinear};

/// A resizing of one dim.
struct Resized {
    mode: InterpolateMode,
    rank: usize,
    input: usize,
    output: usize,
    /// The factor, as a fraction, if it and not the sizes decide.
    factor: Option<(usize, usize)>,
    align: bool,
    antialias: bool,
}

/// Cubic convolution, R. G. Keys, 1981.
fn cubic(x: f64, a: f64) -> f64 {
    match x.abs() {
        x if x < 1.0 => (a + 2.0) * x.powi(3) - (a + 3.0) * x.powi(2) + 1.0,
        x if x < 2.0 => a * (x.powi(3) - 5.0 * x.powi(2) + 8.0 * x - 4.0),
        _ => 0.0,
    }
}

impl Resized {
    /// The share that each element of the dim has in element `i` of the result.
    fn shares(&self, i: usize) -> Vec<f64> {
        let Resized { input, output, .. } = *self;
        let only = |place: usize| (0..input).map(|j| f64::from(u8::from(j == place))).collect::<Vec<f64>>();
        // Elements of the input for one of the result, as a fraction.
        let (up, down) = self.factor.map_or((input, output), |(n, d)| (d, n));
        let scale = match self.align {
            true if output == 1 => 0.0,
            true => (input - 1) as f64 / (output - 1) as f64,
            false => up as f64 / down as f64,
        };
        // Sizes that stay or double count, not a factor; for neighbours over two dims alone, as in PyTorch.
        let stays = match self.mode {
            Nearest => self.rank == 2,
            NearestExact => false,
            Bicubic => self.antialias,
            _ => true,
        };
        if input == output && stays {
            return only(i);
        }
        match self.mode {
            Nearest if self.rank == 2 && output == 2 * input => only(i / 2),
            Nearest => only((i * up / down).min(input - 1)),
            NearestExact => only(((2 * i + 1) * up / (2 * down)).min(input - 1)),
            Area => {
                let covers = |j: usize| (j + 1) * output > i * input && j * output < (i + 1) * input;
                share((0..input).map(|j| f64::from(u8::from(covers(j)))).collect())
            }
            Linear | Bilinear | Trilinear | Bicubic if self.antialias => {
                let (center, wide) = (scale * (i as f64 + 0.5), scale.max(1.0));
                let far = |j: usize| (j as f64 + 0.5 - center) / wide;
                let weight = |x: f64| if self.mode == Bicubic { cubic(x, -0.5) } else { (1.0 - x.abs()).max(0.0) };
                share((0..input).map(|j| weight(far(j))).collect())
            }
            _ => {
                let center = if self.align { scale * i as f64 } else { scale * (i as f64 + 0.5) - 0.5 };
                let last = (input - 1) as f64;
                if self.mode != Bicubic {
                    let center = center.clamp(0.0, last);
                    return (0..input).map(|j| (1.0 - (j as f64 - center).abs()).max(0.0)).collect();
                }
                // Beyond its ends a plane goes on as it ends.
                let mut shares = vec![0.0; input];
                for k in -20..input as i64 + 20 {
                    shares[k.clamp(0, input as i64 - 1) as usize] += cubic(k as f64 - center, -0.75);
                }
                shares
            }
        }
    }
}

/// Weights that add up to 1.
fn share(weights: Vec<f64>) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

#[test]
fn every_mode_sums_as_loops_do() {
    let mut of_mode = [0; 7];
    for seed in crate::seeds(2000) {
        let dice = &mut Dice::new(seed);
        let rank = 1 + dice.below(3);
        let largest = [9, 6, 3][rank - 1];
        let modes: &[InterpolateMode] = match rank {
            1 => &[Nearest, NearestExact, Area, Linear],
            2 => &[Nearest, NearestExact, Area, Bilinear, Bicubic],
            _ => &[Nearest, NearestExact, Area, Trilinear],
        };
        let mode = modes[dice.below(modes.len())];
        let lines = matches!(mode, Linear | Bilinear | Trilinear | Bicubic);
        let align = (lines && dice.once_in(2)).then(|| dice.once_in(2));
        let antialias = matches!(mode, Bilinear | Bicubic) && dice.once_in(3);
        let input: Vec<usize> = (0..rank).map(|_| 1 + dice.below(largest)).collect();
        let by_factor = dice.once_in(2);
        let recompute = by_factor && dice.once_in(3);
        // Each has at least one element left.
        let factors: Vec<(usize, usize)> = input
            .iter()
            .map(|size| {
                let d = 1 + dice.below(5);
                (d.div_ceil(*size) + dice.below([6, 4, 3][rank - 1]), d)
            })
            .collect();
        let output: Vec<usize> = match by_factor {
            true => input.iter().zip(&factors).map(|(size, (n, d))| size * n / d).collect(),
            false => input.iter().map(|_| 1 + dice.below(largest)).collect(),
        };
        let options = if by_factor {
            let factors: Vec<f64> = factors.iter().map(|(n, d)| *n as f64 / *d as f64).collect();
            Interpolate::scale_factor(ScaleFactor::from(&factors[..])).recompute_scale_factor(recompute)
        } else {
            Interpolate::size(&output[..])
        };
        let options = options.mode(mode).antialias(antialias);
        let options = align.map_or(options.clone(), |align| options.align_corners(align));
        let head = [1 + dice.below(2), 1 + dice.below(3)];
        let x = dice.random(&[&head[..], &input].concat());
        let leaf = x.view(dice).requires_grad();
        let what = format!("seed {seed}: {options:?} of {:?}", x.shape);
        let y = leaf.interpolate(options).unwrap_or_else(|e| panic!("{what}: {e}"));

        // The shares of each dim, for each element of the result.
        let shares: Vec<Vec<Vec<f64>>> = (0..rank)
            .map(|d| {
                let factor = (by_factor && !recompute).then(|| factors[d]);
                let (input, output) = (input[d], output[d]);
                let dim = Resized { mode, rank, input, output, factor, align: align == Some(true), antialias };
                (0..output).map(|i| dim.shares(i)).collect()
            })
            .collect();
        let seed = dice.random(&[&head[..], &output].concat());
        let mut gradient = Model::build(&x.shape, |_| 0.0);
        let want = Model::build(&seed.shape, |to| {
            let mut sum = 0.0;
            for from in coordinates(&input) {
                let share: f64 = (0..rank).map(|d| shares[d][to[2 + d]][from[d]]).product();
                let place = x.place(&[&to[..2], &from[..]].concat());
                sum += share * x.data[place];
                gradient.data[place] += share * seed.at(&to);
            }
            sum
        });
        agree(&y, &want, 1e-13, &what);
        gradient_is(&y, &seed, &leaf, &gradient, &what);
        of_mode[mode as usize] += 1;
    }
    assert!(of_mode.iter().all(|count| *count >= crate::often(100, 2000)), "{of_mode:?}");
}
