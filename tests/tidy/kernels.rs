//! What is compiled for every kind of CPU.

use crate::none;
use crate::sources::{CORE, library};

#[test]
fn inner_functions_of_kernels_are_forced_inline() {
    // A call that is not inlined is compiled for the oldest CPU and ends all vectorisation around it.
    let names = ["value", "pull", "read", "call", "mend", "run", "element", "join"];
    let traits = [
        "Function<",
        "Elementwise<1> for",
        "Elementwise<2> for",
        "Elementwise<3> for",
        "Formula<",
        "Number for Near",
        "Kernel for",
        "ElementRule<",
        "Fold for",
    ];
    let mut offences = Vec::new();
    for file in library() {
        let code = file.code();
        let mut inside = false;
        let mut before = "";
        for line in code.lines() {
            if line.starts_with("impl") {
                inside = traits.iter().any(|name| line.contains(name)) && line.contains(" for ");
            } else if line.starts_with('}') {
                inside = false;
            }
            let function = line.strip_prefix("    fn ").and_then(|rest| rest.split(['<', '(']).next());
            if inside && function.is_some_and(|name| names.contains(&name)) && before.trim() != "#[inline(always)]" {
                offences.push(format!("{}: {}", file.path, line.trim()));
            }
            before = line;
        }
    }
    none(offences, "mark it #[inline(always)]");
}

#[test]
fn kernels_make_arrays_in_code_that_is_forced_inline() {
    // Those of the standard library are functions of their own, and not every build optimises across all of them.
    const EXCEPT: &str = "kernels/math/held.rs";
    let mut offences = Vec::new();
    let kernels = library().into_iter().filter(|file| file.is_under(&format!("{CORE}/kernels")));
    for file in kernels.filter(|file| !file.path.ends_with(EXCEPT)) {
        let code = file.code();
        let banned = ["array::from_fn", "each_ref()", "].map("];
        for line in code.lines().filter(|line| banned.iter().any(|word| line.contains(word))) {
            offences.push(format!("{}: {}", file.path, line.trim()));
        }
    }
    none(offences, "kernels::simd has from_fn, and Each for map");
}
