//! `prove` on the example: how long it takes, and how often the search for the strictest way starts the program.

use std::path::Path;
use std::time::Instant;

use super::Place;

/// Three proofs of examples/hello.
pub fn hello(place: &Place) -> Result<(), String> {
    const ROUNDS: usize = 3;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hello");
    place.quiet(place.plimsoll(&["build", "-q", "-t", "localhost/hello:1"]).arg(example))?;
    let file = place.path().join("evidence.json");
    println!("\nprove examples/hello");
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        place.quiet(place.plimsoll(&["prove", "localhost/hello:1", "--evidence"]).arg(&file))?;
        let took = begun.elapsed();
        let evidence = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let starts =
            number_after(&evidence, "\"starts\":").ok_or("the evidence tells no number of starts")?;
        println!("  {:>8.2} s, the search started it {starts} times", took.as_secs_f64());
    }
    Ok(())
}

fn number_after(text: &str, key: &str) -> Option<u32> {
    let rest = text.split(key).nth(1)?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
