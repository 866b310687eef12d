//! Tables of values that functions of one number are held to.

/// A function, how many ulp it may be off, and its values as `x:y`.
pub(crate) type Row = (&'static str, fn(f64) -> f64, f64, &'static str);

/// The number of f64 between `y` and `want`; 0 and −0 are one.
pub(crate) fn ulps(y: f64, want: f64) -> f64 {
    let ordered = |v: f64| if v < 0.0 { -((-v).to_bits() as i64) } else { v.abs().to_bits() as i64 };
    if y.is_nan() { f64::INFINITY } else { (i128::from(ordered(y)) - i128::from(ordered(want))).unsigned_abs() as f64 }
}

/// Fails with all values that are further off than they may be.
pub(crate) fn agree(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, f, limit, points) in rows {
        let mut worst = 0.0f64;
        for point in points.split_whitespace() {
            let (x, want) = point.split_once(':').expect("two numbers");
            let [x, want] = [x, want].map(|x| x.parse::<f64>().expect("a number"));
            let error = ulps(f(x), want);
            worst = worst.max(error);
            if error > *limit {
                wrong.push(format!("{name}({x:e}) is {:e}, {error} ulp from {want:e}", f(x)));
            }
        }
        println!("{name}: worst {worst} ulp in the table");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
