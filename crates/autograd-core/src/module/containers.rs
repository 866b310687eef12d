//! Options, vectors, arrays and boxes of modules as modules. Elements are named by their position.

use super::{Item, ItemMut, Module, Path};

impl<M: Module> Module for Option<M> {
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
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        (**self).visit(path, f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        (**self).visit_mut(path, f);
    }
}

impl<M: Module> Module for Vec<M> {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit(&path.index(i), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_mut(&path.index(i), f));
    }
}

impl<M: Module, const N: usize> Module for [M; N] {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.iter().enumerate().for_each(|(i, module)| module.visit(&path.index(i), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.iter_mut().enumerate().for_each(|(i, module)| module.visit_mut(&path.index(i), f));
    }
}
