//! Random equations against a sum over all assignments of the letters.

use crate::model::{Dice, Model, agree, coordinates, gradient_is};
use autograd_core::Tensor;

const LETTERS: [char; 5] = ['a', 'b', 'c', 'd', 'e'];

/// The letters of one term.
fn term(dice: &mut Dice, rank: usize) -> Vec<usize> {
    (0..rank).map(|_| dice.below(LETTERS.len())).collect()
}

fn written(letters: &[usize]) -> String {
    letters.iter().map(|i| LETTERS[*i]).collect()
}

#[test]
fn equations_are_sums_over_all_letters() {
    for seed in crate::seeds(1500) {
        let dice = &mut Dice::new(seed);
        let sizes: Vec<usize> = LETTERS.iter().map(|_| if dice.once_in(25) { 0 } else { 1 + dice.below(4) }).collect();
        let count = 1 + dice.below(4);
        let terms: Vec<Vec<usize>> = (0..count)
            .map(|_| {
                let rank = dice.below(4);
                term(dice, rank)
            })
            .collect();
        // The result has some of the letters, each once, in any order; or is left to the rule.
        let mut seen: Vec<usize> = terms.concat();
        let all = seen.clone();
        seen.sort_unstable();
        seen.dedup();
        let implicit = dice.once_in(4);
        let output: Vec<usize> = if implicit {
            seen.iter().copied().filter(|l| all.iter().filter(|other| *other == l).count() == 1).collect()
        } else {
            let mut output: Vec<usize> = seen.iter().copied().filter(|_| dice.once_in(2)).collect();
            (1..output.len()).for_each(|i| output.swap(i, dice.below(i + 1)));
            output
        };
        let left = terms.iter().map(|term| written(term)).collect::<Vec<_>>().join(",");
        let equation = if implicit { left } else { format!("{left}->{}", written(&output)) };
        let shape_of = |term: &[usize]| term.iter().map(|l| sizes[*l]).collect::<Vec<_>>();
        let models: Vec<Model> = terms.iter().map(|term| dice.random(&shape_of(term))).collect();
        let leaves: Vec<Tensor> = models.iter().map(|m| m.view(dice).requires_grad()).collect();
        let what = format!("seed {seed}: {equation} of {:?}", models.iter().map(|m| &m.shape).collect::<Vec<_>>());

        let mut want = Model::build(&shape_of(&output), |_| 0.0);
        let seed = dice.random(&want.shape);
        let mut gradients: Vec<Model> = models.iter().map(|m| Model::build(&m.shape, |_| 0.0)).collect();
        let sizes_seen: Vec<usize> = seen.iter().map(|l| sizes[*l]).collect();
        for at in coordinates(&sizes_seen) {
            let value = |l: &usize| at[seen.iter().position(|s| s == l).expect("it is seen")];
            let pick = |letters: &[usize]| letters.iter().map(value).collect::<Vec<_>>();
            let places: Vec<usize> = models.iter().zip(&terms).map(|(m, term)| m.place(&pick(term))).collect();
            let factors: Vec<f64> = models.iter().zip(&places).map(|(m, place)| m.data[*place]).collect();
            let to = want.place(&pick(&output));
            want.data[to] += factors.iter().product::<f64>();
            for (i, gradient) in gradients.iter_mut().enumerate() {
                let others: f64 = (0..count).filter(|k| *k != i).map(|k| factors[k]).product();
                gradient.data[places[i]] += seed.data[to] * others;
            }
        }
        let call = || Tensor::einsum(&equation, &leaves.iter().collect::<Vec<_>>());
        agree(&call().unwrap_or_else(|e| panic!("{what}: {e}")), &want, 1e-12, &what);
        for (i, (leaf, gradient)) in leaves.iter().zip(&gradients).enumerate() {
            gradient_is(&call().expect("as before"), &seed, leaf, gradient, &format!("{what}, operand {i}"));
        }
    }
}
