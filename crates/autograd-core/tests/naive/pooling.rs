//! Pools of random windows over random planes, against loops over the elements of each window.

use crate::model::{Dice, Model, agree, coordinates, gradient_is};
use autograd_core::{AvgPool, LpPool, MaxPool, OutputSize, Result, Tensor};

/// The windows of a pool in one dim.
#[derive(Debug)]
struct Windows {
    input: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

/// The places that each window of a dim reaches, outside of the plane as well.
type Taps = Vec<Vec<isize>>;

impl Windows {
    fn roll(dice: &mut Dice, largest: usize, dilated: bool) -> Windows {
        let kernel = 1 + dice.below(4);
        let (input, stride, padding) = (1 + dice.below(largest), 1 + dice.below(4), dice.below(kernel / 2 + 1));
        Windows { input, kernel, stride, padding, dilation: if dilated { 1 + dice.below(3) } else { 1 } }
    }

    fn taps(&self, ceil: bool) -> Taps {
        let (span, padded) = (self.dilation * (self.kernel - 1) + 1, self.input + 2 * self.padding);
        let fits = |start: usize| match ceil {
            false => start + span <= padded,
            // The window before it has not come to the end, and it begins before the padding behind.
            true => start + span < padded + self.stride && start < self.input + self.padding,
        };
        let starts = (0..).map(|o| o * self.stride).take_while(|start| fits(*start));
        let place = |at: usize| at as isize - self.padding as isize;
        starts.map(|start| (0..self.kernel).map(|k| place(start + k * self.dilation)).collect()).collect()
    }
}

/// A plane for each channel, of each sample if there are samples.
struct Planes {
    x: Model,
    /// The sizes before those of a plane.
    head: Vec<usize>,
}

impl Planes {
    fn roll(dice: &mut Dice, sizes: &[usize]) -> Planes {
        let head: Vec<usize> = (0..1 + dice.below(2)).map(|_| 1 + dice.below(3)).collect();
        Planes { x: dice.random(&[&head[..], sizes].concat()), head }
    }

    /// One result for each combination of windows: that of the places inside of a channel's plane, which come in
    /// row-major order, and of the places that the window reaches, as many numbers as there are dims.
    fn pooled(&self, taps: &[Taps], mut of: impl FnMut(&[usize], &[Vec<isize>]) -> f64) -> Model {
        let counts: Vec<usize> = taps.iter().map(Vec::len).collect();
        let dims = self.head.len();
        Model::build(&[&self.head[..], &counts].concat(), |at| {
            let window: Vec<&Vec<isize>> = at[dims..].iter().zip(taps).map(|(o, taps)| &taps[*o]).collect();
            let reached = coordinates(&window.iter().map(|taps| taps.len()).collect::<Vec<_>>())
                .map(|k| k.iter().zip(&window).map(|(k, taps)| taps[*k]).collect())
                .collect::<Vec<Vec<isize>>>();
            let sizes = &self.x.shape[dims..];
            let is_inside = |at: &&Vec<isize>| at.iter().zip(sizes).all(|(at, size)| (0..*size as isize).contains(at));
            let place = |inside: &Vec<isize>| {
                let inside: Vec<usize> = inside.iter().map(|at| *at as usize).collect();
                self.x.place(&[&at[..dims], &inside[..]].concat())
            };
            let inside: Vec<usize> = reached.iter().filter(is_inside).map(place).collect();
            of(&inside, &reached)
        })
    }
}

/// One number for each dim.
fn each(windows: &[Windows], of: fn(&Windows) -> usize) -> Vec<usize> {
    windows.iter().map(of).collect()
}

/// The sizes of planes for tests of a number of dims: what loops over in a moment.
const LARGEST: [usize; 3] = [9, 7, 5];

/// Windows in one to three dims.
fn windows(dice: &mut Dice, dilated: bool) -> (Vec<Windows>, bool) {
    let rank = 1 + dice.below(3);
    ((0..rank).map(|_| Windows::roll(dice, LARGEST[rank - 1], dilated)).collect(), dice.once_in(2))
}

/// The result; none if there is no window in some dim, which is refused, and counted.
fn expected(y: Result<Tensor>, windows: usize, refused: &mut usize, what: &str) -> Option<Tensor> {
    if windows == 0 {
        *refused += 1;
        let text = y.expect_err(what).to_string();
        assert!(text.contains("the kernel spans") || text.contains("no window fits"), "{what}: {text}");
        return None;
    }
    Some(y.unwrap_or_else(|e| panic!("{what}: {e}")))
}

/// How many windows a pool of sums has: over three dims none if a kernel is larger than its plane, padded or not.
fn of_sums(windows: &[Windows], taps: &[Taps]) -> usize {
    let too_large = windows.len() == 3 && windows.iter().any(|window| window.kernel > window.input);
    if too_large { 0 } else { taps.iter().map(Vec::len).product() }
}

/// The gradient of each window goes to the places it has, by so much.
fn spread(planes: &Planes, seed: &Model, parts: &[Vec<(usize, f64)>]) -> Model {
    let mut want = Model::build(&planes.x.shape, |_| 0.0);
    for (seed, parts) in seed.data.iter().zip(parts) {
        parts.iter().for_each(|(place, part)| want.data[*place] += seed * part);
    }
    want
}

#[test]
fn largest_elements_are_those_of_loops() {
    let mut refused = 0;
    for seed in crate::seeds(1500) {
        let dice = &mut Dice::new(seed);
        let (windows, ceil) = windows(dice, true);
        let mut planes = Planes::roll(dice, &each(&windows, |w| w.input));
        if dice.once_in(2) {
            // Of three different numbers there are many ties.
            planes.x.data.iter_mut().for_each(|x| *x = (1.4 * *x).round());
        }
        let taps: Vec<Taps> = windows.iter().map(|window| window.taps(ceil)).collect();
        let what = format!("seed {seed}: {windows:?}, ceil_mode {ceil}, of {:?}", planes.x.shape);
        let options = MaxPool::new(&each(&windows, |w| w.kernel)[..])
            .stride(&each(&windows, |w| w.stride)[..])
            .padding(&each(&windows, |w| w.padding)[..])
            .dilation(&each(&windows, |w| w.dilation)[..])
            .ceil_mode(ceil);
        let leaf = planes.x.view(dice).requires_grad();
        let pools: [Largest; 3] =
            [Tensor::max_pool1d_with_indices, Tensor::max_pool2d_with_indices, Tensor::max_pool3d_with_indices];
        let pooled = pools[windows.len() - 1](&leaf, options);
        let (y, positions) = pooled.map_or_else(|e| (Err(e), None), |(y, positions)| (Ok(y), Some(positions)));
        let count = taps.iter().map(Vec::len).product();
        let Some(y) = expected(y, count, &mut refused, &what) else { continue };
        largest(dice, &planes, &taps, [&leaf, &y, &positions.expect("of the values")], &what);
    }
    assert!(refused >= crate::often(10, 1500), "{refused} refused");
}

/// A pool of the largest elements.
type Largest = fn(&Tensor, MaxPool) -> Result<(Tensor, Tensor)>;

/// Values, positions and gradient: the first of the largest is chosen, −∞ and −1 where there is none.
fn largest(dice: &mut Dice, planes: &Planes, taps: &[Taps], [leaf, y, positions]: [&Tensor; 3], what: &str) {
    let mut chosen: Vec<Option<usize>> = Vec::new();
    let want = planes.pooled(taps, |inside, _| {
        let of = |place: &usize| planes.x.data[*place];
        let first = inside.iter().fold(None, |best, place| match best {
            Some(best) if of(place) <= of(&best) => Some(best),
            _ => Some(*place),
        });
        chosen.push(first);
        first.map_or(f64::NEG_INFINITY, |place| of(&place))
    });
    agree(y, &want, 0.0, what);
    let plane: usize = planes.x.shape[planes.head.len()..].iter().product();
    let places = chosen.iter().map(|chosen| chosen.map_or(-1.0, |place| (place % plane) as f64)).collect();
    agree(positions, &Model { shape: want.shape.clone(), data: places }, 0.0, &format!("{what}, positions"));
    let seed = dice.random(&want.shape);
    let parts: Vec<_> = chosen.iter().map(|chosen| chosen.iter().map(|place| (*place, 1.0)).collect()).collect();
    gradient_is(y, &seed, leaf, &spread(planes, &seed, &parts), what);
}

#[test]
fn means_are_those_of_loops() {
    let mut refused = 0;
    for seed in crate::seeds(1500) {
        let dice = &mut Dice::new(seed);
        let (windows, ceil) = windows(dice, false);
        let planes = Planes::roll(dice, &each(&windows, |w| w.input));
        let (pads, divisor) = (dice.once_in(2), dice.once_in(4).then(|| 1 + dice.below(5)));
        let taps: Vec<Taps> = windows.iter().map(|window| window.taps(ceil)).collect();
        let what = format!(
            "seed {seed}: {windows:?}, ceil_mode {ceil}, count_include_pad {pads}, divisor {divisor:?}, of {:?}",
            planes.x.shape
        );
        let mut options = AvgPool::new(&each(&windows, |w| w.kernel)[..])
            .stride(&each(&windows, |w| w.stride)[..])
            .padding(&each(&windows, |w| w.padding)[..])
            .ceil_mode(ceil)
            .count_include_pad(pads);
        if let Some(divisor) = divisor {
            options = options.divisor_override(divisor);
        }
        let leaf = planes.x.view(dice).requires_grad();
        let pools: [fn(&Tensor, AvgPool) -> Result<Tensor>; 3] =
            [Tensor::avg_pool1d, Tensor::avg_pool2d, Tensor::avg_pool3d];
        let y = pools[windows.len() - 1](&leaf, options);
        let Some(y) = expected(y, of_sums(&windows, &taps), &mut refused, &what) else { continue };
        let mut parts = Vec::new();
        let want = planes.pooled(&taps, |inside, reached| {
            // What a window reaches behind the padding counts never.
            let padded = |(at, window): (&isize, &Windows)| *at < (window.input + window.padding) as isize;
            let in_padding = reached.iter().filter(|at| at.iter().zip(&windows).all(padded)).count();
            let divisor = divisor.unwrap_or(if pads { in_padding } else { inside.len() }) as f64;
            parts.push(inside.iter().map(|place| (*place, 1.0 / divisor)).collect::<Vec<_>>());
            inside.iter().map(|place| planes.x.data[*place]).sum::<f64>() / divisor
        });
        agree(&y, &want, 1e-14, &what);
        let seed = dice.random(&want.shape);
        gradient_is(&y, &seed, &leaf, &spread(&planes, &seed, &parts), &what);
    }
    assert!(refused >= crate::often(10, 1500), "{refused} refused");
}

#[test]
fn power_means_are_those_of_loops() {
    let mut refused = 0;
    for seed in crate::seeds(1000) {
        let dice = &mut Dice::new(seed);
        let (mut windows, ceil) = windows(dice, false);
        windows.iter_mut().for_each(|window| window.padding = 0);
        let mut planes = Planes::roll(dice, &each(&windows, |w| w.input));
        planes.x.data.iter_mut().for_each(|x| *x = 0.2 + x.abs());
        let p = [1.0, 2.0, 3.0, 0.5, -1.0][dice.below(5)];
        let taps: Vec<Taps> = windows.iter().map(|window| window.taps(ceil)).collect();
        let what = format!("seed {seed}: norm {p}, {windows:?}, ceil_mode {ceil}, of {:?}", planes.x.shape);
        let options =
            LpPool::new(p, &each(&windows, |w| w.kernel)[..]).stride(&each(&windows, |w| w.stride)[..]).ceil_mode(ceil);
        let leaf = planes.x.view(dice).requires_grad();
        let pools: [fn(&Tensor, LpPool) -> Result<Tensor>; 3] =
            [Tensor::lp_pool1d, Tensor::lp_pool2d, Tensor::lp_pool3d];
        let y = pools[windows.len() - 1](&leaf, options);
        let Some(y) = expected(y, of_sums(&windows, &taps), &mut refused, &what) else { continue };
        let mut parts = Vec::new();
        let want = planes.pooled(&taps, |inside, reached| {
            // A window that is not full counts as one that is.
            let full = reached.len() as f64 / inside.len() as f64;
            let of = |place: &usize| planes.x.data[*place];
            let sum = full * inside.iter().map(|place| of(place).powf(p)).sum::<f64>();
            let slope = full * sum.powf(1.0 / p - 1.0);
            parts.push(inside.iter().map(|place| (*place, slope * of(place).powf(p - 1.0))).collect::<Vec<_>>());
            sum.powf(1.0 / p)
        });
        agree(&y, &want, 1e-12, &what);
        let seed = dice.random(&want.shape);
        gradient_is(&y, &seed, &leaf, &spread(&planes, &seed, &parts), &what);
    }
    assert!(refused >= crate::often(10, 1000), "{refused} refused");
}

#[test]
fn as_many_windows_as_are_asked_for_cover_what_loops_cover() {
    for seed in crate::seeds(1500) {
        let dice = &mut Dice::new(seed);
        let rank = 1 + dice.below(3);
        let sizes: Vec<usize> = (0..rank).map(|_| 1 + dice.below(LARGEST[rank - 1])).collect();
        let mut planes = Planes::roll(dice, &sizes);
        let asked: Vec<Option<isize>> =
            (0..rank).map(|_| (!dice.once_in(5)).then(|| dice.below(LARGEST[rank - 1] + 3) as isize)).collect();
        // Element e is in window i of n if i/n and (i + 1)/n do not have it on one side.
        let taps: Vec<Taps> = sizes
            .iter()
            .zip(&asked)
            .map(|(size, asked)| {
                let n = asked.map_or(*size, |n| n as usize);
                let covers = |i: usize, e: usize| (e + 1) * n > i * size && e * n < (i + 1) * size;
                (0..n).map(|i| (0..*size).filter(|e| covers(i, *e)).map(|e| e as isize).collect()).collect()
            })
            .collect();
        let what = format!("seed {seed}: {asked:?} windows of {:?}", planes.x.shape);
        let size = || OutputSize::from(&asked[..]);
        if dice.once_in(2) {
            planes.x.data.iter_mut().for_each(|x| *x = (1.4 * *x).round());
            let leaf = planes.x.view(dice).requires_grad();
            let (y, positions) = match rank {
                1 => leaf.adaptive_max_pool1d(size()),
                2 => leaf.adaptive_max_pool2d(size()),
                _ => leaf.adaptive_max_pool3d(size()),
            }
            .unwrap_or_else(|e| panic!("{what}: {e}"));
            largest(dice, &planes, &taps, [&leaf, &y, &positions], &what);
            continue;
        }
        let leaf = planes.x.view(dice).requires_grad();
        let y = match rank {
            1 => leaf.adaptive_avg_pool1d(size()),
            2 => leaf.adaptive_avg_pool2d(size()),
            _ => leaf.adaptive_avg_pool3d(size()),
        }
        .unwrap_or_else(|e| panic!("{what}: {e}"));
        let mut parts = Vec::new();
        let want = planes.pooled(&taps, |inside, _| {
            let count = inside.len() as f64;
            parts.push(inside.iter().map(|place| (*place, 1.0 / count)).collect::<Vec<_>>());
            inside.iter().map(|place| planes.x.data[*place]).sum::<f64>() / count
        });
        agree(&y, &want, 1e-14, &what);
        let seed = dice.random(&want.shape);
        gradient_is(&y, &seed, &leaf, &spread(&planes, &seed, &parts), &what);
    }
}
