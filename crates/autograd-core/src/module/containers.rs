//! Options, vectors, arrays, tuples and boxes of modules as modules. Elements are named by their position.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;

impl<M: Module> Module for Option<M> {
    fn describe(&self) -> Description {
        Description::optional(self.as_ref().map(Module::describe))
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        if let Some(module) = self {
            module.visit(path, f);
        }
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        if let Some(module) = self {
            module.visit_mut(path, f);
        }
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        if let Some(module) = self {
            module.visit_modules(path, f);
        }
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        if let Some(module) = self {
            module.visit_modules_mut(path, f);
        }
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }
    fn describe(&self) -> Description {
        (**self).describe()
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        (**self).visit(path, f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        (**self).visit_mut(path, f);
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        (**self).visit_modules(path, f);
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        (**self).visit_modules_mut(path, f);
    }
}

impl<M: Module> Module for Vec<M> {
    fn describe(&self) -> Description {
        Description::list(["[", "]"], self.iter().map(Module::describe))
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit(&path.index(i), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_mut(&path.index(i), f));
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit_modules(&path.index(i), f));
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_modules_mut(&path.index(i), f));
    }
}

impl<M: Module, const N: usize> Module for [M; N] {
    fn describe(&self) -> Description {
        Description::list(["[", "]"], self.iter().map(Module::describe))
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit(&path.index(i), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_mut(&path.index(i), f));
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit_modules(&path.index(i), f));
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_modules_mut(&path.index(i), f));
    }
}

macro_rules! tuples {
    ($($($module:ident $at:tt),+;)+) => {$(
        impl<$($module: Module),+> Module for ($($module,)+) {
            fn describe(&self) -> Description {
                Description::list(["(", ")"], [$(self.$at.describe()),+].into_iter())
            }
            fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
                $(self.$at.visit(&path.index($at), f);)+
            }
            fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
                $(self.$at.visit_mut(&path.index($at), f);)+
            }
            fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
                $(self.$at.visit_modules(&path.index($at), f);)+
            }
            fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
                $(self.$at.visit_modules_mut(&path.index($at), f);)+
            }
        }
    )+};
}

tuples! {
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
}
