use autograd_core::module::Param;
use wengert_derive::Module;

struct Padding;

#[derive(Module)]
struct Scale {
    weight: Param,
    #[module(option)]
    padding: Padding,
}

fn main() {}
