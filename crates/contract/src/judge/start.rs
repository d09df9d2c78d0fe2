//! What PID 1 was given at its start, against what was said beforehand: a difference is an error of
//! plimsoll's, or of the machine's.

use super::{command_text, is_program, seen_verdict};
use crate::contract::Pid1;
use crate::evidence::{LaunchRecord, Observed, Program, Promised, Start, Verdict};
use crate::pid1::words::base_name;

/// Everything that is otherwise than predicted, one phrase each.
pub(super) fn contradictions(
    record: &LaunchRecord,
    start: &Start,
    promised: Option<&Promised>,
) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(argv) = &record.predicted.argv
        && !is_started_as(&start.program, argv)
    {
        found.push(format!("PID 1 was started as {}", command_text(&start.program.argv)));
    }
    let Some(promised) = promised else { return found };
    if (start.uid, start.gid) != (promised.uid, promised.gid) {
        found.push(format!(
            "PID 1 was started as user {}, group {} and not {}:{}",
            start.uid, start.gid, promised.uid, promised.gid
        ));
    }
    if let Some(groups) = promised.groups.as_ref().filter(|groups| !same_groups(groups, &start.groups)) {
        found.push(format!("its groups are {:?} and not {groups:?}", start.groups));
    }
    if start.workdir != promised.workdir {
        found.push(format!("it was started in {} and not in {}", start.workdir, promised.workdir));
    }
    let beyond = |set: &[String]| set.iter().find(|name| !promised.capabilities.contains(*name)).cloned();
    if let Some(name) = beyond(&start.bounding).or(beyond(&start.permitted)).or(beyond(&start.effective)) {
        found.push(format!("it may use the capability {name}"));
    }
    found.extend(variables(&promised.env, &start.env));
    found
}

/// A group set that also names the main group says nothing else.
fn same_groups(promised: &[u32], seen: &[u32]) -> bool {
    let sorted = |groups: &[u32]| {
        let mut groups = groups.to_vec();
        groups.sort_unstable();
        groups.dedup();
        groups
    };
    sorted(promised) == sorted(seen)
}

/// Names of variables alone: values may be secrets.
fn variables(promised: &[(String, String)], seen: &[(String, String)]) -> Vec<String> {
    let value = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let mut found: Vec<String> = promised
        .iter()
        .filter_map(|(name, wanted)| match value(seen, name) {
            None => Some(format!("the variable {name} is missing")),
            Some(seen) if seen != *wanted => Some(format!("the variable {name} has another value")),
            Some(_) => None,
        })
        .collect();
    let more = seen.iter().filter(|(name, _)| value(promised, name).is_none());
    found.extend(more.map(|(name, _)| format!("nobody set the variable {name}")));
    found
}

/// The words given to execve, as the kernel shows them: before those of a script stand its interpreter, at
/// most one argument of that, and the script's path in place of the first word (execve(2)).
fn is_started_as(program: &Program, argv: &[String]) -> bool {
    let seen = &program.argv;
    let Some((first, rest)) = argv.split_first() else { return false };
    let Some(before) = seen.len().checked_sub(rest.len()) else { return false };
    let (head, tail) = seen.split_at(before);
    if tail != rest {
        return false;
    }
    match head {
        [own] => own == first,
        // A script's interpreter may be a script again.
        [_, .., path] => base_name(path) == base_name(first),
        [] => false,
    }
}

/// The verdict over a launch that has ended, by the last look at it. PID 1 that was still the program it was
/// started as may have become what was predicted a moment later.
pub(super) fn last_look_verdict(
    record: &LaunchRecord,
    start: Option<&Start>,
    seen: &Observed,
    code: i32,
) -> Verdict {
    let verdict = seen_verdict(record, seen);
    let last = seen.pid1().map(|first| &first.argv);
    let as_started = match start {
        Some(start) => last == Some(&start.program.argv),
        None => true,
    };
    match (verdict, last) {
        (Verdict::Refuted(_), Some(last)) if as_started => Verdict::Unproven(format!(
            "it ended with exit code {code}; PID 1 was {} when it was last looked at",
            command_text(last)
        )),
        (verdict, _) => verdict,
    }
}

/// The verdict over a launch that was over before its processes could be looked at: by its programs.
pub(super) fn ended_verdict(record: &LaunchRecord, start: &Start, code: i32) -> Verdict {
    let last = start.last();
    let became = |program: &Program| format!("PID 1 was {}", command_text(&program.argv));
    let open = || {
        Verdict::Unproven(format!(
            "it began as {} and ended with exit code {code} before PID 1 could be looked at again",
            command_text(&start.program.argv)
        ))
    };
    match (&record.predicted.pid1, last) {
        (Pid1::Nothing, _) => {
            Verdict::Refuted(format!("{}, but nothing should have started", became(&start.program)))
        }
        (Pid1::Unknown(why), last) => Verdict::Unproven(format!(
            "{}; beforehand it was open: {why}",
            became(last.unwrap_or(&start.program))
        )),
        (Pid1::Program(name) | Pid1::Shell { shell: name, .. }, Some(last)) => {
            match is_program(&last.argv, &last.exe, name) {
                true => Verdict::Proven,
                false => Verdict::Refuted(format!("{}, not {name}", became(last))),
            }
        }
        // Nothing else was to come.
        (Pid1::Program(name), None) if is_program(&start.program.argv, &start.program.exe, name) => {
            Verdict::Proven
        }
        (_, None) => open(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(words: &[&str]) -> Program {
        Program { argv: words.iter().map(ToString::to_string).collect(), exe: words[0].to_string() }
    }

    #[test]
    fn scripts_show_their_interpreter_first() {
        let argv = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (seen, given, same) in [
            (&["a", "b"][..], &["a", "b"][..], true),
            (&["/bin/sh", "/usr/bin/a", "b"], &["a", "b"], true),
            (&["/bin/sh", "-e", "/a"], &["/a"], true),
            (&["a", "c"], &["a", "b"], false),
            (&["/bin/sh", "/other", "b"], &["/a", "b"], false),
            (&["b"], &["a", "b"], false),
            (&["x"], &["a"], false),
        ] {
            assert_eq!(is_started_as(&program(seen), &argv(given)), same, "{seen:?} {given:?}");
        }
    }

    #[test]
    fn variables_are_compared_without_their_order_and_values_stay_unsaid() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        let promised = [pair("A", "1"), pair("B", "secret"), pair("C", "3")];
        let seen = [pair("C", "3"), pair("B", "other"), pair("D", "4")];
        let found = variables(&promised, &seen);
        assert_eq!(
            found,
            ["the variable A is missing", "the variable B has another value", "nobody set the variable D"]
        );
    }
}
