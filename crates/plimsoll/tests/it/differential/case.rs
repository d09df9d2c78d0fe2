//! Cases as text: a name, the files of a context, a Dockerfile, and what is expected.
//!
//! ```text
//! == NAME
//! -- flags --build-arg A=1          words of the build command
//! -- file PATH [mode=0600] [owner=1:2] [xattr=NAME:HEX] [crlf] [empty] [hex]
//! its lines
//! -- dir PATH [mode=0700]
//! -- symlink PATH -> TARGET
//! -- hardlink PATH -> FILE
//! -- fifo PATH
//! -- tar PATH none|gz|bz2|xz|zst        an archive, one line an entry, see `archive.rs`
//! -- Dockerfile [crlf] [bom] [unended]
//! its lines
//! -- refused                        the build has to fail
//! -- test NAME                      the test of BuildKit that this repeats
//! -- expect                         what the image holds, see `expectation.rs`
//! ```

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, XattrFlags};

use super::archive;

/// A section of a case: the words of its first line and the lines below.
#[derive(Debug)]
struct Section {
    kind: String,
    rest: String,
    lines: Vec<String>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// Its name, also the image's.
    pub name: String,
    sections: Vec<Section>,
}

/// The cases of a file.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(Case { name: name.to_string(), sections: Vec::new() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(head) = line.strip_prefix("-- ") {
            let (kind, rest) = head.split_once(' ').unwrap_or((head, ""));
            let (kind, rest) = (kind.to_string(), rest.to_string());
            case.sections.push(Section { kind, rest, lines: Vec::new() });
        } else if let Some(section) = case.sections.last_mut() {
            section.lines.push(line.to_string());
        }
    }
    cases.iter_mut().for_each(Case::drop_separators);
    cases
}

impl Case {
    /// The blank line before the next case belongs to no file.
    fn drop_separators(&mut self) {
        if let Some(last) = self.sections.last_mut()
            && last.lines.last().is_some_and(String::is_empty)
        {
            last.lines.pop();
        }
    }

    fn section(&self, kind: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// Words for the build command.
    pub fn flags(&self) -> Vec<&str> {
        self.section("flags").map_or_else(Vec::new, |section| section.rest.split_whitespace().collect())
    }

    /// The build has to fail.
    pub fn is_refused(&self) -> bool {
        self.section("refused").is_some()
    }

    /// The lines of `-- expect`.
    pub fn expected(&self) -> &[String] {
        self.section("expect").map_or(&[], |section| &section.lines)
    }

    /// The test of BuildKit that this case repeats.
    pub fn origin(&self) -> &str {
        self.section("test").map_or("", |section| &section.rest)
    }

    /// Make the context.
    pub fn lay_out(&self, context: &Path) {
        fs::create_dir_all(context).expect("a directory can be made");
        for section in &self.sections {
            section.lay_out(context);
        }
        // Last, since what is made inside needs the right to write.
        for section in self.sections.iter().filter(|section| section.kind == "dir") {
            let (path, options) = section.path();
            set_mode(&context.join(path), option(options, "mode").unwrap_or("0755"));
        }
    }
}

impl Section {
    fn lay_out(&self, context: &Path) {
        let (path, options) = self.path();
        let path = context.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("directories can be made");
        }
        let link_target = options.strip_prefix("-> ").unwrap_or_default();
        match self.kind.as_str() {
            "Dockerfile" => {
                fs::write(context.join("Dockerfile"), self.text(&self.rest)).expect("a file can be written");
            }
            "file" => self.lay_out_file(&path, options),
            "dir" => fs::create_dir_all(&path).expect("a directory can be made"),
            "symlink" => symlink(link_target, &path).expect("a link can be made"),
            "hardlink" => fs::hard_link(context.join(link_target), &path).expect("a link can be made"),
            "fifo" => rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0)
                .expect("a fifo can be made"),
            "tar" => fs::write(&path, archive::make(&self.lines, options)).expect("a file can be written"),
            "flags" | "refused" | "expect" | "test" => {}
            other => panic!("a case has no section '{other}'"),
        }
    }

    fn lay_out_file(&self, path: &Path, options: &str) {
        fs::write(path, self.text(options)).expect("a file can be written");
        if let Some((uid, gid)) = option(options, "owner").and_then(|text| text.split_once(':')) {
            let number = |text: &str| Some(text.parse().expect("an owner is a number"));
            std::os::unix::fs::chown(path, number(uid), number(gid)).expect("root can give files away");
        }
        if let Some((name, value)) = option(options, "xattr").and_then(|text| text.split_once(':')) {
            rustix::fs::setxattr(path, name, &unhex(value), XattrFlags::empty())
                .expect("attributes can be set");
        }
        set_mode(path, option(options, "mode").unwrap_or("0644"));
    }

    /// The path, and what stands behind it. A path may have blanks, so options are known words.
    fn path(&self) -> (&str, &str) {
        const OPTIONS: [&str; 12] = [
            " mode=", " owner=", " xattr=", " crlf", " empty", " hex", " -> ", " none", " gz", " bz2", " xz",
            " zst",
        ];
        let end = OPTIONS.iter().filter_map(|option| self.rest.find(option)).min();
        let (path, options) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        (path, options.trim_start())
    }

    /// The lines as a file's bytes.
    fn text(&self, options: &str) -> Vec<u8> {
        let has = |word: &str| options.split_whitespace().any(|option| option == word);
        if has("empty") {
            return Vec::new();
        }
        if has("hex") {
            return unhex(&self.lines.concat());
        }
        let end = if has("crlf") { "\r\n" } else { "\n" };
        let mut text = if has("bom") { "\u{feff}".to_string() } else { String::new() };
        text.push_str(&self.lines.join(end));
        if !has("unended") {
            text.push_str(end);
        }
        text.into_bytes()
    }
}

fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    options.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn set_mode(path: &Path, octal: &str) {
    let mode = u32::from_str_radix(octal, 8).expect("a mode is octal");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("modes can be set");
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}
