//! What is executed for a program: the interpreter of a script, and that of an interpreter that is a
//! script itself.

use plimsoll_model::file_tree::clean_path;

use super::Scene;
use super::executable::Executable;

/// How many interpreters the kernel starts one for the other (Linux, `exec_binprm`).
pub(super) const DEPTH: usize = 5;

/// Scripts, and the program at their end.
pub(super) struct Chain {
    /// The scripts, the one that was to be started first.
    pub(super) scripts: Vec<Script>,
    /// Path of what is executed in the end, if it is there.
    pub(super) last: String,
    /// What that is.
    pub(super) file: Executable,
}

/// A script.
pub(super) struct Script {
    /// Where it stands.
    pub(super) path: String,
    /// The interpreter as its first line names it.
    pub(super) interpreter: String,
    /// Its first line.
    pub(super) line: String,
}

impl Chain {
    /// Follow the first lines, as the kernel does.
    pub(super) fn follow(scene: &Scene<'_>, path: &str) -> Chain {
        let mut chain = Chain { scripts: Vec::new(), last: path.to_string(), file: scene.executable(path) };
        while chain.scripts.len() <= DEPTH {
            match std::mem::replace(&mut chain.file, Executable::Unreadable) {
                Executable::Script { interpreter, line } if !interpreter.is_empty() => {
                    let next = clean_path(scene.workdir(), &interpreter);
                    let path = std::mem::replace(&mut chain.last, next);
                    chain.scripts.push(Script { path, interpreter, line });
                    chain.file = scene.executable(&chain.last);
                }
                file => {
                    chain.file = file;
                    break;
                }
            }
        }
        chain
    }

    /// More scripts than the kernel follows.
    pub(super) fn is_too_long(&self) -> bool {
        self.scripts.len() > DEPTH
    }

    /// The file at the end as the subject of a sentence.
    pub(super) fn subject(&self) -> String {
        named(&self.last, self.scripts.last())
    }

    /// The last script as the subject of a sentence.
    pub(super) fn last_script(&self) -> Option<(&Script, String)> {
        let (script, before) = self.scripts.split_last()?;
        Some((script, named(&script.path, before.last())))
    }

    /// Everything the kernel opens to execute it: the files, each as the subject of a sentence.
    pub(super) fn files(&self) -> Vec<(&str, String)> {
        let mut files = Vec::new();
        let mut asking = None;
        for script in &self.scripts {
            files.push((script.path.as_str(), named(&script.path, asking)));
            asking = Some(script);
        }
        files.push((self.last.as_str(), self.subject()));
        if let Executable::Elf { loader: Some(loader), .. } = &self.file {
            files.push((loader, format!("{loader}, the loader of {},", self.last)));
        }
        files
    }
}

fn named(path: &str, asking: Option<&Script>) -> String {
    match asking {
        Some(script) => format!("{path}, the interpreter of {},", script.path),
        None => path.to_string(),
    }
}
