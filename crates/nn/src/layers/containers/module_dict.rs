//! A map of modules.

use autograd_core::module::{Item, ItemMut, Module, Path};
use autograd_core::{Description, Error, ErrorKind, Result};

/// Modules by name, in the order in which they were added; parameters are called `name.weight`. A list of modules is a
/// `Vec`.
///
/// It is a module and no layer: who holds it says what its modules do. One of parameters, `ModuleDict<Param>`, is
/// PyTorch's `ParameterDict`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Module, ModuleDict, Result};
///
/// #[derive(Module)]
/// struct Heads { heads: ModuleDict<Linear> }
///
/// impl Heads {
///     fn run(&self, task: &str, x: &Tensor) -> Result<Tensor> {
///         self.heads.get(task)?.call(&format!("heads.{task}"), x)
///     }
/// }
///
/// let mut rng = autograd_core::seeded(7);
/// let mut heads = ModuleDict::new();
/// heads.insert("kind", Linear::new(4, 3, &mut rng)?)?;
/// heads.insert("age", Linear::new(4, 1, &mut rng)?)?;
/// assert_eq!((heads.len(), heads.is_empty(), heads.get_mut("age")?.out_features()), (2, false, 1));
/// assert_eq!(heads.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["kind", "age"]);
///
/// let model = Heads { heads };
/// assert_eq!(model.named_parameters()[2].0, "heads.age.weight");
/// let error = model.run("size", &Tensor::from([0.0; 4])).expect_err("there is no such head");
/// assert_eq!(error.to_string(), "ModuleDict: no module is called \"size\"; there are \"kind\", \"age\"");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModuleDict<M> {
    entries: Vec<(String, M)>,
}

impl<M> Default for ModuleDict<M> {
    fn default() -> Self {
        ModuleDict { entries: Vec::new() }
    }
}

impl<M> ModuleDict<M> {
    /// A map without modules.
    pub fn new() -> ModuleDict<M> {
        ModuleDict::default()
    }

    /// Adds a module at the end; one of that name is replaced where it is, and returned.
    ///
    /// # Errors
    /// If the name is empty or has a dot, for it is a part of the names of parameters.
    pub fn insert(&mut self, name: impl Into<String>, module: M) -> Result<Option<M>> {
        let name = name.into();
        if name.is_empty() || name.contains('.') {
            return Err(Error::argument("ModuleDict", "name", name, "not empty and without dots"));
        }
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => Ok(Some(std::mem::replace(old, module))),
            None => {
                self.entries.push((name, module));
                Ok(None)
            }
        }
    }

    /// The module of a name.
    ///
    /// # Errors
    /// If there is none; the text says which there are.
    pub fn get(&self, name: &str) -> Result<&M> {
        let entry = self.entries.iter().find(|(known, _)| known == name);
        entry.map(|(_, module)| module).ok_or_else(|| self.unknown(name))
    }

    /// Like [`ModuleDict::get`], but the module can be changed.
    ///
    /// # Errors
    /// As for [`ModuleDict::get`].
    pub fn get_mut(&mut self, name: &str) -> Result<&mut M> {
        match self.entries.iter().position(|(known, _)| known == name) {
            Some(at) => Ok(&mut self.entries[at].1),
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<String> = self.entries.iter().map(|(name, _)| format!("{name:?}")).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        Error::new(ErrorKind::Argument, format!("ModuleDict: no module is called {name:?}; there are {known}"))
    }

    /// Names and modules, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &M)> {
        self.entries.iter().map(|(name, module)| (name.as_str(), module))
    }

    /// How many modules there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no modules.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<M: Module> Module for ModuleDict<M> {
    fn kind(&self) -> &'static str {
        "ModuleDict"
    }
    fn describe(&self) -> Description {
        let parts = self.entries.iter();
        parts.fold(Description::new("ModuleDict"), |all, (name, module)| all.part(name, &module.describe()))
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.entries.iter().for_each(|(name, module)| module.visit(&path.child(name), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.entries.iter_mut().for_each(|(name, module)| module.visit_mut(&path.child(name), f));
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        self.entries.iter().for_each(|(name, module)| module.visit_modules(&path.child(name), f));
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        self.entries.iter_mut().for_each(|(name, module)| module.visit_modules_mut(&path.child(name), f));
    }
}

#[cfg(test)]
mod tests {
    use super::ModuleDict;
    use crate::layer::Layer;
    use crate::{Dropout, Linear, sequential};
    use autograd_core::module::{Module, Param};
    use autograd_core::{Result, Rng, Tensor};
    use wengert_derive::Module;

    /// The sum of what all modules make of the input.
    #[derive(Clone, Module)]
    struct Sum<M> {
        parts: ModuleDict<M>,
    }

    impl<M: Layer> Layer for Sum<M> {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            let outputs = self.parts.iter().map(|(name, part)| part.call(&format!("parts.{name}"), x));
            crate::Add.forward_all(&outputs.collect::<Result<Vec<_>>>()?)
        }
    }

    fn sum(rng: &mut dyn Rng) -> Result<Sum<crate::Sequential>> {
        let mut parts = ModuleDict::new();
        parts.insert("b", sequential![Linear::new(3, 2, rng)?])?;
        parts.insert("a", sequential![Dropout::new(0.4, rng)?, Linear::new(3, 2, rng)?])?;
        Ok(Sum { parts })
    }

    cases![
        layer("Sum", sum)
            .state(&["parts.b.0.weight", "parts.b.0.bias", "parts.a.1.weight", "parts.a.1.bias"])
            .maps(&[4, 3], &[4, 2])
            .refuses(&[4, 2], "in parts.b.0 (Linear): linear: inner dimensions differ: [4, 2] × [3, 2] (2 ≠ 3)"),
    ];

    #[test]
    fn names_are_checked_and_replaced_in_their_place() -> Result<()> {
        let mut numbers = ModuleDict::new();
        assert_eq!(numbers.insert("b", 1)?, None);
        assert_eq!(numbers.insert("a", 2)?, None);
        assert_eq!(numbers.insert("b", 3)?, Some(1));
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [("b", &3), ("a", &2)]);
        assert_eq!(numbers.describe().to_string(), "ModuleDict { b: 3, a: 2 }");
        for name in ["", "a.b"] {
            let error = numbers.insert(name, 4).expect_err("no name").to_string();
            assert_eq!(error, format!("ModuleDict: name is {name:?}, it must be not empty and without dots"));
        }
        let mut factors = ModuleDict::new();
        factors.insert("scale", Param::new(Tensor::from([0.5, 1.5]))?)?;
        assert_eq!(factors.state_dict().get("scale").map(Tensor::to_f64s), Some(vec![0.5, 1.5]));
        let error = ModuleDict::<i32>::new().get("a").expect_err("empty").to_string();
        assert_eq!(error, "ModuleDict: no module is called \"a\"; there are none");
        assert!(numbers.get_mut("c").is_err() && numbers.len() == 2);
        Ok(())
    }
}
