//! The rows of `cases!`: an optimizer and its formula in plain words, or a refusal.

use super::net::{MATRICES, Net, SHAPES, net};
use crate::Optimizer;
use autograd_core::DType;

/// The methods that the suite needs beyond [`Optimizer`]; `optimizer!` provides them.
pub(crate) trait Common: Optimizer + 'static {
    fn with_proximal(self, l1: f64, l2: f64) -> Self;
    fn with_cautious(self, weight_decay: f64) -> Self;
    fn with_group(self, prefix: &'static str, factor: f64) -> Self;
    fn with_maximize(self) -> Self;
    fn with_flag(self, flag: Flag) -> Self;
}

/// An option that is on or off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flag {
    Decoupled(bool),
    Cautious(bool),
    Maximize(bool),
}

/// One parameter of one element in plain `f64`, with room for four numbers of state, and the number of the step.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scalar {
    pub(crate) p: f64,
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    pub(crate) d: f64,
    pub(crate) t: f64,
}

impl Scalar {
    pub(super) fn whole(self) -> Whole {
        let Scalar { p, a, b, c, d, t } = self;
        Whole { shape: Vec::new(), p: vec![p], a: vec![a], b: vec![b], c: vec![c], d: vec![d], t }
    }
}

/// One parameter in plain `f64`, row by row, with room for four tensors of state; for formulas that are not the same
/// for every element by itself.
#[derive(Clone, Default)]
pub(crate) struct Whole {
    pub(crate) shape: Vec<usize>,
    pub(crate) p: Vec<f64>,
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
    pub(crate) c: Vec<f64>,
    pub(crate) d: Vec<f64>,
    pub(crate) t: f64,
}

impl Whole {
    /// The first element.
    pub(super) fn scalar(&self) -> Scalar {
        Scalar { p: self.p[0], a: self.a[0], b: self.b[0], c: self.c[0], d: self.d[0], t: self.t }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Form {
    Plain,
    Grouped,
    Maximizing,
    Proximal,
    Cautious,
    /// After these setters.
    Flags(&'static [Flag]),
}

type Make = Box<dyn Fn(Form) -> Box<dyn Optimizer> + Sync>;
type Formula = Box<dyn Fn(&mut Whole, &[f64]) + Sync>;

pub(crate) struct Plain {
    pub(super) make: Make,
    pub(super) formula: Formula,
    /// Whether an element's step depends on other elements of the parameter.
    pub(super) coupled: bool,
    pub(super) shapes: &'static [(&'static str, &'static [usize])],
    /// Whether it depends on the elements of other parameters, too.
    pub(super) joint: bool,
    /// Whether it is an optimizer around another, with one form only.
    pub(super) wrapped: bool,
    /// Whether a gradient moves the parameter in the step after.
    pub(super) later: bool,
    /// The weight to evaluate at, in plain words; by default the parameter.
    pub(super) evaluates: fn(&Scalar) -> f64,
    pub(super) keeps: &'static [&'static str],
    /// The names of the numbers that all parameters share.
    pub(super) shares: &'static [&'static str],
}

impl Plain {
    /// The model that it trains.
    pub(super) fn net(&self, dtype: DType) -> Net {
        net(self.shapes, dtype)
    }
}

pub(crate) enum Case {
    Plain(Plain),
    Refused(Box<dyn Optimizer>, &'static str),
}

/// An optimizer, and its formula for one element in plain words.
pub(crate) fn plain<O: Common>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Scalar, f64) + Sync + 'static,
) -> Case {
    case(make, move |whole, g| each(whole, g, &formula), false)
}

/// The formula of an element for each of them.
fn each(whole: &mut Whole, g: &[f64], formula: &impl Fn(&mut Scalar, f64)) {
    for (i, g) in g.iter().enumerate() {
        let [p, a, b, c, d] = [&whole.p, &whole.a, &whole.b, &whole.c, &whole.d].map(|values| values[i]);
        let mut s = Scalar { p, a, b, c, d, t: whole.t };
        formula(&mut s, *g);
        (whole.p[i], whole.a[i], whole.b[i], whole.c[i], whole.d[i]) = (s.p, s.a, s.b, s.c, s.d);
    }
}

/// An optimizer whose steps couple the elements of a parameter, and its formula for a parameter in plain words. The
/// state starts as zeros like the parameter; at `t` 1 the formula may give it any length.
pub(crate) fn coupled<O: Common>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Whole, &[f64]) + Sync + 'static,
) -> Case {
    case(make, formula, true)
}

/// An optimizer whose steps couple all parameters, and its formula in plain words for all of them laid end to end.
pub(crate) fn joint<O: Common>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Whole, &[f64]) + Sync + 'static,
) -> Case {
    match case(make, formula, true) {
        Case::Plain(plain) => Case::Plain(Plain { joint: true, ..plain }),
        Case::Refused(..) => unreachable!("it has a formula"),
    }
}

fn case<O: Common>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Whole, &[f64]) + Sync + 'static,
    coupled: bool,
) -> Case {
    let make = move |form: Form| -> Box<dyn Optimizer> {
        match form {
            Form::Plain => Box::new(make()),
            Form::Grouped => Box::new(make().with_group("hidden", 0.5)),
            Form::Maximizing => Box::new(make().with_maximize()),
            Form::Proximal => Box::new(make().with_proximal(0.5, 0.25)),
            Form::Cautious => Box::new(make().with_cautious(0.5)),
            Form::Flags(flags) => Box::new(flags.iter().fold(make(), |optimizer, flag| optimizer.with_flag(*flag))),
        }
    };
    Case::Plain(Plain {
        make: Box::new(make),
        formula: Box::new(formula),
        coupled,
        shapes: &SHAPES,
        joint: false,
        keeps: &[],
        shares: &[],
        wrapped: false,
        later: false,
        evaluates: |s| s.p,
    })
}

/// An optimizer around another, and the formula of both for one element in plain words.
pub(crate) fn wrapped<O: Optimizer + 'static>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Scalar, f64) + Sync + 'static,
) -> Case {
    Case::Plain(Plain {
        make: Box::new(move |_| Box::new(make())),
        formula: Box::new(move |whole, g| each(whole, g, &formula)),
        coupled: false,
        shapes: &SHAPES,
        joint: false,
        wrapped: true,
        later: false,
        keeps: &[],
        shares: &[],
        evaluates: |s| s.p,
    })
}

/// An optimizer around another whose steps couple all parameters, and the formula of both in plain words for all of
/// them laid end to end.
pub(crate) fn wrapped_joint<O: Optimizer + 'static>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Whole, &[f64]) + Sync + 'static,
) -> Case {
    match wrapped(make, |_, _| {}) {
        Case::Plain(plain) => Case::Plain(Plain { formula: Box::new(formula), coupled: true, joint: true, ..plain }),
        Case::Refused(..) => unreachable!("it has a formula"),
    }
}

/// Hyperparameters out of range, and the text that says so.
pub(crate) fn refused(optimizer: impl Optimizer + 'static, text: &'static str) -> Case {
    Case::Refused(Box::new(optimizer), text)
}

impl Case {
    /// The names of state and numbers that each parameter has after a step, besides `step`.
    pub(crate) fn keeps(self, keeps: &'static [&'static str]) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { keeps, ..plain }),
            Case::Refused(..) => unreachable!("what is refused keeps nothing"),
        }
    }

    /// Of an optimizer that makes the step of a gradient one step later.
    pub(crate) fn moves_one_step_later(self) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { later: true, ..plain }),
            Case::Refused(..) => unreachable!("what is refused moves nothing"),
        }
    }

    /// Of an optimizer that takes matrices only.
    pub(crate) fn of_matrices(self) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { shapes: &MATRICES, ..plain }),
            Case::Refused(..) => unreachable!("what is refused trains nothing"),
        }
    }

    /// The names of the numbers that the optimizer has after a step.
    pub(crate) fn shares(self, shares: &'static [&'static str]) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { shares, ..plain }),
            Case::Refused(..) => unreachable!("what is refused keeps nothing"),
        }
    }

    /// The weight to evaluate at, of one element.
    pub(crate) fn evaluates(self, evaluates: fn(&Scalar) -> f64) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { evaluates, ..plain }),
            Case::Refused(..) => unreachable!("what is refused evaluates nothing"),
        }
    }
}
