//! One fault, one finding: where two parties see the same, the one that says more speaks.

use plimsoll_model::Diagnostic;

/// A finding, and the code of one on the same line that says the same with less.
const SAYS_MORE: [(&str, &str); 4] = [
    // The same registry; the variables of FROM are known, too.
    ("PL210", "DL3026"),
    // The flag that is none: the edit is exec form, not another flag.
    ("PL124", "PL002"),
    // No name of an image: the parser's error names the place and stops the build.
    ("PL030", "PL616"),
    // A variable of the same ENV: it is defined, but too late.
    ("PL318", "PL611"),
];

/// Leave out what another finding says better.
pub(crate) fn keep_the_best(found: &mut Vec<Diagnostic>) {
    let places: Vec<(String, Option<usize>)> =
        found.iter().map(|found| (found.code.clone(), line(found))).collect();
    let said =
        |code: &str, at: Option<usize>| places.iter().any(|(other, line)| other == code && *line == at);
    // BuildKit's check speaks of the instruction, the parser of each empty line in it.
    let empty_lines = places.iter().any(|(code, _)| code == "PL603");
    found.retain(|found| {
        let better = SAYS_MORE.iter().any(|(more, less)| found.code == *less && said(more, line(found)));
        !(better || found.code == "PL017" && empty_lines)
    });
}

fn line(found: &Diagnostic) -> Option<usize> {
    found.place().map(|label| label.source.line(label.span.start))
}
