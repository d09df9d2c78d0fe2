//! What a test expects, against what there is: pure.

use plimsoll_model::{EntryKind, ImageConfig, TreeEntry};
use regex_lite::Regex;

use super::file::{CommandTest, FileExistenceTest, MetadataTest, Variable};

/// Output quoted in a failure, at most.
const QUOTED: usize = 200;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Failures of a command test.
pub(super) fn command(test: &CommandTest, output: &Output) -> Vec<String> {
    let mut failures = Vec::new();
    patterns(&test.expected_error, &output.stderr, true, "standard error", &mut failures);
    patterns(&test.excluded_error, &output.stderr, false, "standard error", &mut failures);
    patterns(&test.expected_output, &output.stdout, true, "output", &mut failures);
    patterns(&test.excluded_output, &output.stdout, false, "output", &mut failures);
    if test.exit_code != output.code {
        failures.push(format!("exit code {} instead of {}", output.code, test.exit_code));
    }
    failures
}

/// Each pattern must be found, or must not.
pub(super) fn patterns(
    patterns: &[String],
    text: &str,
    wanted: bool,
    place: &str,
    failures: &mut Vec<String>,
) {
    for pattern in patterns {
        match Regex::new(pattern) {
            Ok(regex) if regex.is_match(text) == wanted => {}
            Ok(_) => {
                let found = if wanted { "is not" } else { "is" };
                failures.push(format!("'{pattern}' {found} in the {place}: {}", quoted(text)));
            }
            Err(error) => failures.push(format!("'{pattern}' is no regular expression: {error}")),
        }
    }
}

/// The beginning of a text in one line.
fn quoted(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = line.take(QUOTED).collect();
    let line = line.trim();
    if line.is_empty() { "nothing".to_string() } else { line.to_string() }
}

/// Failures of a test of a file's existence.
pub(super) fn existence(test: &FileExistenceTest, entry: Option<&TreeEntry>) -> Vec<String> {
    let entry = match (entry, test.should_exist) {
        (None, true) => return vec![format!("{} is not there", test.path)],
        // Upstream looks at the mode of a missing file, and ends; what is asked of it cannot be wrong.
        (None, false) => return Vec::new(),
        (Some(entry), true) => entry,
        (Some(entry), false) => {
            let mut failures = vec![format!("{} is there", test.path)];
            failures.extend(attributes(test, entry));
            return failures;
        }
    };
    attributes(test, entry)
}

fn attributes(test: &FileExistenceTest, entry: &TreeEntry) -> Vec<String> {
    let mut failures = Vec::new();
    let mode = mode_text(entry);
    if !test.permissions.is_empty() && test.permissions != mode {
        failures.push(format!("its permissions are {mode} and not {}", test.permissions));
    }
    let needed = match test.is_executable_by.as_str() {
        "" => Some(u32::MAX),
        "any" => Some(0o111),
        "owner" => Some(0o100),
        "group" => Some(0o010),
        "other" => Some(0o001),
        other => {
            failures.push(format!("isExecutableBy '{other}' is none of owner, group, other, any"));
            None
        }
    };
    if needed.is_some_and(|bits| bits != u32::MAX && entry.mode & bits == 0) {
        failures.push(format!("it is not executable by {}: {mode}", test.is_executable_by));
    }
    for (wanted, real, what) in [(test.uid, entry.uid, "user"), (test.gid, entry.gid, "group")] {
        if wanted != -1 && wanted != i64::from(real) {
            failures.push(format!("it belongs to {what} {real} and not {wanted}"));
        }
    }
    failures
}

/// A mode as Go's `os.FileMode` prints it: type letters (`d`, `L`), set-id and sticky bits (`u`, `g`, `t`) in
/// front, a dash if there is none, then nine letters that know nothing of them.
fn mode_text(entry: &TreeEntry) -> String {
    let mut text = String::new();
    for (letter, set) in [
        ('d', entry.kind == EntryKind::Directory),
        ('L', matches!(entry.kind, EntryKind::Symlink(_))),
        ('u', entry.mode & 0o4000 != 0),
        ('g', entry.mode & 0o2000 != 0),
        ('t', entry.mode & 0o1000 != 0),
    ] {
        if set {
            text.push(letter);
        }
    }
    if text.is_empty() {
        text.push('-');
    }
    for (at, letter) in "rwxrwxrwx".chars().enumerate() {
        text.push(if entry.mode >> (8 - at) & 1 == 1 { letter } else { '-' });
    }
    text
}

/// Failures of the metadata test.
pub(super) fn metadata(test: &MetadataTest, config: &ImageConfig) -> Vec<String> {
    let mut failures = Vec::new();
    let env = |key: &str| config.env.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let label =
        |key: &str| config.labels.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str());
    for pair in test.env.iter().chain(&test.env_vars) {
        failures.extend(pair_failure(pair, env(&pair.key), "variable"));
    }
    let unbound = test.unbound_env_vars.iter().filter(|pair| env(&pair.key).is_some());
    failures.extend(unbound.map(|pair| format!("the variable {} is set", pair.key)));
    for pair in &test.labels {
        failures.extend(pair_failure(pair, label(&pair.key), "label"));
    }
    for (wanted, real, what) in
        [(&test.cmd, &config.cmd, "CMD"), (&test.entrypoint, &config.entrypoint, "ENTRYPOINT")]
    {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != real) {
            failures.push(format!("{what} is {real:?} and not {wanted:?}"));
        }
    }
    for (wanted, real, what) in
        [(&test.workdir, &config.working_dir, "WORKDIR"), (&test.user, &config.user, "USER")]
    {
        if !wanted.is_empty() && wanted != real {
            failures.push(format!("{what} is '{real}' and not '{wanted}'"));
        }
    }
    // Upstream compares numbers alone, whatever the protocol; a protocol that is written must be the same.
    let exposed = |port: &String| {
        config.exposed_ports.iter().any(|known| {
            known == port || known.split('/').next() == Some(port.as_str()) || *known == format!("{port}/tcp")
        })
    };
    let missing = test.exposed_ports.iter().filter(|port| !exposed(port));
    failures.extend(missing.map(|port| format!("the port {port} is not exposed")));
    let unwanted = test.unexposed_ports.iter().filter(|port| exposed(port));
    failures.extend(unwanted.map(|port| format!("the port {port} is exposed")));
    let missing = test.volumes.iter().filter(|volume| !config.volumes.contains(volume));
    failures.extend(missing.map(|volume| format!("{volume} is no volume")));
    let unwanted = test.unmounted_volumes.iter().filter(|volume| config.volumes.contains(volume));
    failures.extend(unwanted.map(|volume| format!("{volume} is a volume")));
    failures
}

fn pair_failure(pair: &Variable, real: Option<&str>, what: &str) -> Option<String> {
    let Some(real) = real else { return Some(format!("the {what} {} is not set", pair.key)) };
    if !pair.is_regex {
        return (real != pair.value)
            .then(|| format!("the {what} {} is '{}' and not '{}'", pair.key, quoted(real), pair.value));
    }
    let mut failures = Vec::new();
    patterns(std::slice::from_ref(&pair.value), real, true, &format!("{what} {}", pair.key), &mut failures);
    failures.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, mode: u32) -> TreeEntry {
        TreeEntry { kind, mode, uid: 0, gid: 42, size: 0, layer: 0 }
    }

    #[test]
    fn modes_are_printed_as_go_does() {
        for (kind, mode, text) in [
            (EntryKind::File, 0o644, "-rw-r--r--"),
            (EntryKind::Directory, 0o1777, "dtrwxrwxrwx"),
            (EntryKind::File, 0o4755, "urwxr-xr-x"),
            (EntryKind::Symlink("x".into()), 0o777, "Lrwxrwxrwx"),
        ] {
            assert_eq!(mode_text(&entry(kind, mode)), text);
        }
    }

    #[test]
    fn files_and_their_attributes() {
        let test = |text: &str| FileExistenceTest {
            path: "/x".into(),
            permissions: text.into(),
            ..FileExistenceTest::default()
        };
        let file = entry(EntryKind::File, 0o750);
        assert_eq!(existence(&test(""), Some(&file)), Vec::<String>::new());
        assert_eq!(existence(&test(""), None), ["/x is not there"]);
        assert_eq!(existence(&test("-rwxr-x---"), Some(&file)), Vec::<String>::new());
        assert!(existence(&test("-rwxr-xr-x"), Some(&file))[0].contains("-rwxr-x---"));
        let gone = FileExistenceTest { should_exist: false, ..test("") };
        assert_eq!(existence(&gone, None), Vec::<String>::new());
        assert_eq!(existence(&gone, Some(&file)), ["/x is there"]);
        let by = |who: &str| FileExistenceTest { is_executable_by: who.into(), uid: 0, gid: 7, ..test("") };
        assert_eq!(existence(&by("group"), Some(&file)), ["it belongs to group 42 and not 7"]);
        assert_eq!(existence(&by("other"), Some(&file)).len(), 2);
        assert!(existence(&by("me"), Some(&file))[0].contains("'me'"));
    }

    #[test]
    fn commands_are_judged_by_patterns_and_exit_code() {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let output = Output { code: 1, stdout: "version 1.2\n".into(), stderr: "warning\n".into() };
        let good = CommandTest {
            exit_code: 1,
            expected_output: texts(&["version 1\\.[0-9]", "(?m)2$"]),
            excluded_output: texts(&["2\\.0"]),
            expected_error: texts(&["^warn"]),
            ..CommandTest::default()
        };
        assert_eq!(command(&good, &output), Vec::<String>::new());
        let bad = CommandTest {
            expected_output: texts(&["absent", "["]),
            excluded_error: texts(&["warning"]),
            ..CommandTest::default()
        };
        let failures = command(&bad, &output);
        assert_eq!(failures.len(), 4, "{failures:?}");
        assert!(failures[0].contains("'warning' is in the standard error"));
        assert!(failures[1].contains("'absent' is not in the output: version 1.2"));
        assert!(failures[2].contains("no regular expression"));
        assert_eq!(failures[3], "exit code 1 instead of 0");
    }

    #[test]
    fn the_configuration() {
        let config = ImageConfig {
            env: vec![("A".into(), "1.2".into())],
            cmd: vec!["serve".into()],
            exposed_ports: vec!["80/tcp".into(), "53/udp".into()],
            user: "app".into(),
            ..ImageConfig::default()
        };
        let pair =
            |key: &str, value: &str, is_regex| Variable { key: key.into(), value: value.into(), is_regex };
        let good = MetadataTest {
            env: vec![pair("A", "1.2", false), pair("A", "^1", true)],
            unbound_env_vars: vec![pair("B", "", false)],
            exposed_ports: vec!["80".into(), "53".into(), "53/udp".into()],
            unexposed_ports: vec!["81".into(), "80/udp".into()],
            entrypoint: Some(Vec::new()),
            user: "app".into(),
            ..MetadataTest::default()
        };
        assert_eq!(metadata(&good, &config), Vec::<String>::new());
        let bad = MetadataTest {
            env_vars: vec![pair("A", "2", false), pair("A", "^2", true), pair("C", "", false)],
            cmd: Some(Vec::new()),
            volumes: vec!["/data".into()],
            exposed_ports: vec!["81".into()],
            workdir: "/srv".into(),
            ..MetadataTest::default()
        };
        assert_eq!(metadata(&bad, &config).len(), 7, "{:?}", metadata(&bad, &config));
    }
}
