//! A lane's times on its pixels.

use super::Canvas;

/// From zero to the end, between two edges.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Pixels of zero.
    pub left: f64,
    /// Pixels of the end.
    pub right: f64,
    /// Seconds at the right edge.
    pub end: f64,
}

impl Scale {
    /// Where a time is; what lies beyond the end is at the edge.
    pub fn x(&self, at: f64) -> f64 {
        self.left + (at / self.end).clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// The line with its ticks.
    pub fn draw(&self, canvas: &mut Canvas, axis: f64) {
        canvas.line((self.left, axis), (self.right, axis), "axis");
        for tick in ticks(self.end) {
            let x = self.x(tick);
            canvas.line((x, axis), (x, axis + 5.0), "axis");
            canvas.text((x, axis + 22.0), "tick centred", &format!("{} s", trimmed(tick)), 12);
        }
    }
}

/// Round times, six or so on an axis.
fn ticks(end: f64) -> Vec<f64> {
    let rough = end / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    (0..12).map(|number| f64::from(number) * step).take_while(|tick| *tick <= end * 1.0001).collect()
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            ticks(0.3).iter().map(|tick| trimmed(*tick)).collect::<Vec<_>>(),
            ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]
        );
        for end in [0.001, 0.9, 7.0, 31.0, 86_400.0] {
            assert!((3..=8).contains(&ticks(end).len()), "{end}: {:?}", ticks(end));
        }
    }
}
