//! The errors of the table: the exact text of each, and nothing changed by it.

use super::{Case, all};
use crate::tensor::Tensor;

/// Everything of a tensor that a caller can see.
fn seen(x: &Tensor) -> (Vec<usize>, Vec<usize>, Vec<u64>, bool) {
    let bits = x.to_f64s().into_iter().map(f64::to_bits).collect();
    (x.shape().to_vec(), x.strides().to_vec(), bits, x.is_tracked())
}

impl Case {
    /// The operation without what tells its cases apart: `amax` of `amax(0, 2)`, `linear` of `linear to one`.
    fn operation(&self) -> &'static str {
        self.op.split(['(', ' ']).next().unwrap_or(self.op)
    }
}

#[test]
fn errors_have_their_exact_text_and_change_nothing() {
    let mut wrong = Vec::new();
    for case in all() {
        let plain = case.sample(11);
        let tracked: Vec<Tensor> = plain.iter().map(Tensor::requires_grad).collect();
        let good = seen(&case.call(&plain));
        for (refusal, x) in case.refusals.iter().flat_map(|refusal| [(refusal, &plain), (refusal, &tracked)]) {
            let before: Vec<_> = x.iter().map(seen).collect();
            let Err(error) = (refusal.call)(x) else { panic!("{}: not refused: {}", case.op, refusal.text) };
            if error.to_string() != refusal.text {
                wrong.push(format!("{error}\n  instead of\n{}", refusal.text));
            }
            assert_eq!(x.iter().map(seen).collect::<Vec<_>>(), before, "changed by: {error}");
            assert_eq!(seen(&case.call(&plain)), good, "{} is another after: {error}", case.op);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_operation_that_can_fail_says_how() {
    let all = all();
    let silent = all.iter().filter(|case| {
        let mut of_this = all.iter().filter(|other| other.operation() == case.operation());
        case.fallible && of_this.all(|other| other.refusals.is_empty())
    });
    let silent: Vec<&str> = silent.map(|case| case.op).collect();
    assert!(silent.is_empty(), "{silent:?}: give a case of each `.refuses(..)`, or mark it `.cannot_fail()`");

    let fine = all.iter().filter(|case| !case.fallible);
    let contradictory: Vec<&str> = fine.filter(|case| !case.refusals.is_empty()).map(|case| case.op).collect();
    assert!(contradictory.is_empty(), "{contradictory:?}: cannot fail, and yet refuse something");
}
