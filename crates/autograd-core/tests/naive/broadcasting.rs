//! Operands of several shapes.

use crate::model::{Dice, Model, agree, gradient_is};
use autograd_core::{DType, Result, Tensor};

/// An operation of up to three operands, its formula, its slopes, and how many operands it takes.
type Operation = (&'static str, fn(&[Tensor]) -> Result<Tensor>, fn([f64; 3]) -> f64, fn([f64; 3]) -> [f64; 3], usize);

const OPERATIONS: [Operation; 6] = [
    ("add", |x| x[0].try_add(&x[1]), |[a, b, _]| a + b, |_| [1.0, 1.0, 0.0], 2),
    ("sub", |x| x[0].try_sub(&x[1]), |[a, b, _]| a - b, |_| [1.0, -1.0, 0.0], 2),
    ("mul", |x| x[0].try_mul(&x[1]), |[a, b, _]| a * b, |[a, b, _]| [b, a, 0.0], 2),
    (
        "maximum",
        |x| x[0].maximum(&x[1]),
        |[a, b, _]| a.max(b),
        |[a, b, _]| if a > b { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] },
        2,
    ),
    ("lerp", |x| x[0].lerp(&x[1], &x[2]), |[a, b, w]| a + w * (b - a), |[a, b, w]| [1.0 - w, w, b - a], 3),
    (
        "where_cond",
        |x| x[0].detach().gt(&Tensor::zeros(&[], DType::F64)?)?.where_cond(&x[1], &x[2]),
        |[a, b, c]| if a > 0.0 { b } else { c },
        |[a, ..]| if a > 0.0 { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] },
        3,
    ),
];

/// The common shape, if there is one.
fn common(shapes: &[Vec<usize>]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(Vec::len).max().unwrap_or(0);
    let size_at = |shape: &Vec<usize>, d: usize| (d + shape.len()).checked_sub(rank).map_or(1, |d| shape[d]);
    (0..rank)
        .map(|d| {
            let mut size = 1;
            for s in shapes.iter().map(|shape| size_at(shape, d)).filter(|s| *s != 1) {
                if size != 1 && size != s {
                    return None;
                }
                size = s;
            }
            Some(size)
        })
        .collect()
}

/// Where an element of the common shape lies in an operand.
fn place(operand: &Model, at: &[usize]) -> usize {
    let at = &at[at.len() - operand.rank()..];
    operand.place(&at.iter().zip(&operand.shape).map(|(at, size)| if *size == 1 { 0 } else { *at }).collect::<Vec<_>>())
}

#[test]
fn operands_meet_as_loops_let_them() {
    let (mut met, mut refused) = (0, 0);
    for seed in crate::seeds(3000) {
        let dice = &mut Dice::new(seed);
        let (name, call, formula, slopes, count) = OPERATIONS[dice.below(OPERATIONS.len())];
        let whole = dice.shape(4);
        // Parts of one shape, rarely with a size that is another.
        let shapes: Vec<Vec<usize>> = (0..count)
            .map(|_| {
                let from = dice.below(whole.len() + 1);
                let size = |s: &usize| match dice.below(30) {
                    0 => 7,
                    1..10 => 1,
                    _ => *s,
                };
                whole[from..].iter().map(size).collect()
            })
            .collect();
        let models: Vec<Model> = shapes.iter().map(|shape| dice.random(shape)).collect();
        let leaves: Vec<Tensor> = models.iter().map(|m| m.view(dice).requires_grad()).collect();
        let what = format!("seed {seed}: {name} of {shapes:?}");
        let y = call(&leaves);
        let Some(shape) = common(&shapes) else {
            refused += 1;
            let text = y.expect_err(&what).to_string();
            assert!(text.contains("broadcast"), "{what}: {text}");
            continue;
        };
        met += 1;
        let y = y.unwrap_or_else(|e| panic!("{what}: {e}"));
        let operands = |at: &[usize]| {
            let mut x = [0.0; 3];
            models.iter().zip(&mut x).for_each(|(m, x)| *x = m.data[place(m, at)]);
            x
        };
        agree(&y, &Model::build(&shape, |at| formula(operands(&at))), 1e-15, &what);
        let seed = dice.random(&shape);
        for (i, (m, leaf)) in models.iter().zip(&leaves).enumerate().filter(|(i, _)| name != "where_cond" || *i > 0) {
            let mut want = Model::build(&m.shape, |_| 0.0);
            for (at, seed) in crate::model::coordinates(&shape).zip(&seed.data) {
                want.data[place(m, &at)] += seed * slopes(operands(&at))[i];
            }
            gradient_is(&call(&leaves).expect("it has been"), &seed, leaf, &want, &format!("{what}, operand {i}"));
        }
    }
    assert!(met >= crate::often(1000, 3000) && refused >= crate::often(50, 3000), "{met} met, {refused} refused");
}
