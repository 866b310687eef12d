//! The form `Σ y w x` that a convolution and its gradients are the three derivatives of.

use crate::error::Result;
use crate::kernels::conv::{self, Conv};
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::timer::Count;
use crate::tensor::{Tensor, for_float};

/// The derivative of the form by one of its tensors, a function of the other two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// By y, of x and w: a convolution.
    Output,
    /// By x, of y and w: a transposed convolution.
    Input,
    /// By w, of x and y.
    Weight,
}

/// A form, which a convolution and all its derivatives have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) rank: usize,
    pub(super) sizes: Conv,
}

/// The names of the parts for each rank.
const NAMES: [[&str; 3]; 3] = [
    ["conv1d", "conv_transpose1d", "conv1d_weight"],
    ["conv2d", "conv_transpose2d", "conv2d_weight"],
    ["conv3d", "conv_transpose3d", "conv3d_weight"],
];

impl Form {
    fn shape(&self, part: Part) -> Shape {
        let Conv { images, groups, inner, outer, window } = self.sizes;
        let (head, space) = match part {
            Part::Output => ([images, groups * outer], window.output),
            Part::Input => ([images, groups * inner], window.input),
            Part::Weight => ([groups * outer, inner], window.kernel),
        };
        let mut shape = Shape::from(&head[..]);
        shape.0.extend_from_slice(&space[3 - self.rank..]);
        shape
    }

    /// A part, of the other two tensors in the order x, w, y for weights and y, w or x, w else; with a bias for each
    /// channel of the result.
    pub(super) fn solve(self, part: Part, a: &Tensor, b: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let name = NAMES[self.rank - 1][part as usize];
        let shape = self.shape(part);
        let (left, right) = (a.try_packed(name)?, b.try_packed(name)?);
        let Conv { inner, window, .. } = self.sizes;
        let sums = self.shape(Part::Output);
        let count = Count::product(&sums, inner.saturating_mul(window.taps()));
        let sizes = self.sizes;
        let value = for_float!(a.float(), T => match bias {
            None => Tensor::counted::<T, 2>(name, count, &shape, [&left, &right], move |[a, b], c| match part {
                Part::Output => conv::output(&sizes, a.flat(), b.flat(), None, c),
                Part::Input => conv::input(&sizes, a.flat(), b.flat(), None, c),
                Part::Weight => conv::weight(&sizes, a.flat(), b.flat(), c),
            })?,
            Some(bias) => {
                let bias = bias.try_packed(name)?;
                let operands = [&*left, &*right, &*bias];
                Tensor::counted::<T, 3>(name, count, &shape, operands, move |[a, b, bias], c| match part {
                    Part::Output => conv::output(&sizes, a.flat(), b.flat(), Some(bias.flat()), c),
                    Part::Input => conv::input(&sizes, a.flat(), b.flat(), Some(bias.flat()), c),
                    Part::Weight => unreachable!("a weight has no bias"),
                })?
            }
        });
        let pullback = |_: &Tensor| Solved { form: self, part, a: Saved::input(0, a), b: Saved::input(1, b) };
        Ok(match bias {
            None => record(name, value, &[a, b], pullback),
            Some(bias) => record(name, value, &[a, b, bias], pullback),
        })
    }
}

struct Solved {
    form: Form,
    part: Part,
    a: Saved,
    b: Saved,
}

impl Pullback for Solved {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, b, g, form) = (self.a.get(at), self.b.get(at), at.gy(), self.form);
        if at.inputs() > 2 {
            // Elements of a plane are neighbours: two sums read them in order, where one of all would copy them.
            let space: Vec<isize> = (2..2 + form.rank as isize).collect();
            at.give(2, || g.sum_dim(&space[..])?.sum_dim(0))?;
        }
        at.give(1, || match self.part {
            Part::Output => form.solve(Part::Weight, &a, g, None),
            Part::Input => form.solve(Part::Weight, g, &a, None),
            Part::Weight => form.solve(Part::Output, &a, g, None),
        })?;
        at.give(0, || match self.part {
            Part::Output => form.solve(Part::Input, g, &b, None),
            Part::Input => form.solve(Part::Output, g, &b, None),
            Part::Weight => form.solve(Part::Input, &b, g, None),
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::conv::Window;
    use crate::kernels::random::bits_at;
    use crate::tensor::DType;

    /// The indices of every product there is: of an element of the input, of the output and of the weight; none of the
    /// input where the tap is over a zero around it.
    fn products(form: &Form, mut f: impl FnMut(Option<usize>, usize, usize)) {
        let Conv { images, groups, inner, outer, window } = form.sizes;
        let (inputs, outputs, taps) = (window.inputs(), window.outputs(), window.taps());
        // The place of the input under each tap of each output.
        let under = |p: usize, k: usize| {
            let ([_, oh, ow], [_, kh, kw]) = (window.output, window.kernel);
            let d = window.place(0, k / kw / kh, p / ow / oh)?;
            let h = window.place(1, k / kw % kh, p / ow % oh)?;
            let w = window.place(2, k % kw, p % ow)?;
            Some((d * window.input[1] + h) * window.input[2] + w)
        };
        let all: Vec<(usize, usize, Option<usize>)> =
            (0..outputs).flat_map(|p| (0..taps).map(move |k| (p, k, under(p, k)))).collect();
        for image in 0..images {
            for o in 0..groups * outer {
                for i in 0..inner {
                    let x = (image * groups * inner + o / outer * inner + i) * inputs;
                    let y = (image * groups * outer + o) * outputs;
                    let w = (o * inner + i) * taps;
                    all.iter().for_each(|(p, k, place)| f(place.map(|place| x + place), y + p, w + k));
                }
            }
        }
    }

    /// What the definition says, one product after the other.
    fn defined<T>(form: &Form, part: Part, a: &[T], b: &[T]) -> Vec<T>
    where
        T: Copy + Default + std::ops::Mul<Output = T> + std::ops::AddAssign,
    {
        let mut c = vec![T::default(); form.shape(part).iter().product()];
        products(form, |x, y, w| match (part, x) {
            (Part::Output, Some(x)) => c[y] += a[x] * b[w],
            (Part::Input, Some(x)) => c[x] += a[y] * b[w],
            (Part::Weight, Some(x)) => c[w] += a[x] * b[y],
            (_, None) => {}
        });
        c
    }

    /// The two operands of which a part is made.
    fn operands(part: Part) -> [Part; 2] {
        match part {
            Part::Output => [Part::Input, Part::Weight],
            Part::Input => [Part::Output, Part::Weight],
            Part::Weight => [Part::Input, Part::Output],
        }
    }

    /// Sizes that reach every path: many and few positions, groups, depthwise, pointwise, strides, paddings, dilations.
    fn forms() -> Vec<Form> {
        let below = |seed: u64, i: u64, n: usize| (bits_at(seed, i) % n as u64) as usize;
        let mut forms = Vec::new();
        for seed in 0..120 {
            let rank = 1 + below(seed, 0, 3);
            let pointwise = seed % 6 == 0;
            let mut window = Window {
                input: [1; 3],
                kernel: [1; 3],
                stride: [1; 3],
                dilation: [1; 3],
                before: [0; 3],
                output: [1; 3],
            };
            for d in 3 - rank..3 {
                let i = 10 * d as u64;
                let largest = [40, 12, 6][rank - 1];
                window.input[d] = 1 + below(seed, i, largest);
                if !pointwise {
                    window.kernel[d] = 1 + below(seed, i + 1, 3);
                    window.stride[d] = 1 + below(seed, i + 2, 3);
                    window.dilation[d] = 1 + below(seed, i + 3, 2);
                    window.before[d] = below(seed, i + 4, 3);
                }
                let span = (window.kernel[d] - 1) * window.dilation[d] + 1;
                let padded = window.input[d] + window.before[d] + if pointwise { 0 } else { below(seed, i + 5, 3) };
                window.output[d] = padded.checked_sub(span).map_or(1, |rest| rest / window.stride[d] + 1);
            }
            let depthwise = seed % 5 == 0;
            forms.push(Form {
                rank,
                sizes: Conv {
                    images: 1 + below(seed, 1, 5),
                    groups: if depthwise { 3 } else { 1 + below(seed, 2, 2) },
                    inner: if depthwise { 1 } else { 1 + below(seed, 3, 6) },
                    outer: 1 + below(seed, 4, 9),
                    window,
                },
            });
        }
        // Taps and outputs that are far apart, with zeros between them that no memory holds.
        for (stride, dilation, output) in [(1 << 40, 1, 3), (1, 1 << 40, 4)] {
            let window = Window {
                input: [1, 1, 4],
                kernel: [1, 1, 3],
                stride: [1, 1, stride],
                dilation: [1, 1, dilation],
                before: [0, 0, 1 << 40],
                output: [1, 1, output],
            };
            for (groups, inner) in [(3, 1), (1, 2)] {
                forms.push(Form { rank: 1, sizes: Conv { images: 2, groups, inner, outer: 2, window } });
            }
        }
        // More columns than a tile has, more rows than a part of a weight has, and work for several sums.
        let window = Window {
            input: [1, 30, 31],
            kernel: [1, 3, 3],
            stride: [1; 3],
            dilation: [1; 3],
            before: [0, 1, 1],
            output: [1, 30, 31],
        };
        forms.push(Form { rank: 2, sizes: Conv { images: 2, groups: 1, inner: 32, outer: 8, window } });
        // Images enough to lie side by side: one block that is full and one that is not.
        for (kernel, before) in [(1, 0), (2, 1), (3, 1), (5, 4), (7, 2)] {
            let output = [1, 12 + 2 * before + 1 - kernel, 9 + 2 * before];
            let (kernel, before) = ([1, kernel, 1 + before.min(kernel)], [0, before, before]);
            let output = [1, output[1], output[2] + 1 - kernel[2]];
            let window = Window { input: [1, 12, 9], kernel, before, output, ..window };
            forms.push(Form { rank: 2, sizes: Conv { images: 19, groups: 2, inner: 4, outer: 7, window } });
        }
        let small = Window { input: [1, 3, 3], output: [1, 3, 3], ..window };
        forms.push(Form { rank: 2, sizes: Conv { images: 11, groups: 1, inner: 230, outer: 20, window: small } });
        forms
    }

    #[test]
    fn parts_agree_with_the_definition_and_have_the_same_bits_on_any_number_of_threads() {
        let pools = [1, 3].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads"));
        for form in forms() {
            for part in [Part::Output, Part::Input, Part::Weight] {
                let [a, b] = operands(part).map(|part| {
                    let shape = form.shape(part);
                    Tensor::randn(&shape, DType::F64, &mut crate::seeded(part as u64)).expect("small")
                });
                let solve = || form.solve(part, &a, &b, None).expect("sizes that fit");
                let [one, three] = pools.each_ref().map(|pool| pool.install(solve).to_f64s());
                let want = defined(&form, part, &a.to_f64s(), &b.to_f64s());
                let near = one.iter().zip(&want).all(|(got, want)| (got - want).abs() <= 1e-10 * (1.0 + want.abs()));
                assert!(near && one.len() == want.len(), "{part:?} of {form:?}");
                let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert!(bits(&one) == bits(&three), "threads: {part:?} of {form:?}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_reaches_what_is_computed_from_it_alone() {
        for form in forms() {
            for (part, spoiled) in [Part::Output, Part::Input, Part::Weight].into_iter().flat_map(|p| [(p, 0), (p, 1)])
            {
                let of = operands(part);
                let mut ab = of.map(|part| {
                    let x = Tensor::rand(&form.shape(part), DType::F64, &mut crate::seeded(part as u64));
                    x.expect("small").to_f64s()
                });
                let middle = ab[spoiled].len() / 2;
                ab[spoiled][middle] = f64::INFINITY;
                let want = defined(&form, part, &ab[0], &ab[1]);
                // A zero around the input that meets infinity may be left out, or be NaN. The gradient of the input has
                // no such zeros.
                let mut beside = vec![false; want.len()];
                products(&form, |x, y, w| match (part, x) {
                    (Part::Output, None) => beside[y] |= ab[1][w].is_infinite(),
                    (Part::Weight, None) => beside[w] |= ab[1][y].is_infinite(),
                    _ => {}
                });
                let [a, b] = [0, 1].map(|i| Tensor::from_vec(ab[i].clone(), &form.shape(of[i])).expect("whole"));
                let got = form.solve(part, &a, &b, None).expect("sizes that fit").to_f64s();
                let right = |i: usize| beside[i] || got[i].is_finite() == want[i].is_finite();
                let wrong = (0..want.len()).find(|i| !right(*i));
                assert_eq!(wrong, None, "{part:?} of {form:?}, infinity in operand {spoiled}");
            }
        }
    }

    /// The largest distances of a part in F32 from what the definition says: as it is computed here, and as the
    /// definition computes it in F32, one product after the other.
    fn distances(form: &Form, part: Part) -> [f64; 2] {
        let [a, b] = operands(part)
            .map(|part| Tensor::randn(&form.shape(part), DType::F32, &mut crate::seeded(part as u64)).expect("small"));
        let want = defined(form, part, &a.to_f64s(), &b.to_f64s());
        let got = form.solve(part, &a, &b, None).expect("sizes that fit").to_f64s();
        let [a, b] = [&a, &b].map(|x| x.to_vec::<f32>().expect("of F32"));
        let plain: Vec<f64> = defined(form, part, &a, &b).into_iter().map(f64::from).collect();
        [got, plain]
            .map(|x| x.iter().zip(&want).map(|(x, want)| (x - want).abs()).max_by(f64::total_cmp).unwrap_or(0.0))
    }

    #[test]
    fn kernels_of_three_by_three_are_as_near_in_single_precision() {
        for seed in 0..20u64 {
            let below = |i: u64, n: usize| (bits_at(seed, i) % n as u64) as usize;
            // The last of them leave out outputs or elements.
            let (step, apart) = if seed < 12 { (1, 1) } else { (1 + seed as usize % 2, 2 - seed as usize % 2) };
            let mut window = Window {
                input: [1, 6 + below(0, 9), 6 + below(1, 300)],
                kernel: [1, 3, 3],
                stride: [1, step, step],
                dilation: [1, apart, apart],
                // Sometimes more zeros than a strip of tiles is wide.
                before: [0, below(2, 4), if seed % 4 == 0 { 300 } else { below(3, 4) }],
                output: [1; 3],
            };
            for d in 1..3 {
                let last = window.input[d] + window.before[d] + below(3 + d as u64, 3) - 2 * apart - 1;
                window.output[d] = last / step + 1;
            }
            let (groups, inner, outer) = (1 + below(6, 2), 24 + below(7, 20), 24 + below(8, 20));
            let form = Form { rank: 2, sizes: Conv { images: 1 + below(9, 3), groups, inner, outer, window } };
            for part in [Part::Output, Part::Input, Part::Weight] {
                let [far, plain] = distances(&form, part);
                assert!(far <= 4.0 * plain, "{part:?} of {form:?}: {far:e} for {plain:e}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_where_the_definition_says() {
        let window = Window {
            input: [1, 9, 10],
            kernel: [1, 3, 3],
            stride: [1; 3],
            dilation: [1; 3],
            // Zeros around the input times what is not finite would be NaN, and the definition leaves them out.
            before: [0; 3],
            output: [1, 7, 8],
        };
        let form = Form { rank: 2, sizes: Conv { images: 2, groups: 1, inner: 32, outer: 32, window } };
        for part in [Part::Output, Part::Input, Part::Weight] {
            let of = operands(part);
            // The last is finite, and its sums with its neighbours are not.
            for (number, spoiled) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38]
                .into_iter()
                .flat_map(|number| [(number, 0), (number, 1)])
            {
                let [mut a, mut b] = of.map(|part| {
                    let x =
                        Tensor::rand(&form.shape(part), DType::F32, &mut crate::seeded(part as u64)).expect("small");
                    x.mul_scalar(0.01).to_vec::<f32>().expect("of F32")
                });
                let x = if spoiled == 0 { &mut a } else { &mut b };
                let last = x.len() - 1;
                [x[40], x[41], x[last]] = [number; 3];
                let want: Vec<f32> = defined(&form, part, &a, &b);
                let [a, b] =
                    [(a, of[0]), (b, of[1])].map(|(x, part)| Tensor::from_vec(x, &form.shape(part)).expect("whole"));
                let got = form.solve(part, &a, &b, None).expect("sizes that fit").to_vec::<f32>().expect("of F32");
                let kind = |x: &f32| {
                    if x.is_finite() {
                        0
                    } else if x.is_nan() {
                        1
                    } else {
                        2
                    }
                };
                let other = got.iter().zip(&want).filter(|(got, want)| kind(got) != kind(want)).count();
                assert_eq!(other, 0, "{part:?}, {number} in operand {spoiled}");
            }
        }
    }
}
