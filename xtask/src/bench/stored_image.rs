//! `explain` of an image of the store that has 300 MB of files: few large ones, and many small ones.

use super::Place;
use super::competitors::Competitors;
use super::measure::{Contest, Entry};

/// Bytes of the image beside its base.
const BYTES: usize = 300 << 20;

/// Rounds of a contest.
const ROUNDS: usize = 20;

/// Three files.
pub fn few(place: &Place, _: &Competitors) -> Result<Contest, String> {
    contest(place, "few", 3)
}

/// As many as a large distribution with a language and its libraries has.
pub fn many(place: &Place, _: &Competitors) -> Result<Contest, String> {
    contest(place, "many", 30_000)
}

fn contest(place: &Place, name: &str, files: usize) -> Result<Contest, String> {
    let dockerfile = "FROM localhost/bench:1\nCOPY --chmod=0755 start.sh /usr/local/bin/start.sh\n\
        COPY data /data\nUSER 1000\nENTRYPOINT [\"start.sh\"]\nCMD [\"--port\", \"8080\"]\n";
    let directory = format!("stored-{name}");
    place.write(&format!("{directory}/Dockerfile"), dockerfile)?;
    place.write(&format!("{directory}/start.sh"), "#!/bin/sh\nset -e\nexec /bin/nc \"$@\"\n")?;
    for number in 0..files {
        // What can be packed well is unpacked fast; real images lie between this and noise.
        let line = format!("line of file {number}\n");
        let text = line.repeat(BYTES / files / line.len());
        place.write(&format!("{directory}/data/{}/{number}", number % 300), &text)?;
    }
    let image = format!("localhost/stored-{name}:1");
    let context = place.path().join(&directory);
    place.quiet(place.plimsoll(&["build", "-q", "-t", &image]).arg(&context))?;
    std::fs::remove_dir_all(&context).map_err(|error| error.to_string())?;
    let title = format!("explain of a stored image, {} MB in {files} files", BYTES >> 20);
    let mut contest = Contest::new(title, ROUNDS);
    let explain = place.plimsoll(&["explain", "--fail-on", "never", &image]);
    contest.enter(Entry::new("plimsoll", explain));
    Ok(contest)
}
