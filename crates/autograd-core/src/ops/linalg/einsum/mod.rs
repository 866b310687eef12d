//! Sums of products by an equation.

mod equation;
mod path;
pub(crate) mod repeated;
mod term;

use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;
use equation::{Equation, Label};
use path::Path;
use std::collections::BTreeMap;
use term::Term;

impl Tensor {
    /// The sum of products that an equation says, for any number of operands: `"bik,bkj->bij"` is a batch of matrix
    /// products, `"ii->"` a trace, `"i,j->ij"` an outer product.
    ///
    /// Each dim of each operand has a letter. Dims of one letter go together; a letter that the result does not have is
    /// summed over; a letter twice in one operand is its diagonal. `...` stands for any number of dims, which are
    /// broadcast, and so are sizes of one. Without `->` the result has the dims of `...`, then the letters that occur
    /// once, in alphabetical order.
    ///
    /// Pairs of operands are multiplied, as matrix products where something is summed, in the order that takes the
    /// fewest multiplications; of more than eight operands the cheapest pair comes first.
    ///
    /// # Gradient
    /// That of the products. Saves their operands.
    ///
    /// # Errors
    /// If the equation has something else in it, or not as many operands or letters as there are operands and dims; if
    /// sizes of a letter differ, a letter of the result is in no operand or twice in the result, the dtypes differ or
    /// are not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([10.0, 1.0]));
    /// assert_eq!(Tensor::einsum("ij,j->i", &[&a, &b])?.to_vec::<f32>()?, [12.0, 34.0]);
    /// assert_eq!(Tensor::einsum("ii", &[&a])?.item::<f32>()?, 5.0);
    /// let error = Tensor::einsum("ij,i->j", &[&a, &Tensor::from([1.0, 2.0, 3.0])]).unwrap_err();
    /// assert_eq!(error.to_string(), "einsum: letter i is 2 in operand 0 and 3 in operand 1");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn einsum(equation: &str, operands: &[&Tensor]) -> Result<Tensor> {
        let check = Check("einsum");
        for x in operands {
            check.same_float(operands[0], x)?;
        }
        let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
        let Equation { operands: labels, result, sizes } = Equation::new(equation, &shapes)?;
        let terms = operands.iter().zip(labels);
        let mut terms = terms.map(|(x, labels)| term(x, labels, &sizes)).collect::<Result<Vec<Term>>>()?;
        let known: Vec<Label> = sizes.keys().copied().collect();
        let bits = |labels: &[Label]| {
            let place = |label: &Label| known.iter().position(|other| other == label);
            labels.iter().filter_map(place).fold(0, |set, i| set | 1u128 << i)
        };
        let counts: Vec<f64> = sizes.values().map(|size| *size as f64).collect();
        let sets: Vec<u128> = terms.iter().map(|term| bits(&term.labels)).collect();
        for (i, j) in (Path { result: bits(&result), sizes: &counts }).order(&sets) {
            let (b, a) = (terms.remove(j), terms.remove(i));
            let needed = |label: Label| result.contains(&label) || terms.iter().any(|t| t.labels.contains(&label));
            let product = a.times(b, &needed)?;
            terms.push(product);
        }
        let Some(last) = terms.pop() else { unreachable!("an equation has an operand at least") };
        let last = last.summed(&|label| result.contains(&label))?;
        last.spread(&result, &|label| sizes.get(&label).copied().unwrap_or(1))
    }
}

/// An operand with each of its labels once: diagonals taken, and dims of size one that stand for another size left out.
fn term(x: &Tensor, labels: Vec<Label>, sizes: &BTreeMap<Label, usize>) -> Result<Term> {
    let (mut tensor, mut once) = (x.clone(), Vec::<Label>::new());
    for label in labels {
        match once.iter().position(|other| *other == label) {
            None => once.push(label),
            Some(first) => tensor = repeated::diagonal(&tensor, first, once.len()),
        }
    }
    let stands_for_another = |d: usize| tensor.shape()[d] == 1 && sizes.get(&once[d]) != Some(&1);
    let dims: Vec<usize> = (0..once.len()).filter(|d| stands_for_another(*d)).collect();
    if !dims.is_empty() {
        tensor = tensor.squeeze(&dims.iter().map(|d| *d as isize).collect::<Vec<_>>())?;
        once = (0..once.len()).filter(|d| !dims.contains(d)).map(|d| once[d]).collect();
    }
    Ok(Term { tensor, labels: once })
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let case = |op: &'static str, equation: &'static str, shapes: &[&[usize]]| {
        let inputs = shapes.iter().map(|shape| x(shape)).collect();
        let call = move |x: &[Tensor]| Tensor::einsum(equation, &x.iter().collect::<Vec<_>>());
        Case::new(op, inputs, call).not_counting_saved()
    };
    let refused = |equation: &'static str| move |x: &[Tensor]| Tensor::einsum(equation, &[&x[0], &x[1]]);
    [
        case("einsum", "ij,jk->ik", &[&[2, 3], &[3, 4]])
            .value(|x| (0..8).map(|e| (0..3).map(|j| x[0][e / 4 * 3 + j] * x[1][j * 4 + e % 4]).sum()).collect())
            .refuses(refused("ij,ik->jk"), "einsum: letter i is 2 in operand 0 and 3 in operand 1")
            .refuses(refused("ij->i"), "einsum: \"ij->i\" has 1 operands, and 2 are given")
            .refuses(refused("ij,j"), "einsum: operand 1 has 1 letters in \"j\", and its shape is [3, 4]")
            .refuses(refused("ij,jk->l"), "einsum: letter l of the result is in no operand of \"ij,jk->l\"")
            .refuses(refused("ij,jk->ii"), "einsum: letter i is twice in the result of \"ij,jk->ii\"")
            .refuses(refused("ii,jk"), "einsum: letter i is 2 and 3 in operand 0")
            .refuses(refused("i1,jk"), "einsum: '1' in \"i1,jk\" is neither a letter, a comma, ... nor ->")
            .refuses(refused("...i...,jk"), "einsum: \"...i...\" of \"...i...,jk\" has two ellipses")
            .refuses(
                |x| Tensor::einsum("...,...", &[&x[0], &x[1]]),
                "einsum: dim −2 of the ellipsis is 2 in operand 0 and 3 in operand 1",
            )
            .refuses(
                |x| Tensor::einsum("ij,j", &[&x[0].to_dtype(crate::DType::I64), &x[1]]),
                "einsum: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("einsum (transposed)", "ba", &[&[2, 3]]).value(|x| (0..6).map(|e| x[0][e % 2 * 3 + e / 2]).collect()),
        case("einsum (sum)", "ij->", &[&[2, 3]]).value(|x| vec![x[0].iter().sum()]),
        case("einsum (diagonal)", "iji->j", &[&[2, 3, 2]])
            .value(|x| (0..3).map(|j| x[0][j * 2] + x[0][6 + j * 2 + 1]).collect()),
        case("einsum (three the same)", "iii->i", &[&[2, 2, 2]]).value(|x| vec![x[0][0], x[0][7]]),
        case("einsum (batched)", "bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 4]]),
        case("einsum (ellipsis)", "i...j,j...->...i", &[&[2, 3, 4, 5], &[5, 4]]),
        case("einsum (broadcast)", "ij,ij->j", &[&[1, 3], &[2, 1]])
            .value(|x| (0..3).map(|j| x[0][j] * (x[1][0] + x[1][1])).collect()),
        case("einsum (outer)", "i,j->ji", &[&[2], &[3]]),
        case("einsum (of three)", "bn,anm,bm->ba", &[&[2, 3], &[4, 3, 5], &[2, 5]]).value(|x| {
            let term =
                |b: usize, a: usize, n: usize, m: usize| x[0][b * 3 + n] * x[1][(a * 3 + n) * 5 + m] * x[2][b * 5 + m];
            (0..8).map(|e| (0..15).map(|k| term(e / 4, e % 4, k / 5, k % 5)).sum()).collect()
        }),
        case("einsum (elements of three)", "i,i,i->i", &[&[3], &[3], &[3]])
            .value(|x| (0..3).map(|i| x[0][i] * x[1][i] * x[2][i]).collect()),
    ]
}];
