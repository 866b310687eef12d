//! The register of operations: each name with the call of the library for it. Wiring up an operation is one line in the
//! table of its chapter.
//!
//! An entry reads its arguments first and calls then. It calls what the library has: where the library has no
//! equivalent of an argument's value, the entry says so ([`Stop::argument`]), and it never builds one.

mod attention;
mod conv;
mod decompose;
mod elementwise;
mod index;
mod keras_losses;
mod linalg;
mod losses;
mod normalize;
mod order;
mod pool;
mod reduce;
mod scan;
mod shape;

use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};

/// The call of one operation.
pub type Operation = fn(&Call<'_>) -> Outcome<Outputs>;

/// A chapter of the register.
pub type Table = &'static [(&'static str, Operation)];

const TABLES: [Table; 13] = [
    attention::TABLE,
    reduce::TABLE,
    scan::TABLE,
    shape::TABLE,
    index::TABLE,
    linalg::TABLE,
    decompose::TABLE,
    normalize::TABLE,
    losses::TABLE,
    keras_losses::TABLE,
    conv::TABLE,
    pool::TABLE,
    order::TABLE,
];

/// All tables.
fn tables() -> impl Iterator<Item = Table> {
    elementwise::TABLES.into_iter().chain(TABLES)
}

/// The operation of a name.
pub fn find(name: &str) -> Outcome<Operation> {
    let found = tables().flatten().find(|(known, _)| *known == name);
    found.map(|(_, operation)| *operation).ok_or_else(|| Stop::Unsupported(String::new()))
}

/// Calls an operation; unsupported, if it did not read an argument.
pub fn call(operation: Operation, call: &Call<'_>) -> Outcome<Outputs> {
    let result = operation(call);
    if matches!(result, Err(Stop::Unsupported(_))) {
        return result;
    }
    call.all_read()?;
    result
}

#[cfg(test)]
mod tests {
    use super::tables;
    use crate::folder::{carried, case_files};
    use std::collections::BTreeSet;

    /// What is wired up and has no case here: another folder of cases may have some.
    const WITHOUT_A_CASE: &[&str] = &[
        "aminmax",
        "argwhere",
        "atleast_1d",
        "atleast_2d",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_not",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "block_diag",
        "broadcast_tensors",
        "bucketize",
        "cartesian_prod",
        "cholesky_inverse",
        "cholesky_solve",
        "combinations",
        "detach",
        "dsplit",
        "floor_divide",
        "heaviside",
        "histc",
        "hsplit",
        "igamma",
        "igammac",
        "index_put",
        "isclose",
        "isneginf",
        "isposinf",
        "ldexp",
        "linalg.cholesky",
        "linalg.cond",
        "linalg.eigh",
        "linalg.eigvalsh",
        "linalg.lstsq",
        "linalg.lu",
        "linalg.lu_factor",
        "linalg.lu_solve",
        "linalg.matrix_exp",
        "linalg.matrix_rank",
        "linalg.pinv",
        "linalg.qr",
        "linalg.svd",
        "linalg.svdvals",
        "logdet",
        "lp_pool3d",
        "nanmedian",
        "nanquantile",
        "nextafter",
        "nonzero",
        "put",
        "signbit",
        "special.expit",
        "special.zeta",
        "split_with_sizes",
        "true_divide",
        "vdot",
        "vsplit",
    ];

    #[test]
    fn what_has_no_case_is_listed() {
        let mut names = BTreeSet::new();
        for file in case_files(carried()).expect("the cases are in the repository") {
            for (_, line) in file.lines().expect("the file can be read") {
                let case: serde_json::Value = serde_json::from_str(&line).expect("a case");
                names.insert(case["name"].as_str().expect("a name").to_owned());
            }
        }
        let without: BTreeSet<&str> =
            tables().flatten().map(|(name, _)| *name).filter(|name| !names.contains(*name)).collect();
        assert_eq!(without.into_iter().collect::<Vec<_>>(), *WITHOUT_A_CASE);
    }

    #[test]
    fn no_name_is_wired_twice() {
        let mut seen = BTreeSet::new();
        for (name, _) in tables().flatten() {
            assert!(seen.insert(name), "{name}");
        }
    }
}
