//! How long it takes to start, and how much it uses.

use std::time::Duration;

use super::Verdict;

/// Times and amounts of the image as built.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amounts {
    /// One entry a run.
    pub runs: Vec<StartTimes>,
    /// Memory of all processes together once it was ready and left alone, bytes (sum of RSS; pages shared
    /// between processes count for each).
    pub memory_idle: Option<u64>,
    /// Highest number of open descriptors seen, all processes together.
    pub descriptors: u64,
    /// Highest number of threads seen.
    pub threads: u64,
    /// Highest number of processes seen.
    pub processes: u64,
    /// What else went on while times were taken.
    pub load: MachineLoad,
    /// Whether the times can be believed: open if others wanted the processors meanwhile.
    pub timing: Option<Verdict>,
}

/// How long one start took, from the first instruction of its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartTimes {
    /// To the first listener; `None`: nothing listens.
    pub listen: Option<Duration>,
    /// To the first good answer; `None`: none came.
    pub answer: Option<Duration>,
}

/// How much of the time programs waited for a processor, in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineLoad {
    /// Share of the time in which somebody waited, one entry a run; `None`: not known.
    pub waiting: Vec<Option<u32>>,
    /// How it was measured.
    pub method: String,
    /// Runs that were taken again because others wanted the processors.
    pub repeated: u32,
}

/// Middle and range of several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The smallest.
    pub least: Duration,
    /// The middle one; of an even number the lower of the two in the middle.
    pub median: Duration,
    /// The largest.
    pub most: Duration,
}

impl Spread {
    /// Of these values; `None` if there are none.
    pub fn of(values: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut values: Vec<Duration> = values.into_iter().collect();
        values.sort_unstable();
        let median = *values.get(values.len().checked_sub(1)? / 2)?;
        Some(Spread { least: *values.first()?, median, most: *values.last()? })
    }
}

impl Amounts {
    /// Times to the first listener.
    pub fn listen(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().filter_map(|run| run.listen))
    }

    /// Times to the first good answer.
    pub fn answer(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().filter_map(|run| run.answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_range() {
        let of = |values: &[u64]| {
            let spread = Spread::of(values.iter().copied().map(Duration::from_millis));
            spread.map(|s| [s.least, s.median, s.most].map(|value| value.as_millis()))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[5]), Some([5, 5, 5]));
        assert_eq!(of(&[9, 1]), Some([1, 1, 9]));
        assert_eq!(of(&[3, 9, 1]), Some([1, 3, 9]));
    }
}
