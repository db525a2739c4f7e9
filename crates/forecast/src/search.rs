//! The least of a function, by trying.

/// Where a function of one number is least between two others, to within a hundredth of their distance: golden-section search.
pub(crate) fn least_between(low: f64, high: f64, cost: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_034;
    let (mut low, mut high) = (low, high);
    let mut left = high - GOLDEN * (high - low);
    let mut right = low + GOLDEN * (high - low);
    let (mut at_left, mut at_right) = (cost(left), cost(right));
    for _ in 0..10 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = cost(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = cost(right);
        }
    }
    f64::midpoint(low, high)
}

/// Where a function of three numbers between 0 and 1 is about least: the best point of a coarse grid, then shorter and shorter steps
/// along each axis (Hooke and Jeeves 1961, without their pattern moves).
pub(crate) fn least_of_three(grid: &[[f64; 3]], cost: impl Fn([f64; 3]) -> f64) -> [f64; 3] {
    let mut best = ([0.5; 3], f64::INFINITY);
    for &point in grid {
        let at = cost(point);
        if at < best.1 {
            best = (point, at);
        }
    }
    let mut step = 0.1;
    while step > 0.01 {
        let mut is_better = false;
        for axis in 0..3 {
            for signed in [step, -step] {
                let mut point = best.0;
                point[axis] = (point[axis] + signed).clamp(0.0, 1.0);
                let at = cost(point);
                if at < best.1 {
                    best = (point, at);
                    is_better = true;
                    break;
                }
            }
        }
        if !is_better {
            step /= 2.0;
        }
    }
    best.0
}
