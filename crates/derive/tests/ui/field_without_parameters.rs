use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
struct Scale {
    weight: Param,
    channels: usize,
}

fn main() {}
