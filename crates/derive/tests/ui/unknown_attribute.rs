use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
struct Scale {
    #[module(ignore)]
    weight: Param,
}

fn main() {}
