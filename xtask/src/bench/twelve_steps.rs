//! Twelve steps in four stages: two that make something, one that tests it, one that ships it.

use std::process::Command;

use super::measure::{Contest, Entry};
use super::{Competitors, Place};

const DOCKERFILE: &str = "\
FROM localhost/bench:1 AS sources
WORKDIR /src
COPY data data
RUN cat data/*/* > all
FROM sources AS one
RUN mkdir -p /out && cat all all > /out/one
RUN echo 1 > /out/version
FROM sources AS two
RUN mkdir -p /out && cat all > /out/two
RUN echo 2 > /out/other
FROM localhost/bench:1
COPY --from=one /out /app
COPY --from=two /out /app
RUN mkdir /var /data && touch /data/file
ENV MODE=fast
RUN echo $MODE > /app/mode
CMD [\"/bin/true\"]
";

/// Every step runs.
pub fn cold(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    contest(
        place,
        competitors,
        Contest::new("build of twelve steps in four stages, nothing cached", 5),
        &["--no-cache"],
    )
}

/// Nothing has changed since the last build.
pub fn cached(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    contest(place, competitors, Contest::new("build of twelve steps in four stages, all cached", 9), &[])
}

fn contest(
    place: &Place,
    competitors: &Competitors,
    mut contest: Contest,
    no_cache: &[&str],
) -> Result<Contest, String> {
    for number in 0..200 {
        let name = format!("twelve/data/{}/{number}", number % 10);
        place.write(&name, &format!("file {number}\n").repeat(50))?;
    }
    place.write("twelve/Dockerfile", DOCKERFILE)?;
    let context = place.path().join("twelve");
    competitors.load(place)?;
    let buildah = competitors.buildah(&["build", "-q", "--layers", "-t", "localhost/twelve"]);
    let docker = competitors.docker.as_ref();
    let docker = docker.map(|docker| docker.command(&["build", "-q", "--network", "none", "-t", "twelve"]));
    let all = [
        ("plimsoll", Some(place.plimsoll(&["build", "-q", "-t", "twelve"]))),
        ("buildah", buildah),
        ("docker", docker),
    ];
    let present = all.into_iter().filter_map(|(name, command)| Some((name, command?)));
    present.for_each(|(name, mut command): (_, Command)| {
        command.args(no_cache).arg(&context);
        contest.enter(Entry::new(name, command));
    });
    Ok(contest)
}
