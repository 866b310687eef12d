//! A part of a model.

use autograd_core::module::{Item, ItemMut, Module, Path};

/// The parameters of a model that belong to one of several owners, as a model.
pub(super) struct View<'a, M> {
    pub(super) model: M,
    /// The owner of each parameter, in the order of the model.
    pub(super) owners: &'a [usize],
    pub(super) owner: usize,
}

impl<M: std::ops::Deref<Target: Module>> View<'_, M> {
    fn see<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        let mut owners = self.owners.iter();
        self.model.visit(path, &mut |path, item| {
            if matches!(item, Item::Param(_)) && owners.next() == Some(&self.owner) {
                f(path, item);
            }
        });
    }
}

impl<'b> Module for View<'_, &(dyn Module + 'b)> {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.see(path, f);
    }
    fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        unreachable!("a borrowed model is only looked at");
    }
}

impl<'b> Module for View<'_, &mut (dyn Module + 'b)> {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.see(path, f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        let (mut owners, owner) = (self.owners.iter(), self.owner);
        self.model.visit_mut(path, &mut |path, item| {
            if matches!(item, ItemMut::Param(_)) && owners.next() == Some(&owner) {
                f(path, item);
            }
        });
    }
}
