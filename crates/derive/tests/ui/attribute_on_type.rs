use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
#[module(skip)]
struct Scale {
    weight: Param,
}

fn main() {}
