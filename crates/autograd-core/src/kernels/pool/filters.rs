//! The weights of neighbours in an interpolation.

/// The kernel of cubic convolution at distance x.
fn cubic_kernel(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((x - 5.0) * x + 8.0) * x * a - 4.0 * a
    } else {
        0.0
    }
}

/// Four neighbours, of which those outside are the last one inside.
pub fn cubic(center: f64, last: usize) -> Vec<(usize, f64)> {
    let first = center.floor();
    let t = center - first;
    let tap = |k: i64| {
        let place = (first as i64 + k).clamp(0, last as i64) as usize;
        (place, cubic_kernel(k as f64 - t, -0.75))
    };
    (-1..3).map(tap).collect()
}

/// All elements that the kernel covers when it is as wide as an element of the result.
pub fn filtered(is_cubic: bool, input: usize, scale: f64, i: usize) -> Vec<(usize, f64)> {
    let wide = scale.max(1.0);
    let support = if is_cubic { 2.0 * wide } else { wide };
    let center = scale * (i as f64 + 0.5);
    let first = (center - support + 0.5).max(0.0) as usize;
    let end = ((center + support + 0.5) as usize).min(input);
    let weight = |place: usize| {
        let x = (place as f64 - center + 0.5) / wide;
        if is_cubic { cubic_kernel(x, -0.5) } else { (1.0 - x.abs()).max(0.0) }
    };
    let total: f64 = (first..end).map(weight).sum();
    (first..end).map(|place| (place, weight(place) / total)).collect()
}
