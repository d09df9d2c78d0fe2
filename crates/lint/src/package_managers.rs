//! Which package manager a command is, and what it installs.

use crate::run_commands::{EXPANSION, RunCommand, RunWord};

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Apt,
    Apk,
    Yum,
    Dnf,
    Zypper,
    Pip,
    Npm,
    Yarn,
    Pnpm,
    Gem,
    Go,
    Cargo,
}

impl Manager {
    /// It installs packages of the distribution.
    pub fn is_of_the_system(self) -> bool {
        matches!(self, Manager::Apt | Manager::Apk | Manager::Yum | Manager::Dnf | Manager::Zypper)
    }
}

/// A command that installs packages it names, or what a file lists if it names none.
pub(crate) struct Install<'c> {
    pub manager: Manager,
    /// Packages, directories, archives: all arguments that are no options.
    pub packages: Vec<&'c RunWord>,
}

/// What a command installs.
pub(crate) fn install(command: &RunCommand) -> Option<Install<'_>> {
    let (manager, skip) = manager(command)?;
    let words = command.words().get(skip..).unwrap_or_default();
    let plain = operands(words, options_with_value(manager));
    let (action, packages) = plain.split_first()?;
    let installs: &[&str] = match manager {
        Manager::Apt => &["install"],
        Manager::Apk => &["add"],
        Manager::Yum | Manager::Dnf => &["install", "groupinstall", "localinstall", "reinstall"],
        Manager::Zypper => &["install", "in"],
        Manager::Pip | Manager::Cargo => &["install"],
        Manager::Npm => &["install", "i", "add", "ci"],
        Manager::Yarn | Manager::Pnpm => &["add", "install", "i"],
        Manager::Gem => &["install", "i"],
        Manager::Go => &["install", "get"],
    };
    if manager == Manager::Yarn && action.text == "global" {
        let packages: Vec<&RunWord> = packages.iter().skip(1).copied().collect();
        return (!packages.is_empty()).then_some(Install { manager, packages });
    }
    installs.contains(&action.text.as_str()).then(|| Install { manager, packages: packages.to_vec() })
}

/// The package manager a command starts and how many of its words name it.
pub(crate) fn manager(command: &RunCommand) -> Option<(Manager, usize)> {
    let program = command.program();
    let found = match program {
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "apk" => Manager::Apk,
        "yum" => Manager::Yum,
        "dnf" | "microdnf" | "tdnf" | "dnf5" => Manager::Dnf,
        "zypper" => Manager::Zypper,
        "npm" => Manager::Npm,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        "gem" => Manager::Gem,
        "go" => Manager::Go,
        "cargo" => Manager::Cargo,
        _ if is_versioned(program, "pip") => Manager::Pip,
        _ if is_versioned(program, "python") => {
            let words = command.words();
            let at = words.iter().position(|word| word.text == "-m")?;
            return (words.get(at + 1)?.text == "pip").then_some((Manager::Pip, at + 2));
        }
        "uv" if command.arguments().first()?.text == "pip" => return Some((Manager::Pip, 2)),
        _ => return None,
    };
    Some((found, 1))
}

/// `pip`, `pip3`, `pip3.11`
fn is_versioned(program: &str, name: &str) -> bool {
    program
        .strip_prefix(name)
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Options whose value is the next word.
fn options_with_value(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Apt => &["-t", "--target-release", "-o", "--option", "-c", "--config-file", "-a"],
        Manager::Apk => {
            &["-t", "--virtual", "-X", "--repository", "-p", "--root", "--arch", "--keys-dir", "--wait"]
        }
        Manager::Yum | Manager::Dnf => &[
            "-c",
            "-x",
            "--enablerepo",
            "--disablerepo",
            "--installroot",
            "--releasever",
            "--setopt",
            "--repo",
        ],
        Manager::Zypper => &["-r", "--repo", "-R", "--root", "--from", "-p", "--plus-repo"],
        Manager::Pip => &[
            "-r",
            "--requirement",
            "-c",
            "--constraint",
            "-e",
            "--editable",
            "-i",
            "--index-url",
            "-f",
            "--find-links",
            "-t",
            "--target",
            "--extra-index-url",
            "--prefix",
            "--root",
            "--trusted-host",
            "--python",
            "--python-version",
            "--platform",
            "--only-binary",
            "--no-binary",
            "--proxy",
            "--timeout",
            "--default-timeout",
            "--retries",
            "--cache-dir",
            "--src",
            "--progress-bar",
            "--log",
            "--upgrade-strategy",
            "--config-settings",
            "-C",
            "--global-option",
            "--group",
        ],
        Manager::Npm => {
            &["--prefix", "-C", "--registry", "--loglevel", "-w", "--workspace", "--omit", "--only"]
        }
        Manager::Yarn | Manager::Pnpm => &[
            "--cwd",
            "--registry",
            "--network-timeout",
            "--cache-folder",
            "--prefix",
            "-C",
            "--dir",
            "--filter",
        ],
        Manager::Gem => &["-v", "--version", "-i", "--install-dir", "-n", "--bindir", "--source", "-P"],
        Manager::Go => &["-ldflags", "-tags", "-gcflags", "-o", "-mod", "-C", "-modfile", "-asmflags"],
        Manager::Cargo => &[
            "--version",
            "--vers",
            "--git",
            "--branch",
            "--tag",
            "--rev",
            "--path",
            "--root",
            "--features",
            "-F",
            "--target",
            "--profile",
            "-j",
            "--jobs",
            "--bin",
            "--registry",
            "--target-dir",
        ],
    }
}

/// The words that are neither options nor their values.
fn operands<'c>(words: &'c [RunWord], with_value: &[&str]) -> Vec<&'c RunWord> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.text.starts_with('-') {
            found.push(word);
        } else if with_value.contains(&word.text.as_str()) {
            words.next();
        }
    }
    found
}

/// Whether a package of a distribution carries its version, or may.
pub(crate) fn is_system_package_pinned(manager: Manager, package: &str) -> bool {
    let has_version = match manager {
        Manager::Apt => package.contains(['=', '/']) || package.ends_with(".deb"),
        Manager::Apk => package.contains(['=', '~', '<', '>', '/']) || package.ends_with(".apk"),
        Manager::Zypper => package.contains(['=', '<', '>', '/']) || package.ends_with(".rpm"),
        _ => {
            let digits =
                package.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            digits || package.contains('/') || package.ends_with(".rpm")
        }
    };
    has_version || package.contains(EXPANSION)
}

/// Whether a package of a language's registry is a file, an address or carries its version.
pub(crate) fn is_library_pinned(manager: Manager, package: &str) -> bool {
    let is_path = package.starts_with(['.', '/', '~']) || package.contains("://");
    let is_archive = [".whl", ".tar.gz", ".tgz", ".zip", ".gem"].iter().any(|end| package.ends_with(end));
    let has_version = match manager {
        Manager::Pip => package.contains(['=', '<', '>', '~', '/', '@']),
        Manager::Gem => package.contains(':'),
        Manager::Go => match package.rsplit_once('@') {
            Some((_, version)) => !matches!(version, "latest" | "master" | "main" | "HEAD"),
            None => !package.contains('.'),
        },
        _ => package.trim_start_matches('@').split_once('@').is_some_and(|(_, version)| version != "latest"),
    };
    is_path || is_archive || has_version || package.contains(EXPANSION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::File;
    use crate::run_commands::Runs;
    use plimsoll_model::Source;

    fn of(line: &str) -> Option<(Manager, Vec<String>)> {
        let parsed = plimsoll_dockerfile::parse(Source::new("f", format!("FROM a\nRUN {line}\n")));
        let settings = crate::Settings::default();
        let dockerfile = &parsed.dockerfile;
        let runs = Runs::read(&File { dockerfile, prediction: None, context: None, settings: &settings });
        let found = install(&runs.list[0].commands[0])?;
        Some((found.manager, found.packages.iter().map(|word| word.text.clone()).collect()))
    }

    #[test]
    fn what_a_command_installs() {
        for (line, manager, packages) in [
            ("sudo apt-get -qy install -t sid curl git=1", Manager::Apt, vec!["curl", "git=1"]),
            ("apk --no-cache add -t .build gcc", Manager::Apk, vec!["gcc"]),
            ("microdnf install -y tar", Manager::Dnf, vec!["tar"]),
            ("/opt/bin/python3.11 -m pip install -U -r r.txt pip", Manager::Pip, vec!["pip"]),
            ("uv pip install x", Manager::Pip, vec!["x"]),
            ("npm i -g @a/b", Manager::Npm, vec!["@a/b"]),
            ("yarn global add x", Manager::Yarn, vec!["x"]),
            ("npm ci", Manager::Npm, vec![]),
        ] {
            let packages: Vec<String> = packages.into_iter().map(str::to_string).collect();
            assert_eq!(of(line), Some((manager, packages)), "{line}");
        }
        for line in ["apt-get update", "pip freeze", "pipx install x", "npm run install", "yarn build"] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn versions() {
        for (manager, package) in [
            (Manager::Pip, "a>=1"),
            (Manager::Npm, "@a/b@1"),
            (Manager::Go, "x.y/z@v1"),
            (Manager::Gem, "a:1"),
        ] {
            assert!(is_library_pinned(manager, package), "{package}");
        }
        for (manager, package) in [
            (Manager::Pip, "a"),
            (Manager::Npm, "@a/b"),
            (Manager::Npm, "a@latest"),
            (Manager::Go, "x.y/z@latest"),
        ] {
            assert!(!is_library_pinned(manager, package), "{package}");
        }
    }
}
