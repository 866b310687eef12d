//! Mistakes with targets and inputs that everybody makes once, and the call that mends each.

use super::pair::has_room;
use autograd_core::check::Check;
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// The calls that take dimensions of size one out of a tensor of shape `got`, or put them in, after which it `fits`;
/// nothing if there are none. Later dimensions come first.
fn mending(got: &[usize], rank: usize, fits: impl Fn(&[usize]) -> bool) -> Option<String> {
    let more = got.len().max(rank);
    // Bits stand for dimensions, which are fewer than 16 in all that a loss takes.
    if got.len() == rank || more > 16 {
        return None;
    }
    let places = |set: u32| (0..more).filter(move |d| set >> d & 1 == 1);
    let sets = (0..1_u32 << more).rev().filter(|set| set.count_ones() as usize == got.len().abs_diff(rank));
    if got.len() > rank {
        let ones = |set: &u32| places(*set).all(|d| got[d] == 1);
        let left = |set: u32| (0..more).filter(|d| set >> d & 1 == 0).map(|d| got[d]).collect::<Vec<_>>();
        let set = sets.filter(ones).find(|set| fits(&left(*set)))?;
        return Some(format!("squeeze(&{:?})", places(set).collect::<Vec<_>>()));
    }
    let with = |set: u32| {
        let mut old = got.iter();
        (0..more).map(|d| if set >> d & 1 == 1 { 1 } else { old.next().copied().unwrap_or(1) }).collect::<Vec<_>>()
    };
    let set = sets.into_iter().find(|set| fits(&with(*set)))?;
    Some(places(set).map(|d| format!("unsqueeze({d})")).collect::<Vec<_>>().join(" and "))
}

/// The calls after which the shape is exactly `wanted`.
fn mending_to(got: &[usize], wanted: &[usize]) -> Option<String> {
    mending(got, wanted.len(), |shape| shape == wanted)
}

/// An error unless the class indices of a target are one for each sample.
pub(super) fn indices(op: &'static str, target: &Tensor, samples: &[usize], input: &Tensor) -> Result<()> {
    let got = target.shape();
    if got == samples {
        return has_room(op, &[target, input]);
    }
    // Where there is no class, there is no index of one.
    let classless = input.numel() == 0 && target.numel() > 0;
    let call = mending_to(got, samples).filter(|_| !classless);
    let hint = call.map(|call| format!("; {call} makes it so")).unwrap_or_default();
    Err(Error::shape(op, "target", got, format!("{samples:?}{hint}")))
}

/// The error for class indices in the shape of the input, whose classes are dimension `dim`, of a loss that takes class
/// probabilities, too.
pub(super) fn one_hot(op: &'static str, target: &Tensor, dim: usize, input: &Tensor) -> Error {
    let mut samples = input.shape().to_vec();
    samples.remove(dim);
    let convert = format!("to_dtype(DType::{})", input.dtype());
    let expected = format!("{samples:?}; for one-hot rows, which are class probabilities, {convert}");
    Error::shape(op, "target", target.shape(), expected)
}

/// The error for a float target that does not have the shape of the input, whose classes are dimension `dim`.
pub(super) fn probabilities(op: &'static str, target: &Tensor, dim: usize, input: &Tensor) -> Error {
    let got = target.shape();
    let mut samples = input.shape().to_vec();
    let classes = samples.remove(dim);
    let convert = "to_dtype(DType::I64)";
    let hint = match mending_to(got, &samples) {
        // Where there is no class, there is no index of one.
        _ if got == samples && classes > 0 => format!("; for class indices, {convert}"),
        Some(call) if classes > 0 => format!("; for class indices, {call} and {convert}"),
        _ => match (mending_to(got, input.shape()), input.dtype()) {
            (Some(call), dtype) if dtype == target.dtype() => format!("; {call} makes it so"),
            (Some(call), dtype) => format!("; {call} and to_dtype(DType::{dtype}) make it so"),
            (None, _) => String::new(),
        },
    };
    Error::shape(op, "the target of class probabilities", got, format!("{:?}, that of the input{hint}", input.shape()))
}

/// Like `Check::is`, with the call that makes a target fit.
pub(super) fn same(op: &'static str, target: &Tensor, input: &[usize]) -> Result<()> {
    if target.shape() == input {
        return has_room(op, &[target]);
    }
    let hint = mending_to(target.shape(), input).map(|call| format!("; {call} makes it so")).unwrap_or_default();
    Err(Error::shape(op, "target", target.shape(), format!("{input:?}, that of the input{hint}")))
}

/// Like `Check::broadcasts_to`, with the call that makes a target fit. The ranks must agree, unless the target is one
/// number.
pub(super) fn broadcasts_to(op: &'static str, what: &str, x: &Tensor, shape: &[usize]) -> Result<()> {
    let (rank, of) = (shape.len(), x.rank());
    if of == rank || of == 0 {
        // Beside nothing there may be a target that is expanded, too.
        let room = |shape| Check(op).room(shape, x.dtype());
        return Check(op).broadcasts_to(what, x, shape).and_then(|()| room(shape)).and_then(|()| room(x.shape()));
    }
    let broadcasts = |got: &[usize]| got.iter().zip(shape).all(|(from, to)| from == to || *from == 1);
    let call = mending_to(x.shape(), shape).or_else(|| mending(x.shape(), rank, broadcasts));
    let hint = call.map(|call| format!("; {call} makes it so")).unwrap_or_default();
    let expected = format!("one that broadcasts to the input's, {shape:?}, and has its rank{hint}");
    Err(Error::shape(op, what, x.shape(), expected))
}

/// An error if the input of a loss of logits comes straight from `activation`, which the loss takes itself: it would be
/// taken twice, and the model would learn badly without a sign of why.
pub(super) fn logits(op: &'static str, input: &Tensor, activation: &str) -> Result<()> {
    if input.operation() != Some(activation) {
        return Ok(());
    }
    let text = format!(
        "{op}: the input is the result of {activation}, which {op} takes itself; leave {activation} out of the model, \
         or write `&x * 1` to take it twice"
    );
    Err(Error::new(ErrorKind::Argument, text))
}

#[cfg(test)]
mod tests {
    use crate::{binary_cross_entropy_with_logits, cross_entropy, l1_loss, mse_loss, nll_loss, smooth_l1_loss};
    use autograd_core::{DType, Result, Tensor};

    type Pair = fn(&Tensor, &Tensor) -> Result<Tensor>;

    const LOSSES: [(&str, Pair); 6] = [
        ("mse_loss", mse_loss),
        ("l1_loss", l1_loss),
        ("smooth_l1_loss", smooth_l1_loss),
        ("binary_cross_entropy_with_logits", binary_cross_entropy_with_logits),
        ("cross_entropy", cross_entropy),
        ("nll_loss", nll_loss),
    ];

    const SHAPES: [&[usize]; 15] = [
        &[],
        &[1],
        &[2],
        &[3],
        &[0],
        &[1, 1],
        &[2, 1],
        &[1, 2],
        &[2, 3],
        &[3, 2],
        &[0, 1],
        &[1, 2, 1],
        &[2, 1, 3],
        &[2, 3, 1],
        &[1, 1, 2, 3],
    ];

    /// What the text says is to be called, done.
    fn follow(text: &str, target: &Tensor) -> Result<Option<Tensor>> {
        let mut changed = None;
        for part in text.rsplit("; ").next().unwrap_or_default().split([' ', ',']) {
            let x = changed.as_ref().unwrap_or(target);
            let number = |call: &str| part.strip_prefix(call)?.strip_suffix(')').map(str::to_string);
            let next = match part {
                "to_dtype(DType::I64)" => x.to_dtype(DType::I64),
                "to_dtype(DType::F32)" => x.to_dtype(DType::F32),
                _ => match (number("unsqueeze("), number("squeeze(&")) {
                    (Some(d), _) => x.unsqueeze(d.parse::<isize>().expect("a dim"))?,
                    (_, Some(dims)) => {
                        let dims = dims.trim_matches(['[', ']']).split('+').map(|d| d.parse().expect("a dim"));
                        x.squeeze(&dims.collect::<Vec<isize>>())?
                    }
                    _ => continue,
                },
            };
            changed = Some(next);
        }
        Ok(changed)
    }

    #[test]
    fn what_a_hint_says_makes_it_fit_and_what_one_call_mends_has_a_hint() -> Result<()> {
        let mut followed = 0;
        for (name, loss) in LOSSES {
            for (input, target) in SHAPES.iter().flat_map(|a| SHAPES.map(|b| (*a, b))) {
                for dtype in [DType::F32, DType::F64, DType::I64] {
                    let (x, t) = (Tensor::zeros(input, DType::F32)?, Tensor::zeros(target, dtype)?);
                    let Err(error) = loss(&x, &t) else { continue };
                    let text = error.to_string();
                    let what = format!("{name} of {input:?} and {target:?} in {dtype}: {text}");
                    // Lists of several dims in one piece.
                    let pieces = (0..9).fold(text.clone(), |text, d| text.replace(&format!(", {d}"), &format!("+{d}")));
                    match follow(&pieces, &t)? {
                        Some(mended) => {
                            assert!(loss(&x, &mended).is_ok(), "{what}: then {:?}", loss(&x, &mended));
                            followed += 1;
                        }
                        None => {
                            let rank = target.len() as isize;
                            let calls = (0..=rank).map(|d| t.unsqueeze(d)).chain((0..rank).map(|d| t.squeeze(&[d])));
                            for mended in calls {
                                assert!(loss(&x, &mended?).is_err(), "{what}: one call would do");
                            }
                        }
                    }
                }
            }
        }
        assert!(followed > 150, "{followed}");
        Ok(())
    }
}
