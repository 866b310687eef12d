//! Solutions of linear systems and factorizations.

use super::Table;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{MatrixNorm, QrMode, RankOptions, SvdMode, Triangle, TriangularOptions};

pub(super) const TABLE: Table = &[
    ("linalg.solve", |c| {
        let (a, b) = (c.tensor("A")?, c.tensor("B")?);
        c.one(if c.flag_or("left", true)? { a.solve(b) } else { a.solve_left(b) })
    }),
    ("linalg.solve_triangular", |c| {
        let options = TriangularOptions::new(upper_if(c.flag("upper")?)).left(c.flag_or("left", true)?);
        let options = options.unitriangular(c.flag_or("unitriangular", false)?);
        c.one(c.tensor("A")?.solve_triangular(c.tensor("B")?, options))
    }),
    ("linalg.inv", |c| c.one(c.tensor("A")?.inv())),
    ("linalg.pinv", |c| c.one(c.tensor("A")?.pinv(rank_options(c)?))),
    ("linalg.lstsq", |c| {
        c.value("driver");
        let options = c.maybe_number("rcond")?.into_iter().fold(RankOptions::new(), RankOptions::rtol);
        c.one(c.tensor("A")?.lstsq(c.tensor("B")?, options).map(|found| found.solution))
    }),
    ("linalg.det", |c| c.one(c.tensor("A")?.det())),
    ("linalg.slogdet", |c| {
        let (sign, logarithm) = c.tensor("A")?.slogdet()?;
        Ok(vec![sign, logarithm])
    }),
    ("logdet", |c| c.one(c.tensor("input")?.logdet())),
    ("linalg.cholesky", |c| {
        let triangle = upper_if(c.flag_or("upper", false)?);
        c.one(c.tensor("A")?.cholesky(triangle))
    }),
    ("cholesky_solve", |c| {
        let triangle = upper_if(c.flag_or("upper", false)?);
        c.one(c.tensor("B")?.cholesky_solve(c.tensor("L")?, triangle))
    }),
    ("cholesky_inverse", |c| {
        let triangle = upper_if(c.flag_or("upper", false)?);
        c.one(c.tensor("L")?.cholesky_inverse(triangle))
    }),
    ("linalg.lu", |c| {
        c.only("pivot", true)?;
        let (p, l, u) = c.tensor("A")?.lu()?;
        Ok(vec![p, l, u])
    }),
    ("linalg.lu_factor", |c| {
        c.only("pivot", true)?;
        let (lu, pivots) = c.tensor("A")?.lu_factor()?;
        Ok(vec![lu, pivots])
    }),
    ("linalg.lu_solve", |c| {
        c.only("left", true)?;
        c.only("adjoint", false)?;
        c.one(c.tensor("LU")?.lu_solve(c.tensor("pivots")?, c.tensor("B")?))
    }),
    ("linalg.qr", |c| {
        let mode = match c.word("mode")? {
            "reduced" => QrMode::Reduced,
            "complete" => QrMode::Complete,
            other => return Err(Stop::argument("mode", other)),
        };
        let (q, r) = c.tensor("A")?.qr(mode)?;
        Ok(vec![q, r])
    }),
    ("linalg.eigh", |c| {
        let (w, v) = c.tensor("A")?.eigh(uplo(c)?)?;
        Ok(vec![w, v])
    }),
    ("linalg.eigvalsh", |c| c.one(c.tensor("A")?.eigvalsh(uplo(c)?))),
    ("linalg.svd", |c| {
        c.absent("driver")?;
        let mode = if c.flag_or("full_matrices", true)? { SvdMode::Full } else { SvdMode::Reduced };
        let (u, s, vt) = c.tensor("A")?.svd(mode)?;
        Ok(vec![u, s, vt])
    }),
    ("linalg.svdvals", |c| {
        c.absent("driver")?;
        c.one(c.tensor("A")?.svdvals())
    }),
    ("linalg.matrix_exp", |c| c.one(c.tensor("A")?.matrix_exp())),
    ("linalg.matrix_power", |c| {
        let n = c.integer("n")?;
        c.one(c.tensor("A")?.matrix_power(n))
    }),
    ("linalg.matrix_rank", |c| c.one(c.tensor("A")?.matrix_rank(rank_options(c)?))),
    ("linalg.matrix_norm", |c| {
        let kind = norm(c, "ord")?;
        c.one(c.tensor("A")?.matrix_norm(kind, c.reduce_dims()?))
    }),
    ("linalg.cond", |c| {
        let kind = if c.value("p").is_none() { MatrixNorm::Spectral } else { norm(c, "p")? };
        c.one(c.tensor("A")?.cond(kind))
    }),
];

fn upper_if(upper: bool) -> Triangle {
    if upper { Triangle::Upper } else { Triangle::Lower }
}

fn uplo(c: &Call<'_>) -> Outcome<Triangle> {
    match c.maybe_word("UPLO")? {
        None | Some("L") => Ok(Triangle::Lower),
        Some("U") => Ok(Triangle::Upper),
        Some(other) => Err(Stop::argument("UPLO", other)),
    }
}

fn rank_options(c: &Call<'_>) -> Outcome<RankOptions> {
    let options = RankOptions::new().hermitian(c.flag_or("hermitian", false)?);
    let options = c.maybe_number("atol")?.into_iter().fold(options, RankOptions::atol);
    Ok(c.maybe_number("rtol")?.into_iter().fold(options, RankOptions::rtol))
}

fn norm(c: &Call<'_>, name: &str) -> Outcome<MatrixNorm> {
    Ok(match (c.maybe_word(name), c.number(name)) {
        (Ok(Some("fro")), _) => MatrixNorm::Frobenius,
        (Ok(Some("nuc")), _) => MatrixNorm::Nuclear,
        (_, Ok(1.0)) => MatrixNorm::Columns,
        (_, Ok(-1.0)) => MatrixNorm::ColumnsLeast,
        (_, Ok(2.0)) => MatrixNorm::Spectral,
        (_, Ok(-2.0)) => MatrixNorm::SpectralLeast,
        (_, Ok(f64::INFINITY)) => MatrixNorm::Rows,
        (_, Ok(f64::NEG_INFINITY)) => MatrixNorm::RowsLeast,
        (_, Ok(other)) => return Err(Stop::argument(name, other)),
        (_, Err(stop)) => return Err(stop),
    })
}
