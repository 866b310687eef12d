//! Inputs without elements, without dimensions and with very many elements, made of a case's own.

use super::facts::Doors;
use super::suite::{case_seed, scrambled};
use super::{Case, Input};
use crate::Result;
use crate::memory::unwritten;
use crate::tensor::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

/// So many elements are shared between threads.
const MANY: usize = 140_000;

/// More elements than this are neither given nor asked for.
const MOST: usize = 8 * MANY;

/// The shapes of a case's inputs.
pub(super) type Shapes = Vec<Vec<usize>>;

impl Case {
    pub(super) fn shapes(&self) -> Shapes {
        self.inputs.iter().map(|input| input.shape().to_vec()).collect()
    }

    pub(super) fn of_shapes(&self, shapes: &Shapes) -> Case {
        let inputs: Vec<Input> = self.inputs.iter().zip(shapes).map(|(input, shape)| input.of_shape(shape)).collect();
        Case { inputs, ..self.clone() }
    }
}

/// The same shapes with one size for another, so that sizes that must agree still do.
pub(super) fn replaced(shapes: &Shapes, old: usize, new: usize) -> Shapes {
    let of_shape = |shape: &Vec<usize>| shape.iter().map(|size| if *size == old { new } else { *size }).collect();
    shapes.iter().map(of_shape).collect()
}

pub(super) fn distinct(shapes: &Shapes) -> Vec<usize> {
    let mut sizes: Vec<usize> = shapes.iter().flatten().copied().filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Each size 0, all of them 0 or 1, no dimensions, two dimensions of which one is empty, and one input after the other
/// empty or without dimensions.
fn small(shapes: &Shapes) -> Vec<Shapes> {
    let mut all: Vec<Shapes> = distinct(shapes).into_iter().map(|size| replaced(shapes, size, 0)).collect();
    for shape in [&[][..], &[0], &[0, 3], &[3, 0], &[1], &[1, 1], &[2, 0, 3]] {
        all.push(vec![shape.to_vec(); shapes.len()]);
        // The first input of one shape, all others of another: a scalar and an empty index.
        for other in [&[][..], &[0], &[1]] {
            let of_input = |i: usize| if i == 0 { shape.to_vec() } else { other.to_vec() };
            all.push((0..shapes.len()).map(of_input).collect());
        }
        for i in 0..shapes.len() {
            let mut one = shapes.clone();
            one[i] = shape.to_vec();
            all.push(one);
        }
    }
    for size in [0, 1] {
        all.push(shapes.iter().map(|shape| vec![size; shape.len()]).collect());
    }
    for i in 0..shapes.len() {
        for d in 0..shapes[i].len() {
            let mut one = shapes.clone();
            one[i][d] = 0;
            all.push(one);
        }
    }
    all
}

/// Everything a result says: its shape, dtype and bits; or the text of the error.
fn outcome(y: &Result<Tensor>) -> String {
    match y {
        Err(error) => error.to_string(),
        Ok(y) => {
            let bits: Vec<u64> = y.to_f64s().into_iter().map(f64::to_bits).collect();
            assert!(!unwritten(y), "an element that nothing wrote, in {y}");
            assert_eq!(bits.len(), y.shape().iter().product::<usize>(), "the elements do not fill the shape");
            if bits.len() > 1000 {
                // Written out, so many bits take longer than all the rest.
                let mix = |sum: u64, bits: &u64| sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ bits;
                return format!("{:?} {} {:x}", y.shape(), y.dtype(), bits.iter().fold(0, mix));
            }
            format!("{:?} {} {bits:x?}", y.shape(), y.dtype())
        }
    }
}

/// What the operation and its gradients answer for inputs of the case; none may be unwritten or have another shape.
fn answers(case: &Case, x: &[Tensor], recorded: bool) -> Vec<String> {
    let tracked: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
    let y = (case.call)(&tracked);
    let mut all = vec![outcome(&y)];
    let Ok(y) = y else { return all };
    if !y.is_tracked() {
        return all;
    }
    let seed = case_seed(&y);
    let targets: Vec<&Tensor> = tracked.iter().collect();
    let recorded = recorded.then(|| {
        let found = crate::grad_with(&[(&y, &seed)], &targets);
        found.unwrap_or_else(|e| panic!("the recorded gradient: {e}"))
    });
    let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("the fused gradient: {e}"));
    for (i, x) in tracked.iter().enumerate() {
        let gradients = [fused.get(x).cloned(), recorded.as_ref().and_then(|all| all[i].clone())];
        for gradient in gradients.into_iter().flatten() {
            assert_eq!(gradient.shape(), x.shape(), "the shape of a gradient");
            all.push(outcome(&Ok(gradient)));
        }
    }
    all
}

/// With no elements and no dimensions an operation answers, in one shape whatever the layout, or gives an error.
pub(super) fn nothing_is_an_input_like_any_other(case: &Case) {
    let shapes = case.shapes();
    let usual = (case.call)(&case.sample(13)).map(|y| y.rank());
    for small in small(&shapes) {
        let case = case.of_shapes(&small);
        let check = || {
            let x = case.sample(13);
            let found = answers(&case, &x, true);
            let y = (case.call)(&x);
            // A size of 1 may be left out of the result.
            let ranks = |shapes: &Shapes| shapes.iter().map(Vec::len).collect::<Vec<_>>();
            let alike = ranks(&small) == ranks(&shapes) && !small.iter().flatten().any(|size| *size == 1);
            if let (Ok(usual), Ok(y), true) = (&usual, &y, alike) {
                assert_eq!(*usual, y.rank(), "the number of dimensions");
            }
            if let (true, Ok(y)) = (case.elementwise && small.iter().all(|shape| *shape == small[0]), &y) {
                assert_eq!(y.shape(), small[0]);
            }
            if case.of_views {
                let views: Vec<Tensor> = x.iter().map(scrambled).collect();
                assert_eq!(outcome(&(case.call)(&views)), found[0], "of permuted inputs");
            }
        };
        within(&small, check);
    }
}

/// Results of very many elements have the same bits on any number of threads, gradients too.
pub(super) fn many_elements_give_the_same_bits_on_any_number_of_threads(case: &Case) {
    let shapes = case.shapes();
    let numel = |shape: &Vec<usize>| shape.iter().product::<usize>();
    for size in distinct(&shapes) {
        let times = |shape: &Vec<usize>| shape.iter().filter(|other| **other == size).count();
        let all = shapes.iter().filter(|shape| shape.contains(&size)).map(|shape| (numel(shape), times(shape)));
        let (largest, times) = all.max().unwrap_or((1, 1));
        // A matrix whose rows and columns grow together has as many elements much sooner.
        let factor = MANY as f64 / largest.max(1) as f64;
        let most = bearable(case, &shapes, size, MOST);
        let many = |power: f64| ((size as f64 * factor.powf(power)).ceil() as usize).min(most);
        // Where that is too little to share, as parts of a matrix are, it grows on.
        let mut sizes = vec![many(1.0 / times as f64), many(1.0)];
        sizes.dedup();
        for many in sizes {
            let large = replaced(&shapes, size, many);
            if large.iter().map(numel).sum::<usize>() > MOST || have_the_same_bits(&case.of_shapes(&large), &large) {
                break;
            }
        }
    }
}

/// Checks the bits, and says whether there was anything to share.
fn have_the_same_bits(case: &Case, shapes: &Shapes) -> bool {
    let mut is_shared = false;
    within(shapes, || {
        let x = case.sample(14);
        let [alone, shared] = pools();
        let (one, doors) = alone.install(|| Doors::of(|| answers(case, &x, false)));
        doors.note();
        is_shared = doors.are_shared();
        let three = shared.install(|| answers(case, &x, false));
        if one != three {
            // Which of the two it is, and whether it is so again.
            let again = [alone, shared].map(|pool| pool.install(|| answers(case, &x, false)));
            let [one_again, three_again] = again.each_ref().map(|again| [*again == one, *again == three]);
            panic!(
                "one thread and three give different bits; once more, one thread gives those of [one, three]: \
                    {one_again:?}, and three: {three_again:?}"
            );
        }
    });
    is_shared
}

/// The largest number for a size with which the result has no more than `most` elements, judged by how it grows where
/// the size is doubled: with its square, if two dims of the result are the size.
pub(super) fn bearable(case: &Case, shapes: &Shapes, size: usize, most: usize) -> usize {
    let result = |of: usize| {
        let case = case.of_shapes(&replaced(shapes, size, of));
        (case.call)(&case.sample(14)).map_or(0.0, |y| y.numel() as f64)
    };
    let (elements, of_double) = (result(size), result(2 * size));
    let power = (of_double / elements).log2();
    // It does not grow, or is refused.
    if !(power.is_finite() && power > 0.0) {
        return usize::MAX;
    }
    (size as f64 * (most as f64 / elements).powf(1.0 / power)) as usize
}

/// Runs a check, and says for which shapes it failed.
fn within(shapes: &Shapes, check: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(check)) {
        panic!("inputs of shapes {shapes:?}: {}", super::suite::text_of(&*panic));
    }
}

/// One thread and three.
fn pools() -> &'static [rayon::ThreadPool; 2] {
    static POOLS: OnceLock<[rayon::ThreadPool; 2]> = OnceLock::new();
    POOLS.get_or_init(|| {
        [1, 3].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"))
    })
}

#[test]
fn a_result_that_grows_with_the_square_of_a_size_stays_bearable() {
    let outer = Case::new("outer", vec![Input::real(&[4], 0.0..1.0), Input::real(&[4], 0.0..1.0)], |x| {
        x[0].unsqueeze(1)?.try_mul(&x[1])
    });
    let many = bearable(&outer, &outer.shapes(), 4, MOST);
    assert!(many * many <= MOST && (many + 2) * (many + 2) > MOST, "{many}");
    let sum = Case::new("sum", vec![Input::real(&[4], 0.0..1.0)], |x| Ok(x[0].sum()));
    assert_eq!(bearable(&sum, &sum.shapes(), 4, MOST), usize::MAX);
}
