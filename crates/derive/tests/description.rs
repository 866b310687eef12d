//! The kinds and options that a derived description has, and what it leaves out.

use autograd_core::module::{Buffer, Item, ItemMut, Mode, Module, Param, Path, Stream};
use autograd_core::{DType, Tensor};
use std::time::Duration;
use wengert_derive::Module;

fn text(module: &(impl Module + ?Sized)) -> String {
    module.describe().to_string()
}

fn param() -> Param {
    Param::new(Tensor::from(1.0)).expect("a fresh float")
}

#[derive(Module)]
enum Padding {
    Zeros,
    Constant(f64),
    Around { by: (usize, usize), fill: Option<f64> },
    Learned(#[module(flatten)] Pair),
}

#[derive(Module)]
struct Pair(Param, f32);

#[derive(Module)]
struct Leaves {
    weight: Param,
    bias: Option<Param>,
    mean: Buffer,
    stream: Stream,
    mode: Mode,
}

#[derive(Debug)]
struct Secs(#[allow(dead_code, reason = "shown by Debug")] u64);

#[derive(Module)]
struct Options<T, O> {
    #[module(rename = "in")]
    size: usize,
    r#type: String,
    dtype: DType,
    widths: Vec<usize>,
    parts: Vec<T>,
    pair: (T, f64),
    #[module(option)]
    wait: Duration,
    #[module(option)]
    other: O,
    #[module(skip)]
    _calls: usize,
}

/// Neither a module nor a `Debug`: in the tree it could not be.
struct Opaque;

#[derive(Module)]
struct Skips(#[module(skip)] Opaque, u8);

#[test]
fn kinds_and_values_stand_under_the_names_of_fields() {
    let leaves = |bias| Leaves {
        weight: param(),
        bias,
        mean: Buffer::new(Tensor::from(0.0)),
        stream: Stream::at(1, 2),
        mode: Mode::default(),
    };
    let expected = [
        (text(&leaves(None)), "description::Leaves { bias: None }"),
        (text(&leaves(Some(param()))), "description::Leaves"),
        (text(&Padding::Zeros), "description::Padding::Zeros"),
        (text(&Padding::Constant(0.5)), "description::Padding::Constant { 0: 0.5 }"),
        (text(&Padding::Around { by: (1, 2), fill: None }), "description::Padding::Around { by: (1, 2), fill: None }"),
        (text(&Padding::Learned(Pair(param(), 0.1))), "description::Padding::Learned of description::Pair { 1: 0.1 }"),
        (text(&Skips(Opaque, 3)), "description::Skips { 1: 3 }"),
        (text(&(param(), 1_i8)), "2 parts { 1: 1 }"),
        (
            text(&Options {
                size: 3,
                r#type: "a, b".into(),
                dtype: DType::F64,
                widths: vec![8, 8],
                parts: vec![Padding::Zeros, Padding::Constant(1.0)],
                pair: (Padding::Zeros, -0.0),
                wait: Duration::from_millis(1),
                other: [Secs(1)],
                _calls: 7,
            }),
            "description::Options { in: 3, type: \"a, b\", dtype: F64, widths: [8, 8], parts: 2 parts, \
             parts.0: description::Padding::Zeros, parts.1: description::Padding::Constant, parts.1.0: 1.0, \
             pair: 2 parts, pair.0: description::Padding::Zeros, pair.1: -0.0, wait: 1ms, other: [Secs(1)] }",
        ),
    ];
    for (got, want) in expected {
        assert_eq!(got, want);
    }
}

#[test]
fn types_of_one_name_differ() {
    mod other {
        use wengert_derive::Module;
        #[derive(Module)]
        pub(super) struct Nothing;
    }
    #[derive(Module)]
    struct Nothing;
    assert_eq!(
        (text(&Nothing), text(&other::Nothing)),
        ("description::Nothing".into(), "description::other::Nothing".into())
    );
    assert_eq!(Nothing.kind(), other::Nothing.kind());
}

#[test]
fn a_module_by_hand_is_its_type() {
    struct Hand;
    impl Module for Hand {
        fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
        fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
    }
    let boxed: Box<dyn Module> = Box::new(Hand);
    let name = std::any::type_name::<Hand>();
    assert_eq!((text(&boxed), text(&Some(Hand))), (name.into(), name.into()));
    assert!(name.starts_with("description::") && name.ends_with("::Hand"), "{name}");
}
