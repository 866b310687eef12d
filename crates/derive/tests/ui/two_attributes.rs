use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
struct Scale {
    #[module(skip, rename = "factor")]
    weight: Param,
}

fn main() {}
