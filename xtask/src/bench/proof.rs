//! What a proof costs: the default experiments of the hello example.

use std::time::{Duration, Instant};

use super::Place;
use crate::shell;

/// The promise: at most 5 s plus three times the program's start.
const PROMISE: Duration = Duration::from_secs(5);
/// Proofs that are timed.
const ROUNDS: usize = 3;

/// Prove the hello example.
pub fn hello(place: &Place) -> Result<(), String> {
    println!("\nprove of examples/hello, all experiments");
    let example = shell::checkout().join("examples/hello");
    place.quiet(place.plimsoll(&["build", "-q", "-t", "hello"]).arg(example))?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        place.quiet(&mut place.plimsoll(&["prove", "hello"]))?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    println!(
        "  plimsoll      {:.2} s (median of {ROUNDS}, {:.2} to {:.2}; promised: {} s and three starts)",
        times[ROUNDS / 2].as_secs_f64(),
        times[0].as_secs_f64(),
        times[ROUNDS - 1].as_secs_f64(),
        PROMISE.as_secs()
    );
    Ok(())
}
