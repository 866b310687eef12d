//! Powers of a matrix, and products of chains of them.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::ops::decompose::inv::inverse;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The n-th power of each matrix, by repeated squaring: at most 2 log₂ n products. Of a negative n, it is that of
    /// the inverse.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N, N]`; the power 0 is the identity.
    ///
    /// # Gradient
    /// That of the products, and of the inverse. Saves their operands.
    ///
    /// # Errors
    /// If the matrices are not square or not of a float type, or n is negative and a matrix is singular.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1.0, 1.0], [0.0, 1.0]]).matrix_power(5)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 5.0, 0.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn matrix_power(&self, n: isize) -> Result<Tensor> {
        let check = Check("matrix_power");
        check.float(self)?;
        let [rows, columns] = check.last("the input", self, "[.., N, N]")?;
        if rows != columns {
            return Err(Error::shape("matrix_power", "the input", self.shape(), "[.., N, N]"));
        }
        if n < 0 {
            return power(&inverse("matrix_power", self, false)?, n.unsigned_abs());
        }
        power(self, n.unsigned_abs())
    }

    /// The product of several matrices, in the order that takes the fewest multiplications. The first may be a vector,
    /// a row then, and the last one, a column.
    ///
    /// # Shapes
    /// `[N, K] × [K, L] × .. × [L, M] → [N, M]`, without N or M where a vector stands.
    ///
    /// # Gradient
    /// That of the products. Saves their operands.
    ///
    /// # Errors
    /// If there are fewer than two, one between the ends is no matrix, sizes do not fit, or dtypes differ or are not a
    /// float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0, 4.0]]));
    /// let y = Tensor::multi_dot(&[&a, &b, &Tensor::from([1.0, 10.0])])?;
    /// assert_eq!(y.to_vec::<f32>()?, [43.0, 86.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn multi_dot(tensors: &[&Tensor]) -> Result<Tensor> {
        let check = Check("multi_dot");
        let n = tensors.len();
        check.require(n >= 2, "the number of tensors", n, "at least 2")?;
        let mut chain = Vec::with_capacity(n);
        for (i, x) in tensors.iter().enumerate() {
            check.same_float(tensors[0], x)?;
            let ends = i == 0 || i == n - 1;
            chain.push(match x.rank() {
                2 => (*x).clone(),
                1 if ends => x.unsqueeze(if i == 0 { 0 } else { 1 })?,
                _ => {
                    let expected = if ends { "one or two dimensions" } else { "two dimensions" };
                    return Err(Error::shape("multi_dot", &format!("operand {i}"), x.shape(), expected));
                }
            });
        }
        for pair in chain.windows(2) {
            let (left, right) = (pair[0].shape()[1], pair[1].shape()[0]);
            if left != right {
                return Err(Error::inner_sizes("multi_dot", pair[0].shape(), pair[1].shape(), left, right));
            }
        }
        let mut y = in_order(&chain)?;
        if tensors[n - 1].rank() == 1 {
            y = y.squeeze(&[-1])?;
        }
        if tensors[0].rank() == 1 {
            y = y.squeeze(&[0])?;
        }
        Ok(y)
    }
}

/// The n-th power of square matrices.
fn power(x: &Tensor, n: usize) -> Result<Tensor> {
    match n {
        // Selected, so that the gradient is 0, and not absent.
        0 => {
            return Tensor::full(&[], 0.0, DType::Bool)?
                .where_cond(x, &Tensor::eye(x.shape()[x.rank() - 1], x.dtype())?);
        }
        1 => return x.reshape_to(x.shape()),
        _ => {}
    }
    let (mut square, mut rest) = (x.clone(), n);
    let mut power: Option<Tensor> = None;
    loop {
        if rest % 2 == 1 {
            power = Some(match &power {
                None => square.clone(),
                Some(power) => power.matmul(&square)?,
            });
        }
        rest /= 2;
        match power {
            Some(power) if rest == 0 => return Ok(power),
            _ => square = square.matmul(&square)?,
        }
    }
}

/// The product of a chain of matrices, cut where it takes the fewest multiplications.
fn in_order(chain: &[Tensor]) -> Result<Tensor> {
    let n = chain.len();
    let size = |i: usize| if i == 0 { chain[0].shape()[0] } else { chain[i - 1].shape()[1] } as f64;
    let mut cost = vec![vec![0.0; n]; n];
    let mut cut = vec![vec![0; n]; n];
    for length in 1..n {
        for i in 0..n - length {
            let j = i + length;
            cost[i][j] = f64::INFINITY;
            for k in i..j {
                let of_cut = cost[i][k] + cost[k + 1][j] + size(i) * size(k + 1) * size(j + 1);
                if of_cut < cost[i][j] {
                    (cost[i][j], cut[i][j]) = (of_cut, k);
                }
            }
        }
    }
    // A list of what is still to be done: a product of two that are done, or a part of the chain.
    let (mut todo, mut done) = (vec![Some((0, n - 1))], Vec::new());
    while let Some(next) = todo.pop() {
        match next {
            Some((i, j)) if i == j => done.push(chain[i].clone()),
            Some((i, j)) => todo.extend([None, Some((i, cut[i][j])), Some((cut[i][j] + 1, j))]),
            None => {
                let (left, right): (Option<Tensor>, Option<Tensor>) = (done.pop(), done.pop());
                let (Some(left), Some(right)) = (left, right) else { unreachable!("both parts are done") };
                done.push(left.matmul(&right)?);
            }
        }
    }
    done.pop().map_or_else(|| unreachable!("the chain has two matrices at least"), Ok)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    fn product(a: &[f64], b: &[f64], k: usize, m: usize) -> Vec<f64> {
        let n = a.len() / k;
        (0..n * m).map(|e| (0..k).map(|p| a[e / m * k + p] * b[p * m + e % m]).sum()).collect()
    }
    let cube = |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|a| product(&product(a, a, 2, 2), a, 2, 2)).collect();
    [
        Case::new("matrix_power", vec![x(&[3, 2, 2])], |x| x[0].matrix_power(3))
            .value(cube)
            .not_counting_saved()
            .refuses(|x| x[0].mul_scalar(0.0).matrix_power(-1), "matrix_power: matrix 0 of the batch is singular")
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.matrix_power(2),
                "matrix_power: the input has shape [3, 1, 2], expected [.., N, N]",
            ),
        Case::new("matrix_power (0)", vec![x(&[2, 2])], |x| x[0].matrix_power(0)).value(|_| vec![1.0, 0.0, 0.0, 1.0]),
        Case::new("matrix_power (1)", vec![x(&[2, 2])], |x| x[0].matrix_power(1)).value(|x| x[0].clone()),
        Case::new("matrix_power (6)", vec![x(&[2, 2])], |x| x[0].matrix_power(6)).not_counting_saved(),
        Case::new("matrix_power (-2)", vec![x(&[2, 2])], |x| {
            x[0].try_add(&Tensor::eye(2, x[0].dtype())?.mul_scalar(6.0))?.matrix_power(-2)
        })
        .value(|x| {
            let [a, b, c, d] = [x[0][0] + 6.0, x[0][1], x[0][2], x[0][3] + 6.0];
            let inverse = [d, -b, -c, a].map(|x| x / (a * d - b * c));
            product(&inverse, &inverse, 2, 2)
        })
        .not_counting_saved(),
        Case::new("multi_dot", vec![x(&[2, 4]), x(&[4, 3]), x(&[3, 5]), x(&[5])], |x| {
            Tensor::multi_dot(&[&x[0], &x[1], &x[2], &x[3]])
        })
        .value(|x| product(&x[0], &product(&x[1], &product(&x[2], &x[3], 5, 1), 3, 1), 4, 1))
        .not_counting_saved()
        .refuses(|x| Tensor::multi_dot(&[&x[0]]), "multi_dot: the number of tensors is 1, it must be at least 2")
        .refuses(
            |x| Tensor::multi_dot(&[&x[0], &x[3], &x[1]]),
            "multi_dot: operand 1 has shape [5], expected two dimensions",
        )
        .refuses(|x| Tensor::multi_dot(&[&x[0], &x[2]]), "multi_dot: inner dimensions differ: [2, 4] × [3, 5] (4 ≠ 3)"),
    ]
}];
