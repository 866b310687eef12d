use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
enum Either {
    One(Param),
    Other { since: std::time::Instant },
}

fn main() {}
