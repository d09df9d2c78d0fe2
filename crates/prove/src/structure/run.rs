//! The tests of a file, one by one, each in a container of its own.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use plimsoll_contract::evidence::StructureTest;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{FileTree, LaunchSpec, Signal, TreeEntry, UserSpec};
use plimsoll_runtime::launch::{LaunchOptions, Stdio, launch};
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;

use super::arguments::expand;
use super::check::{self, Output};
use super::file::{CommandTest, FileContentTest, StructureFile, Variable};
use crate::subject::{ProveError, Subject};

/// A command that takes longer fails its test; upstream waits for ever.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of output and of files that are looked at.
const LIMIT: u64 = 16 << 20;

/// Run all tests of the subject's file.
pub(crate) fn run(subject: &Subject<'_>) -> Result<Vec<StructureTest>, ProveError> {
    let Some(file) = &subject.structure else { return Ok(Vec::new()) };
    let mut results = Vec::new();
    let mut add = |kind: &str, name: &str, failures: Vec<String>| {
        results.push(StructureTest { kind: kind.to_string(), name: name.to_string(), failures });
    };
    for test in &file.command_tests {
        subject.tell(format!("structure test {}", test.name));
        add("commandTests", &test.name, command(subject, file, test)?);
    }
    let env = &subject.image.config.env;
    for test in &file.file_existence_tests {
        let entry = entry_at(&expand(&test.path, env), subject.tree);
        add("fileExistenceTests", &test.name, check::existence(test, entry.as_ref()));
    }
    for test in &file.file_content_tests {
        add("fileContentTests", &test.name, contents(test, env, subject.tree));
    }
    if let Some(test) = &file.metadata_test {
        add("metadataTest", "the configuration", check::metadata(test, &subject.image.config));
    }
    Ok(results)
}

/// Links on the way are followed, one at the end is looked at itself, as `docker cp` does.
fn entry_at(path: &str, tree: &dyn FileTree) -> Option<TreeEntry> {
    let path = clean_path("/", path);
    let Some((parent, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
        return tree.resolve("/").ok().map(|(_, entry)| entry);
    };
    let (real, _) = tree.resolve(if parent.is_empty() { "/" } else { parent }).ok()?;
    tree.lookup(&clean_path(&real, name))
}

fn contents(test: &FileContentTest, env: &[(String, String)], tree: &dyn FileTree) -> Vec<String> {
    let path = clean_path("/", &expand(&test.path, env));
    let bytes = match tree.read(&path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => return vec![error.to_string()],
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut failures = Vec::new();
    check::patterns(&test.expected_contents, &text, true, "file", &mut failures);
    check::patterns(&test.excluded_contents, &text, false, "file", &mut failures);
    failures
}

/// The failures of a command test. Its setup commands and the command itself see the same files.
fn command(
    subject: &Subject<'_>,
    file: &StructureFile,
    test: &CommandTest,
) -> Result<Vec<String>, ProveError> {
    let directory = subject.store.root().join("tmp");
    let failed = |source| ProveError::Scratch { path: directory.clone(), source };
    let scratch = tempfile::Builder::new().prefix("prove-").tempdir_in(&directory).map_err(failed)?;
    let (spec, env) = match specification(subject, file, test)? {
        Ok(decided) => decided,
        Err(why) => return Ok(vec![why]),
    };
    for words in &test.setup {
        let argv = words.iter().map(|word| expand(word, &env)).collect();
        if let Err(why) = output_of(subject, scratch.path(), LaunchSpec { argv, ..spec.clone() }) {
            return Ok(vec![format!("setup {}: {why}", words.join(" "))]);
        }
    }
    let argv = std::iter::once(&test.command).chain(&test.args).map(|word| expand(word, &env)).collect();
    Ok(match output_of(subject, scratch.path(), LaunchSpec { argv, ..spec }) {
        Ok(output) => check::command(test, &output),
        Err(why) => vec![why],
    })
}

/// The process without its command, and the environment its words are expanded from.
type Decided = (LaunchSpec, Vec<(String, String)>);

fn specification(
    subject: &Subject<'_>,
    file: &StructureFile,
    test: &CommandTest,
) -> Result<Result<Decided, String>, ProveError> {
    let mut spec = subject.spec(Vec::new())?;
    let mut known = subject.image.config.env.clone();
    let set = |env: &mut Vec<(String, String)>, name: &str, value: String| {
        env.retain(|(known, _)| known != name);
        env.push((name.to_string(), value));
    };
    let options = &file.container_run_options;
    for text in &options.env_vars {
        // As docker's -e: a name alone is taken from the caller, who is not asked here.
        if let Some((name, value)) = text.split_once('=') {
            set(&mut spec.env, name, value.to_string());
        }
    }
    for Variable { key, value, .. } in file.global_env_vars.iter().chain(&test.env_vars) {
        let value = expand(value, &known);
        set(&mut spec.env, key, value.clone());
        set(&mut known, key, value);
    }
    if !options.user.is_empty() {
        match UserSpec::parse(&options.user).and_then(|user| user.resolve(subject.tree)) {
            Ok(user) => spec.user = user,
            Err(error) => return Ok(Err(error.to_string())),
        }
    }
    Ok(Ok((spec, known)))
}

/// Run a command to its end.
fn output_of(subject: &Subject<'_>, scratch: &Path, spec: LaunchSpec) -> Result<Output, String> {
    let failed = |error: std::io::Error| error.to_string();
    let rootfs = RootFs { lowers: subject.lowers.clone(), scratch: scratch.to_path_buf() };
    let plan = plan(&spec, subject.host, &rootfs).map_err(|error| error.to_string())?;
    let (stdout, stderr) = (tempfile::tempfile_in(scratch), tempfile::tempfile_in(scratch));
    let (mut stdout, mut stderr) = (stdout.map_err(failed)?, stderr.map_err(failed)?);
    let stdio = Stdio {
        stdin: File::open("/dev/null").map_err(failed)?.into(),
        stdout: stdout.try_clone().map_err(failed)?.into(),
        stderr: stderr.try_clone().map_err(failed)?.into(),
    };
    let options = LaunchOptions { die_with_parent: true, ..LaunchOptions::default() };
    let process = launch(&plan, stdio, &options).map_err(|error| error.to_string())?;
    let Some(exit) = process.wait(Some(COMMAND_LIMIT)).map_err(failed)? else {
        process.signal(Signal::KILL).and_then(|()| process.wait(None)).map_err(failed)?;
        return Err(format!("it did not end within {} s", COMMAND_LIMIT.as_secs()));
    };
    let text = |file: &mut File| {
        std::io::Seek::rewind(file)?;
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Output {
        code: exit.code(),
        stdout: text(&mut stdout).map_err(failed)?,
        stderr: text(&mut stderr).map_err(failed)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::{EntryKind, MemoryTree};

    #[test]
    fn links_on_the_way_are_followed_and_at_the_end_looked_at() {
        let mut tree = MemoryTree::default();
        tree.directory("/run");
        tree.directory("/var");
        tree.symlink("/var/run", "/run");
        tree.file("/run/x", "one\ntwo\n");
        let kind = |path: &str| entry_at(path, &tree).map(|entry| entry.kind);
        assert_eq!(kind("/var/run/x"), Some(EntryKind::File));
        assert_eq!(kind("/var/run"), Some(EntryKind::Symlink("/run".into())));
        assert_eq!(kind("/"), Some(EntryKind::Directory));
        assert_eq!(kind("/absent/x"), None);
        let test = |expected: &str, excluded: &str| FileContentTest {
            path: "/var/run/x".into(),
            expected_contents: vec![expected.into()],
            excluded_contents: vec![excluded.into()],
            ..FileContentTest::default()
        };
        assert_eq!(contents(&test("(?m)^two$", "three"), &[], &tree), Vec::<String>::new());
        assert_eq!(contents(&test("three", "one"), &[], &tree).len(), 2);
    }
}
