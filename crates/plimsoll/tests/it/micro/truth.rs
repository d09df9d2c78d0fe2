//! What is true of a project, as lines below `-- expect`:
//!
//! ```text
//! finds error PL101 Dockerfile:4 certain   the one finding; without this line the project is right
//! unlike NAME                              what a run of that project shows is not so here
//! args WORDS                               given to the image when it runs
//! flags WORDS                              of `run`
//! exec WORDS                               run beside the program
//! build ends 4        build says TEXT
//! run ends 127        run prints TEXT     run lacks TEXT     run says TEXT
//! pid1 is TEXT                             the words of PID 1 while it runs
//! stop ends 137       stop prints TEXT    stop lacks TEXT    after `stop --time 1`
//! exec ends 127
//! proof has stop-graceful refuted          a claim of `prove --grace 1` and its verdict
//! needs-ids WHY                            a run without subordinate ids does not show it
//! not-run WHY                              what is claimed cannot be seen in a run here
//! ```
//!
//! `says` is standard error, the other texts are standard output; `stop` looks at the whole log.

use std::fmt;

/// A finding of `lint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: String,
    pub code: String,
    /// `FILE:LINE` in the project.
    pub place: String,
    pub certainty: String,
}

/// Something a run shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `build`, `run`, `pid1`, `stop`, `exec` or `proof`.
    pub what: String,
    /// `ends`, `prints`, `lacks`, `says`, `is` or `has`.
    pub how: String,
    pub text: String,
}

/// What is true of a project.
#[derive(Debug, Default)]
pub struct Truth {
    pub findings: Vec<Finding>,
    pub unlike: Vec<String>,
    pub args: Vec<String>,
    pub flags: Vec<String>,
    pub exec: Vec<String>,
    pub lines: Vec<Line>,
    pub needs_ids: Option<String>,
    pub not_run: Option<String>,
}

impl Truth {
    /// Read the lines of a project.
    pub fn read(project: &str, lines: &[String]) -> Truth {
        let mut truth = Truth::default();
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let words = || rest.split_whitespace().map(str::to_string).collect();
            match (word, rest.split_once(' ').unwrap_or((rest, ""))) {
                ("finds", _) => truth.findings.push(finding(rest)),
                ("unlike", _) => truth.unlike.push(rest.to_string()),
                ("args", _) => truth.args = words(),
                ("flags", _) => truth.flags = words(),
                ("needs-ids", _) => truth.needs_ids = Some(rest.to_string()),
                ("not-run", _) => truth.not_run = Some(rest.to_string()),
                (
                    what @ ("build" | "run" | "pid1" | "stop" | "exec" | "proof"),
                    (how @ ("ends" | "prints" | "lacks" | "says" | "is" | "has"), text),
                ) => {
                    let [what, how, text] = [what, how, text].map(str::to_string);
                    truth.lines.push(Line { what, how, text });
                }
                ("exec", _) => truth.exec = words(),
                _ => panic!("{project}: nothing is meant by '{line}'"),
            }
        }
        truth
    }

    /// What `lint` should have said and did not, and the reverse. More of severity info may be said.
    pub fn misnamed<'a>(&'a self, said: &'a [Finding]) -> impl Iterator<Item = String> + 'a {
        let missed = self.findings.iter().filter(|finding| !said.contains(finding));
        let needless = said.iter().filter(|found| found.severity != "info" && !self.findings.contains(found));
        let missed = missed.map(|finding| format!("missed: {finding}"));
        missed.chain(needless.map(|found| format!("needless: {found}")))
    }

    /// A finding about the launch that is said to be certain.
    pub fn claims_what_only_a_run_shows(&self) -> bool {
        let families = ["PL1", "PL4", "PL5"];
        let of_launch = |code: &str| families.iter().any(|family| code.starts_with(family));
        self.findings.iter().any(|finding| finding.certainty == "certain" && of_launch(&finding.code))
    }
}

fn finding(text: &str) -> Finding {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [severity, code, place, certainty] = words[..] else { panic!("four words make a finding: {text}") };
    let [severity, code, place, certainty] = [severity, code, place, certainty].map(str::to_string);
    Finding { severity, code, place, certainty }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.severity, self.code, self.place, self.certainty)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.what, self.how, self.text)
    }
}
