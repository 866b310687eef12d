//! The leaves that a derived traversal visits, and their names.

use autograd_core::module::{Buffer, Item, ItemMut, Mode, Module, Param, Path, Stream};
use autograd_core::{DType, Description, Tensor};
use std::marker::PhantomData;
use wengert_derive::Module;

fn param(size: usize) -> Param {
    Param::new(Tensor::ones(&[size], DType::F32).expect("small")).expect("floats")
}

fn leaves(module: &impl Module) -> Vec<String> {
    let mut all = Vec::new();
    module.visit(&Path::root(), &mut |path, item| {
        let kind = match item {
            Item::Param(_) => "param",
            Item::Tied(_) => "tied",
            Item::Buffer(_) => "buffer",
            Item::Stream(_) => "stream",
            Item::Mode(_) => "mode",
        };
        all.push(format!("{path}: {kind}"));
    });
    all
}

#[derive(Module)]
struct Affine {
    weight: Param,
    bias: Option<Param>,
    _name: &'static str,
}

fn affine(bias: bool) -> Affine {
    Affine { weight: param(2), bias: bias.then(|| param(1)), _name: "affine" }
}

#[derive(Module)]
struct Pair(Affine, #[module(rename = "second")] Affine);

#[derive(Module)]
struct Nothing;

#[derive(Module)]
struct Everything {
    pairs: [Pair; 1],
    nothing: Nothing,
    boxed: Box<dyn Module>,
    mean: Buffer,
    r#mode: Mode,
    stream: Stream,
}

#[derive(Module)]
struct Flat {
    #[module(flatten)]
    parts: Vec<Affine>,
}

#[derive(Module)]
struct Generic<'a, T, U, const N: usize>
where
    U: Copy,
{
    inner: [T; N],
    #[module(skip)]
    _borrowed: PhantomData<&'a U>,
}

#[test]
fn fields_are_visited_in_the_order_of_declaration() {
    let all = Everything {
        pairs: [Pair(affine(true), affine(false))],
        nothing: Nothing,
        boxed: Box::new(affine(false)),
        mean: Buffer::new(Tensor::from(0.0)),
        r#mode: Mode::default(),
        stream: Stream::at(0, 0),
    };
    let expected = [
        "pairs.0.0.weight: param",
        "pairs.0.0.bias: param",
        "pairs.0.second.weight: param",
        "boxed.weight: param",
        "mean: buffer",
        "mode: mode",
        "stream: stream",
    ];
    assert_eq!(leaves(&all), expected);
}

#[test]
fn both_traversals_visit_the_same() {
    let mut pair = Pair(affine(true), affine(true));
    let mut seen = Vec::new();
    pair.visit_mut(&Path::root(), &mut |path, _| seen.push(format!("{path}: param")));
    assert_eq!(seen, leaves(&pair));
}

#[test]
fn a_flat_field_adds_no_name() {
    let flat = Flat { parts: vec![affine(false), affine(true)] };
    assert_eq!(leaves(&flat), ["0.weight: param", "1.weight: param", "1.bias: param"]);
}

#[test]
fn type_parameters_are_modules_where_they_are_in_the_tree() {
    // `Instant` is no module, and need not be: its field is skipped.
    let generic: Generic<'_, Affine, std::time::Instant, 2> =
        Generic { inner: [affine(false), affine(false)], _borrowed: PhantomData };
    assert_eq!(leaves(&generic), ["inner.0.weight: param", "inner.1.weight: param"]);
    assert_eq!(generic.num_parameters(), 4);
}

/// A family of models, which is none itself.
trait Family {
    type Body: Module;
    type Size: std::fmt::Debug;
    type Some<const N: usize>: Module;
    type With<T>: Module;
}

struct Affines;

impl Family for Affines {
    type Body = Affine;
    type Size = usize;
    type Some<const N: usize> = [Affine; N];
    type With<T> = Affine;
}

#[derive(Module)]
struct Of<F: Family> {
    bodies: Vec<F::Body>,
    #[module(option)]
    size: F::Size,
    first: <F as Family>::Body,
    pair: F::Some<2>,
}

#[test]
fn what_belongs_to_a_type_parameter_may_be_a_module() {
    let pair = [affine(false), affine(false)];
    let of: Of<Affines> = Of { bodies: vec![affine(false)], size: 2, first: affine(false), pair };
    let all = ["bodies.0.weight", "first.weight", "pair.0.weight", "pair.1.weight"];
    assert_eq!(leaves(&of), all.map(|name| format!("{name}: param")));
    assert!(of.describe().options().any(|(name, value)| (name, value) == ("size", "2")));
}

/// A parameter with the name of a type of the family, which is no module; and an arrow between brackets.
#[derive(Module)]
struct Beside<F: Family, Body> {
    own: F::Body,
    with: F::With<fn() -> u8>,
    #[module(skip)]
    _body: Body,
}

#[test]
fn another_name_behind_a_path_is_no_type_parameter() {
    let beside: Beside<Affines, std::time::Instant> =
        Beside { own: affine(false), with: affine(false), _body: std::time::Instant::now() };
    assert_eq!(leaves(&beside), ["own.weight: param", "with.weight: param"]);
}

#[derive(Module)]
enum Either<T> {
    Nothing,
    Pair(Affine, T),
    Named {
        scale: Param,
        #[module(skip)]
        _at: std::time::Instant,
    },
    Same(#[module(flatten)] Affine),
}

#[derive(Module)]
enum Never {}

#[test]
fn an_enum_has_the_fields_of_its_variant() {
    assert!(leaves(&Either::<f64>::Nothing).is_empty());
    assert_eq!(leaves(&Either::Pair(affine(false), 0.5)), ["0.weight: param"]);
    let named = Either::<Affine>::Named { scale: param(1), _at: std::time::Instant::now() };
    assert_eq!(leaves(&named), ["scale: param"]);
    let mut same = Either::<Affine>::Same(affine(true));
    assert_eq!(leaves(&same), ["weight: param", "bias: param"]);
    assert_eq!((same.freeze("weight"), same.kind()), (Ok(1), "Either"));
    assert!(Option::<Never>::None.parameters().is_empty());
}

#[test]
fn a_kind_is_the_name_of_the_type() {
    let boxed: Box<dyn Module> = Box::new(Pair(affine(true), affine(true)));
    assert_eq!((boxed.kind(), Nothing.kind()), ("Pair", "Nothing"));
    #[allow(non_camel_case_types)]
    #[derive(Module)]
    struct r#type;
    assert_eq!(r#type.kind(), "type");
}

/// The examples of the macro's documentation: what is derived, and what it stands for.
#[test]
fn a_derived_traversal_is_the_one_written_by_hand() {
    #[derive(Module)]
    struct Scale {
        #[module(rename = "weight")]
        factors: Param,
        channels: usize,
    }
    let scale =
        Scale { factors: Param::new(Tensor::ones(&[3], DType::F32).expect("small")).expect("floats"), channels: 3 };
    assert_eq!(scale.named_parameters()[0].0, "weight");
    assert_eq!((scale.num_parameters(), scale.kind()), (scale.channels, "Scale"));
    assert_eq!(scale.describe().options().collect::<Vec<_>>(), [("channels", "3")]);

    struct Hand {
        weight: Param,
        bias: Param,
        scale: f64,
    }
    impl Module for Hand {
        fn kind(&self) -> &'static str {
            "Affine"
        }
        fn describe(&self) -> Description {
            Description::new("Affine")
                .part("weight", &self.weight.describe())
                .part("bias", &self.bias.describe())
                .part("scale", &self.scale.describe())
        }
        fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
            self.weight.visit(&path.child("weight"), f);
            self.bias.visit(&path.child("bias"), f);
            self.scale.visit(&path.child("scale"), f);
        }
        fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
            self.weight.visit_mut(&path.child("weight"), f);
            self.bias.visit_mut(&path.child("bias"), f);
            self.scale.visit_mut(&path.child("scale"), f);
        }
    }
    let hand = Hand { weight: param(2), bias: param(1), scale: 0.5 };
    assert_eq!(hand.describe().to_string(), "Affine { scale: 0.5 }");
    assert_eq!((leaves(&hand), hand.kind()), (leaves(&affine(true)), affine(true).kind()));
}
