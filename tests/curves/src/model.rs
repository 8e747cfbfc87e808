//! How a quantity is thought to grow, and the line of that shape that lies nearest.

use crate::picture::Point;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is added to a constant, times a constant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Model {
    /// Nothing.
    Constant,
    /// The logarithm.
    Log,
    /// The number itself.
    Linear,
    /// The number itself, up to so many.
    LinearTo(u32),
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => write!(f, "O(1)"),
            Self::Log => write!(f, "O(log n)"),
            Self::Linear => write!(f, "O(n)"),
            Self::LinearTo(most) => write!(f, "O(min(n, {most}))"),
        }
    }
}

/// `constant + factor * shape(n)`.
pub(crate) struct Line {
    model: Model,
    constant: f64,
    factor: f64,
}

impl Model {
    fn shape(self, at: f64) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Log => at.log2(),
            Self::Linear => at,
            Self::LinearTo(most) => at.min(most.into()),
        }
    }

    /// The line of this shape whose relative distances from the points have the least squares.
    /// Neither of its constants is negative.
    pub(crate) fn fit(self, points: &[Point]) -> Line {
        let sums = points.iter().fold([0.0; 5], |[w, ws, wss, wv, wsv], point| {
            let (shape, weight) = (self.shape(point.at), point.value.powi(-2));
            let (ws2, wv2) = (weight * shape, weight * point.value);
            [w + weight, ws + ws2, wss + ws2 * shape, wv + wv2, wsv + wv2 * shape]
        });
        let [w, ws, wss, wv, wsv] = sums;
        let determinant = w * wss - ws * ws;
        let both = [(wv * wss - wsv * ws) / determinant, (w * wsv - ws * wv) / determinant];
        let [constant, factor] = match both {
            [constant, factor] if constant >= 0.0 && factor >= 0.0 => [constant, factor],
            [constant, _] if constant < 0.0 => [0.0, wsv / wss],
            _ => [mean(points), 0.0],
        };
        Line { model: self, constant, factor }
    }
}

/// The geometric mean.
fn mean(points: &[Point]) -> f64 {
    let logarithms: f64 = points.iter().map(|point| point.value.ln()).sum();
    (logarithms / points.len() as f64).exp()
}

impl Line {
    pub(crate) fn value(&self, at: f64) -> f64 {
        self.constant + self.factor * self.model.shape(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: impl Fn(f64) -> f64) -> Vec<Point> {
        [1, 10, 100, 1000].map(|at| Point::new(at, of(at as f64))).into()
    }

    #[test]
    fn a_line_is_found_where_the_points_lie_on_one() {
        for model in [Model::Log, Model::Linear, Model::LinearTo(32)] {
            let of = |at| 3.0 + 2.0 * model.shape(at);
            let line = model.fit(&points(of));
            for at in [1.0, 50.0, 700.0] {
                assert!((line.value(at) / of(at) - 1.0).abs() < 1e-6, "{model} at {at}");
            }
        }
    }

    #[test]
    fn what_does_not_grow_has_no_factor_and_nothing_costs_less_than_nothing() {
        let constant = Model::Constant.fit(&points(|_| 7.0));
        assert!((constant.value(1e6) - 7.0).abs() < 1e-6);
        let falling = Model::Linear.fit(&points(|at| 100.0 / at));
        assert!(falling.factor >= 0.0 && falling.constant >= 0.0);
        let proportional = Model::Linear.fit(&points(|at| 2.0 * at - 1.0));
        assert!(proportional.constant >= 0.0 && proportional.factor > 0.0);
    }
}
