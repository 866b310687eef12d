//! Plain values in a module: sizes, rates, switches and names, with nothing to train or save.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;
use crate::tensor::DType;

/// A plain value has no leaves.
macro_rules! plain {
    ($($value:ty),+ $(,)?) => {$(
        impl Module for $value {
            fn describe(&self) -> Description {
                Description::value(self)
            }
            fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
            fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
        }
    )+};
}

plain!(
    f32,
    f64,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    bool,
    char,
    String,
    &'static str,
    DType,
    ()
);

#[cfg(test)]
mod tests {
    use super::{Module, Path};

    #[test]
    fn plain_values_have_no_leaves() {
        let values: [(&mut dyn Module, &str); 8] = [
            (&mut 0.5, "0.5"),
            (&mut 3_usize, "3"),
            (&mut true, "true"),
            (&mut "name", "\"name\""),
            (&mut Some(String::from("None")), "Some(\"None\")"),
            (&mut [2_usize, 2], "[2, 2]"),
            (&mut (0.1_f32, 'x', crate::DType::F64), "(0.1, 'x', F64)"),
            (&mut vec![Some(0.5), None], "[Some(0.5), None]"),
        ];
        for (value, text) in values {
            assert_eq!(value.describe().to_string(), text);
            value.visit(&Path::root(), &mut |path, item| panic!("{path}: {item:?}"));
            value.visit_mut(&Path::root(), &mut |path, item| panic!("{path}: {item:?}"));
            assert!(value.state_dict().is_empty());
        }
    }
}
