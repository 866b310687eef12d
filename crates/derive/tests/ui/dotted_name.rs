use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
struct Scale {
    #[module(rename = "outer.weight")]
    weight: Param,
}

fn main() {}
