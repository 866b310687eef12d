//! Plain values in a module: sizes, rates, switches and names, with nothing to train or save.

use super::{Item, ItemMut, Module, Path};

/// A plain value has no leaves.
macro_rules! plain {
    ($($value:ty),+ $(,)?) => {$(
        impl Module for $value {
            fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
            fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
        }
    )+};
}

plain!(f32, f64, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool, char, String, &'static str);

#[cfg(test)]
mod tests {
    use super::{Module, Path};

    #[test]
    fn plain_values_have_no_leaves() {
        let values: [&mut dyn Module; 7] = [
            &mut 0.5,
            &mut 3_usize,
            &mut true,
            &mut "name",
            &mut Some(String::from("name")),
            &mut [2_usize, 2],
            &mut vec![Some(0.5), None],
        ];
        for value in values {
            value.visit(&Path::root(), &mut |path, item| panic!("{path}: {item:?}"));
            value.visit_mut(&Path::root(), &mut |path, item| panic!("{path}: {item:?}"));
            assert!(value.state_dict().is_empty());
        }
    }
}
