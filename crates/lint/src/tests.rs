use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

use plimsoll_contract::origin::ContextEntry;
use plimsoll_contract::{BaseImage, Question, from_dockerfile, from_image};
use plimsoll_model::{
    Because, Certainty, Diagnostic, FileTree, ImageConfig, MemoryTree, Platform, Reference, Severity, Source,
};

use super::*;

/// A small project: a Dockerfile, its context, a base image.
#[derive(Clone)]
struct Project {
    dockerfile: String,
    files: BTreeMap<String, (String, u32)>,
    base: ImageConfig,
    tree: Option<MemoryTree>,
}

const DASH: &[u8] = b"\x7fELF arithmetic expression: expecting primary";
const BUSYBOX: &[u8] = b"\x7fELF BusyBox v1.36 applet not found";

fn tree(shell: Option<&[u8]>) -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n");
    tree.file("/etc/group", "root:x:0:\nnode:x:1000:\n");
    tree.executable("/usr/bin/env", b"\x7fELF");
    if let Some(bytes) = shell {
        tree.executable("/bin/sh", bytes);
    }
    tree
}

/// `FROM base`, a Debian-like image, and these lines.
fn debian(lines: &str) -> Project {
    Project {
        dockerfile: format!("FROM base\n{lines}"),
        files: BTreeMap::new(),
        base: ImageConfig::default(),
        tree: Some(tree(Some(DASH))),
    }
}

/// A question whose bases are unknown and whose context is empty.
pub(crate) fn with_question<T>(ask: impl FnOnce(&Question<'_>) -> T) -> T {
    let amd64 = Platform::parse("linux/amd64").unwrap();
    ask(&Question::new(amd64, &|_| None, &|_| None))
}

/// The parser and the rules that tests of ignore comments and edits speak of, on a day of 2026.
pub(crate) fn examination<'e, 'q>(question: &'e Question<'q>) -> Examination<'e, 'q> {
    static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);
    static SELECTION: LazyLock<Selection> = LazyLock::new(|| {
        let only = ["PL0", "PL1", "PL4", "PL608", "PL8"].map(str::to_string);
        Selection::new(&only, &[], &[]).unwrap()
    });
    Examination {
        question,
        files: None,
        ignore: None,
        selection: &SELECTION,
        settings: &SETTINGS,
        today: Day::new(2026, 11, 28).unwrap(),
    }
}

impl Project {
    fn file(mut self, path: &str, text: &str, mode: u32) -> Self {
        self.files.insert(path.to_string(), (text.to_string(), mode));
        self
    }

    fn shell(mut self, bytes: Option<&[u8]>) -> Self {
        self.tree = Some(tree(bytes));
        self
    }

    fn base(mut self, change: impl FnOnce(&mut ImageConfig)) -> Self {
        change(&mut self.base);
        self
    }

    fn context(&self, path: &str) -> Option<ContextEntry> {
        if let Some((text, mode)) = self.files.get(path) {
            return Some(ContextEntry::File { bytes: text.clone().into_bytes(), mode: *mode });
        }
        let below = path.is_empty() || self.files.keys().any(|file| file.starts_with(&format!("{path}/")));
        below.then_some(ContextEntry::Directory)
    }

    fn findings(&self) -> Vec<Diagnostic> {
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", self.dockerfile.as_str()));
        let amd64 = Platform::parse("linux/amd64").unwrap();
        let base = |_: &Reference| {
            let tree = self.tree.clone().map(|tree| Rc::new(tree) as Rc<dyn FileTree>);
            Some(BaseImage { config: self.base.clone(), tree })
        };
        let context = |path: &str| self.context(path);
        let question = Question::new(amd64, &base, &context);
        let prediction = from_dockerfile(&parsed.dockerfile, &question).unwrap();
        let subject = Subject {
            contract: &prediction.contract,
            written: Some((&parsed.dockerfile, &prediction)),
            tree: None,
            context: &context,
        };
        let found = findings(&subject, |rule| rule.is_on);
        for label in found.iter().flat_map(|found| &found.labels) {
            assert!(label.span.end <= label.source.text().len(), "{label:?}");
        }
        found
    }

    /// Codes found, those that are true of nearly every small project left out.
    fn codes(&self) -> Vec<String> {
        let found = self.findings();
        found.into_iter().map(|found| found.code).filter(|code| code != "PL401").collect()
    }

    fn only(&self, code: &str) -> Diagnostic {
        let found = self.findings();
        let mut wanted = found.iter().filter(|found| found.code == code);
        let first =
            wanted.next().unwrap_or_else(|| panic!("no {code} in {:?}\n{}", self.codes(), self.dockerfile));
        assert!(wanted.next().is_none(), "{code} twice");
        first.clone()
    }

    /// The Dockerfile (or script) after the fix of the only finding with this code.
    fn fixed(&self, code: &str) -> String {
        let fix = self.only(code).fix.unwrap_or_else(|| panic!("{code} proposes nothing"));
        let mut text = fix.source.text().to_string();
        for edit in fix.edits.iter().rev() {
            text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
        }
        text
    }
}

/// The line of the main place.
fn line(found: &Diagnostic) -> usize {
    let label = found.place().unwrap();
    label.source.line(label.span.start)
}

#[track_caller]
fn quiet(project: &Project, code: &str) {
    let codes = project.codes();
    assert!(!codes.iter().any(|found| found == code), "{codes:?}\n{}", project.dockerfile);
}

#[test]
fn pl101_shell_form_entrypoint_takes_the_arguments() {
    let project = debian("ENTRYPOINT ./server --port 8080\nCMD [\"--log\", \"json\"]\n");
    let found = project.only("PL101");
    assert_eq!((found.severity, line(&found)), (Severity::Error, 3));
    assert_eq!(found.message, "arguments never reach ./server");
    assert!(found.labels.iter().any(|label| !label.primary && label.text.contains("\"/bin/sh\"")));
    let fixed = project.fixed("PL101");
    assert!(fixed.contains("ENTRYPOINT [\"./server\", \"--port\", \"8080\"]\nCMD"), "{fixed}");
    assert_eq!(debian("ENTRYPOINT ./server\n").only("PL101").severity, Severity::Warning);
    let fixed = debian("ENTRYPOINT ./server --port $PORT\n").fixed("PL101");
    assert!(fixed.contains(r#"["/bin/sh", "-c", "exec ./server --port $PORT \"$@\"", "--"]"#), "{fixed}");
    for fine in
        ["ENTRYPOINT [\"./server\"]\nCMD [\"x\"]\n", "CMD ./server\n", "ENTRYPOINT exec ./server \"$@\"\n"]
    {
        quiet(&debian(fine), "PL101");
    }
}

#[test]
fn pl102_shell_form_cmd_behind_an_exec_form_entrypoint() {
    let project = debian("ENTRYPOINT [\"python3\", \"app.py\"]\nCMD --x 80\n");
    // The parser takes this CMD for one with a flag: see PL124.
    assert!(project.codes().contains(&"PL124".to_string()));
    let project = debian("ENTRYPOINT [\"python3\", \"app.py\"]\nCMD serve -x 80\n");
    assert_eq!(line(&project.only("PL102")), 3);
    assert!(project.fixed("PL102").contains("CMD [\"serve\", \"-x\", \"80\"]"));
    let inherited = debian("CMD serve\n").base(|base| base.entrypoint = vec!["python3".into()]);
    inherited.only("PL102");
    debian("ENTRYPOINT [\"sh\", \"-c\"]\nCMD serve\n").only("PL102");
    for fine in [
        "ENTRYPOINT [\"tini\", \"--\"]\nCMD serve\n",
        "ENTRYPOINT [\"gosu\", \"app\"]\nCMD serve\n",
        "ENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD serve\n",
        "ENTRYPOINT [\"python3\"]\nCMD [\"serve\"]\n",
    ] {
        quiet(&debian(fine), "PL102");
    }
    let script = debian("COPY run /run\nENTRYPOINT [\"/run\"]\nCMD serve\n");
    quiet(&script.file("run", "#!/bin/sh\nexec \"$@\"\n", 0o755), "PL102");
}

#[test]
fn pl103_by_the_shell_the_image_has() {
    let line = "CMD server --port 8080\n";
    let found = debian(line).only("PL103");
    assert_eq!(found.certainty, Certainty::Certain);
    assert!(found.notes.iter().any(|note| note.contains("is dash")), "{found:?}");
    quiet(&debian(line).shell(Some(BUSYBOX)), "PL103");
    assert!(debian(line).fixed("PL103").contains("CMD exec server --port 8080\n"));
    assert!(debian("CMD cd /srv && server\n").fixed("PL103").contains("cd /srv && exec server"));
    let fixed = debian("CMD [\"sh\", \"-c\", \"server --port $PORT\"]\n").fixed("PL103");
    assert!(fixed.contains("[\"sh\", \"-c\", \"exec server --port $PORT\"]"), "{fixed}");
    debian("CMD server | tee log\n").shell(Some(BUSYBOX)).only("PL103");
    for fine in [
        "CMD exec server\n",
        "CMD [\"server\"]\n",
        "CMD [\"sh\", \"-c\", \"exec server\"]\n",
        "CMD trap 'kill 0' TERM; server & wait\n",
        "ENTRYPOINT [\"sh\", \"-c\", \"exec server \\\"$@\\\"\", \"--\"]\n",
    ] {
        quiet(&debian(fine), "PL103");
    }
    let mut unknown = debian(line);
    unknown.tree = None;
    let found = unknown.only("PL103");
    assert_eq!((found.severity, found.certainty), (Severity::Info, Certainty::Likely));
}

#[test]
fn pl103_is_not_guessed_when_something_may_replace_the_shell() {
    let replaced = debian("RUN ln -sf /bin/busybox /bin/sh\nCMD server\n");
    assert_eq!(replaced.only("PL103").severity, Severity::Info);
}

/// The shell is over, has nothing to start, or stands above an init.
#[test]
fn pl103_nothing_that_a_signal_could_miss() {
    for cmd in ["server &", "echo started", "tini -- server"] {
        quiet(&debian(&format!("CMD {cmd}\n")), "PL103");
    }
}

fn with_script(text: &str) -> Project {
    let lines = "COPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\nCMD [\"server\"]\n";
    debian(lines).file("entrypoint.sh", text, 0o755)
}

#[test]
fn pl104_script_that_does_not_become_the_program() {
    let project = with_script("#!/bin/sh\nset -e\nexport A=1\n\"$@\"\n");
    project.only("PL104");
    let project = with_script("#!/bin/sh\nset -e\nserver \"$@\"\n");
    let found = project.only("PL104");
    assert_eq!(found.place().unwrap().source.name(), "entrypoint.sh");
    assert_eq!(line(&found), 3);
    assert_eq!(project.fixed("PL104"), "#!/bin/sh\nset -e\nexec server \"$@\"\n");
    for fine in [
        "#!/bin/sh\nexec \"$@\"\n",
        "#!/bin/sh\ntrap 'kill $p' TERM\nserver & p=$!\nwait $p\n",
        "#!/bin/sh\nif [ \"$1\" = x ]; then exec x; fi\nexec \"$@\"\n",
        "#!/usr/bin/python3\nprint()\n",
        "#!/bin/sh\nif [ \"$1\" ]; then echo \"$1\"; fi\n",
    ] {
        quiet(&with_script(fine), "PL104");
    }
}

#[test]
fn pl105_script_that_never_uses_its_arguments() {
    let project = with_script("#!/bin/sh\nexec server --port 80\n");
    let found = project.only("PL105");
    assert_eq!((found.severity, line(&found)), (Severity::Warning, 4));
    for fine in ["#!/bin/sh\nexec \"$@\"\n", "#!/bin/sh\nexec server $1\n", "#!/bin/sh\n. /lib.sh\nserver\n"]
    {
        quiet(&with_script(fine), "PL105");
    }
}

#[test]
fn pl106_inherited_cmd_is_emptied() {
    let base = |base: &mut ImageConfig| {
        base.entrypoint = vec!["/base".into()];
        base.cmd = vec!["serve".into(), "-v".into()];
    };
    let project = debian("ENTRYPOINT [\"/mine\"]\n").base(base);
    let found = project.only("PL106");
    assert_eq!(line(&found), 2);
    assert!(project.fixed("PL106").contains("ENTRYPOINT [\"/mine\"]\nCMD [\"serve\", \"-v\"]\n"));
    let mut staged = debian("");
    staged.dockerfile = "FROM base AS a\nCMD [\"serve\"]\nFROM a\nENTRYPOINT [\"/mine\"]\n".into();
    let found = staged.only("PL106");
    assert!(found.labels.iter().any(|label| label.text == "this CMD is lost"));
    quiet(&debian("ENTRYPOINT [\"/mine\"]\nCMD [\"own\"]\n").base(base), "PL106");
    quiet(&debian("CMD [\"own\"]\nENTRYPOINT [\"/mine\"]\n").base(base), "PL106");
    quiet(&debian("ENTRYPOINT [\"/mine\"]\n").base(|base| base.cmd = vec!["bash".into()]), "PL106");
    quiet(&debian("ENTRYPOINT [\"/x/serve\"]\n").base(base), "PL106");
}

#[test]
fn pl107_program_twice() {
    let project = debian("ENTRYPOINT [\"python\"]\nCMD [\"python\", \"app.py\"]\n");
    assert!(project.only("PL107").message.contains("\"python\", \"python\""));
    assert!(project.fixed("PL107").contains("CMD [\"app.py\"]"));
    for fine in [
        "ENTRYPOINT [\"python\"]\nCMD [\"app.py\"]\n",
        "ENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD [\"python\"]\n",
        "ENTRYPOINT a\nCMD b\n",
    ] {
        quiet(&debian(fine), "PL107");
    }
}

#[test]
fn pl108_words_behind_sh_c() {
    let project = debian("ENTRYPOINT [\"sh\", \"-c\", \"server --port $PORT\"]\nCMD [\"-v\"]\n");
    assert_eq!(project.only("PL108").severity, Severity::Error);
    let fixed = project.fixed("PL108");
    assert!(fixed.contains(r#"["sh", "-c", "exec server --port $PORT \"$@\"", "--"]"#), "{fixed}");
    let project = debian("CMD [\"sh\", \"-c\", \"node\", \"server.js\"]\n");
    assert!(project.fixed("PL108").contains("[\"sh\", \"-c\", \"node server.js\"]"));
    for fine in [
        "CMD [\"sh\", \"-c\", \"exec server\"]\n",
        "ENTRYPOINT [\"sh\", \"-c\", \"exec server \\\"$@\\\"\", \"--\"]\nCMD [\"-v\"]\n",
        "ENTRYPOINT [\"sh\", \"-c\", \"exec server $0 $1\"]\nCMD [\"a\", \"b\"]\n",
    ] {
        quiet(&debian(fine), "PL108");
    }
}

#[test]
fn pl109_variable_without_a_shell() {
    let project = debian("ENV PORT=80\nCMD [\"server\", \"--port\", \"$PORT\"]\n");
    assert_eq!(project.only("PL109").certainty, Certainty::Certain);
    assert!(project.fixed("PL109").contains(r#"["/bin/sh", "-c", "exec server --port \"$PORT\""]"#));
    debian("ENTRYPOINT [\"server\", \"--port=${PORT}\"]\n").only("PL109");
    for fine in [
        "CMD [\"sh\", \"-c\", \"exec server $PORT\"]\n",
        "CMD server $PORT\n",
        "CMD [\"grep\", \"^a$\"]\n",
        "CMD [\"java\", \"-Dx=${server.port}\"]\n",
        "CMD [\"server\", \"$(PORT)\"]\n",
        "ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"server $PORT\"]\n",
    ] {
        quiet(&debian(fine), "PL109");
    }
}

#[test]
fn pl110_almost_json() {
    for (line, fixed) in [
        ("CMD ['httpd', '-f']", "CMD [\"httpd\", \"-f\"]"),
        ("CMD [\"httpd\", \"-f\",]", "CMD [\"httpd\", \"-f\"]"),
        ("ENTRYPOINT [httpd, -f]", "ENTRYPOINT [\"httpd\", \"-f\"]"),
    ] {
        let project = debian(&format!("{line}\n"));
        assert_eq!(line_of(&project, "PL110"), 2);
        assert!(project.fixed("PL110").contains(fixed), "{line}");
    }
    quiet(&debian("CMD [ -f /x ] && server\n"), "PL110");
    quiet(&debian("CMD [\"httpd\"]\n"), "PL110");
}

fn line_of(project: &Project, code: &str) -> usize {
    line(&project.only(code))
}

#[test]
fn pl112_whole_line_in_one_string() {
    let project = debian("CMD [\"node server.js\"]\n");
    assert!(project.fixed("PL112").contains("CMD [\"node\", \"server.js\"]"));
    debian("ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"node server.js\"]\n").only("PL112");
    quiet(&debian("CMD [\"node\", \"my server.js\"]\n"), "PL112");
    quiet(&debian("ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"node server.js\"]\n"), "PL112");
    quiet(&debian("ENTRYPOINT [\"echo\"]\nCMD [\"hello world\"]\n"), "PL112");
    let named = debian("COPY [\"app\", \"/my app\"]\nCMD [\"/my app\"]\n");
    quiet(&named.file("app", "\u{7f}ELF", 0o755), "PL112");
}

#[test]
fn pl113_shell_form_without_a_shell() {
    let mut scratch = debian("");
    scratch.dockerfile = "FROM scratch\nCOPY server /server\nCMD /server --port 80\n".into();
    let scratch = scratch.file("server", "\u{7f}ELF", 0o755);
    assert!(scratch.fixed("PL113").contains("CMD [\"/server\", \"--port\", \"80\"]"));
    debian("CMD server\n").shell(None).only("PL113");
    quiet(&debian("CMD server\n"), "PL113");
    quiet(&debian("CMD [\"server\"]\n").shell(None), "PL113");
    let mut rootfs = scratch.clone();
    rootfs.dockerfile = "FROM scratch\nADD rootfs.tar /\nCMD server\n".into();
    quiet(&rootfs, "PL113");
}

#[test]
fn pl114_scripts_the_kernel_cannot_start() {
    let crlf = with_script("#!/bin/sh\r\nexec \"$@\"\r\n");
    assert_eq!(crlf.fixed("PL114"), "#!/bin/sh\nexec \"$@\"\n");
    assert!(crlf.only("PL114").fix.unwrap().safe);
    assert!(with_script("exec \"$@\"\n").fixed("PL114").starts_with("#!/bin/sh\nexec"));
    assert!(with_script("\u{feff}#!/bin/sh\nexec \"$@\"\n").fixed("PL114").starts_with("#!/bin/sh"));
    assert!(with_script("\n#!/bin/sh\nexec \"$@\"\n").fixed("PL114").starts_with("#!/bin/sh"));
    let bash = with_script("#!/bin/bash\nexec \"$@\"\n");
    assert!(bash.only("PL114").message.contains("has no /bin/bash"));
    with_script("#!/usr/bin/env bash\nexec \"$@\"\n").only("PL114");
    quiet(&with_script("#!/usr/bin/env sh\nexec \"$@\"\n"), "PL114");
    assert!(with_script("#!/opt/env sh\nexec \"$@\"\n").only("PL114").message.contains("has no /opt/env"));
    let mut installed = bash.clone();
    installed.dockerfile = installed.dockerfile.replace("COPY", "RUN apk add bash\nCOPY");
    quiet(&installed, "PL114");
    let mut repaired = crlf.clone();
    repaired.dockerfile =
        repaired.dockerfile.replace("ENTRYPOINT", "RUN sed -i 's/\\r//' /entrypoint.sh\nENTRYPOINT");
    quiet(&repaired, "PL114");
    quiet(&with_script("#!/bin/sh\nexec \"$@\"\n"), "PL114");
}

#[test]
fn pl115_no_execute_bit() {
    let lines = "COPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n";
    let script = "#!/bin/sh\nexec \"$@\"\n";
    let project = debian(lines).file("entrypoint.sh", script, 0o644);
    assert_eq!(line_of(&project, "PL115"), 2);
    assert!(project.fixed("PL115").contains("COPY --chmod=0755 entrypoint.sh /"));
    let heredoc = "COPY <<EOF /run.sh\n#!/bin/sh\nexec x \"$@\"\nEOF\nENTRYPOINT [\"/run.sh\"]\n";
    debian(heredoc).only("PL115");
    debian("WORKDIR /app\nCOPY . .\nENTRYPOINT [\"./bin/run\"]\n")
        .file("bin/run", script, 0o644)
        .only("PL115");
    let staged = Project {
        dockerfile:
            "FROM base AS a\nCOPY run /out/run\nFROM base\nCOPY --from=a /out/ /usr/bin/\nCMD [\"run\"]\n"
                .into(),
        ..debian("").file("run", script, 0o644)
    };
    assert_eq!(line_of(&staged, "PL115"), 4);
    for fine in [
        "COPY --chmod=755 entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n",
        "COPY entrypoint.sh /\nRUN chmod +x /entrypoint.sh\nENTRYPOINT [\"/entrypoint.sh\"]\n",
        "COPY entrypoint.sh /\nENTRYPOINT [\"sh\", \"/entrypoint.sh\"]\n",
    ] {
        quiet(&debian(fine).file("entrypoint.sh", script, 0o644), "PL115");
    }
    quiet(&debian(lines).file("entrypoint.sh", script, 0o755), "PL115");
}

#[test]
fn pl117_only_the_last_one_counts() {
    let project = debian("CMD [\"a\"]\nCMD [\"b\"]\n");
    assert_eq!(line_of(&project, "PL117"), 2);
    assert_eq!(project.fixed("PL117"), "FROM base\nCMD [\"b\"]\n");
    let mut stages = debian("CMD [\"a\"]\n");
    stages.dockerfile += "FROM base\nCMD [\"b\"]\n";
    quiet(&stages, "PL117");
}

#[test]
fn pl119_background_jobs() {
    assert_eq!(debian("CMD worker & server\n").only("PL119").severity, Severity::Warning);
    assert_eq!(debian("CMD server &\n").only("PL119").severity, Severity::Error);
    with_script("#!/bin/sh\nworker &\nexec \"$@\"\n").only("PL119");
    quiet(&debian("CMD trap x TERM; server & wait\n"), "PL119");
    quiet(&debian("CMD a && b\n"), "PL119");
    quiet(&with_script("#!/bin/sh\nexec \"$@\"\n"), "PL119");
}

#[test]
fn pl120_programs_that_go_into_the_background() {
    for daemon in [
        "CMD service nginx start\n",
        "CMD [\"nginx\"]\n",
        "CMD [\"apachectl\", \"start\"]\n",
        "CMD [\"/usr/sbin/sshd\"]\n",
        "CMD [\"squid\"]\n",
        "CMD exec squid -f /x\n",
        "CMD [\"httpd\"]\n",
        "CMD [\"/bin/httpd\", \"-p\", \"8080\", \"-h\", \"/www\"]\n",
        "CMD busybox httpd -p 8080\n",
        "CMD migrate && service x start\n",
    ] {
        debian(daemon).only("PL120");
    }
    with_script("#!/bin/sh\nservice server start\n").only("PL120");
    for fine in [
        "CMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
        "CMD nginx -g 'daemon off;'\n",
        "CMD service nginx start && tail -f /var/log/x\n",
        "CMD [\"squid\", \"-NYC\"]\n",
        "CMD [\"apachectl\", \"-D\", \"FOREGROUND\"]\n",
        "CMD [\"sshd\", \"-D\"]\n",
        "RUN echo 'daemon off;' >> /etc/nginx/nginx.conf\nCMD [\"nginx\"]\n",
        "CMD [\"crond\", \"-f\"]\n",
        "CMD [\"httpd\", \"-f\", \"-p\", \"8080\"]\n",
        "CMD [\"busybox\", \"httpd\", \"-fvv\"]\n",
        "CMD [\"httpd\", \"-DFOREGROUND\"]\n",
    ] {
        quiet(&debian(fine), "PL120");
    }
    let configured = debian("COPY nginx.conf /etc/nginx/\nCMD [\"nginx\"]\n");
    quiet(&configured.file("nginx.conf", "user x;\ndaemon  off;\n", 0o644), "PL120");
}

#[test]
fn pl123_shell_too_late() {
    let late = debian("CMD server\nSHELL [\"/bin/bash\", \"-c\"]\n");
    assert_eq!(line_of(&late, "PL123"), 3);
    quiet(&debian("SHELL [\"/bin/bash\", \"-c\"]\nCMD server\n"), "PL123");
    quiet(&debian("CMD [\"server\"]\nSHELL [\"/bin/bash\", \"-c\"]\n"), "PL123");
}

#[test]
fn pl124_arguments_taken_for_flags() {
    let project = debian("ENTRYPOINT [\"/server\"]\nCMD --port 8080\n");
    assert!(project.fixed("PL124").contains("CMD [\"--port\", \"8080\"]\n"));
    quiet(&debian("CMD -p 80\n"), "PL124");
}

#[test]
fn pl126_relative_program() {
    let project = debian("WORKDIR /app\nCMD [\"./run\", \"-v\"]\n");
    assert!(project.fixed("PL126").contains("CMD [\"/app/run\", \"-v\"]"));
    quiet(&debian("CMD [\"/app/run\"]\n"), "PL126");
    quiet(&debian("CMD [\"run\"]\n"), "PL126");
    quiet(&debian("CMD ./run\n"), "PL126");
}

fn root(project: &Project) -> Option<Severity> {
    project.findings().into_iter().find(|found| found.code == "PL401").map(|found| found.severity)
}

#[test]
fn pl401_root() {
    assert_eq!(root(&debian("CMD [\"x\"]\n")), Some(Severity::Warning));
    assert_eq!(root(&debian("USER 0:5\nCMD [\"x\"]\n")), Some(Severity::Warning));
    assert_eq!(root(&debian("USER 5\nCMD [\"x\"]\n")), None);
    assert_eq!(root(&debian("USER node\nCMD [\"x\"]\n")), None);
    assert_eq!(root(&debian("CMD [\"x\"]\n").base(|base| base.user = "7".into())), None);
    let steps_down = with_script("#!/bin/sh\nexec gosu node \"$@\"\n");
    assert_eq!(root(&steps_down), Some(Severity::Info));
    let fixed = debian("EXPOSE 80\nENTRYPOINT [\"x\"]\nCMD [\"y\"]\n").fixed("PL401");
    assert!(fixed.contains("EXPOSE 80\nUSER 10001\nENTRYPOINT"), "{fixed}");
}

#[test]
fn pl402_names() {
    assert!(debian("USER node\nCMD [\"x\"]\n").fixed("PL402").contains("USER 1000\n"));
    assert!(debian("USER node:node\nCMD [\"x\"]\n").fixed("PL402").contains("USER 1000:1000\n"));
    let made = debian("RUN groupadd g && useradd -r -u 4711 app\nUSER app\nCMD [\"x\"]\n");
    assert!(made.fixed("PL402").contains("USER 4711\n"));
    assert!(debian("USER nobody-knows\n").only("PL402").fix.is_none());
    quiet(&debian("USER 1000\n"), "PL402");
    quiet(&debian("USER root\n"), "PL402");
}

#[test]
fn pl403_and_pl501() {
    debian("EXPOSE 80\nUSER 5\n").only("PL403");
    quiet(&debian("EXPOSE 8080\nUSER 5\n"), "PL403");
    quiet(&debian("EXPOSE 80\n"), "PL403");
    debian("HEALTHCHECK CMD true\n").only("PL501");
    quiet(&debian("HEALTHCHECK NONE\n"), "PL501");
}

#[test]
fn pl111_wrappers() {
    for wrapper in
        ["CMD [\"npm\", \"start\"]\n", "CMD exec make run\n", "ENTRYPOINT [\"yarn\"]\nCMD [\"start\"]\n"]
    {
        debian(wrapper).only("PL111");
    }
    with_script("#!/bin/sh\nexec npm start\n").only("PL111");
    quiet(&debian("CMD [\"node\", \"server.js\"]\n"), "PL111");
    quiet(&debian("ENTRYPOINT [\"make\"]\n"), "PL111");
}

#[test]
fn pl118_launch_stays_behind() {
    let lines = "FROM base AS build\nCMD [\"/app\"]\nFROM base\nCOPY --from=build /app /app\n";
    let project = Project { dockerfile: lines.into(), ..debian("") };
    assert_eq!(line_of(&project, "PL118"), 2);
    let own = Project { dockerfile: format!("{lines}CMD [\"/app\"]\n"), ..debian("") };
    quiet(&own, "PL118");
    let targets = "FROM base AS a\nCMD [\"/a\"]\nFROM base AS b\n";
    quiet(&Project { dockerfile: targets.into(), ..debian("") }, "PL118");
}

#[test]
fn pl121_and_pl122_stop_signals() {
    debian("STOPSIGNAL SIGKILL\n").only("PL121");
    quiet(&debian("STOPSIGNAL SIGINT\n"), "PL121");
    let nginx = "CMD [\"nginx\", \"-g\", \"daemon off;\"]\n";
    assert!(debian(nginx).fixed("PL122").contains("STOPSIGNAL SIGQUIT\nCMD"));
    quiet(&debian(&format!("STOPSIGNAL SIGTERM\n{nginx}")), "PL122");
    quiet(&debian("CMD [\"server\"]\n"), "PL122");
}

#[test]
fn pl125_init_below_a_shell() {
    assert!(debian("ENTRYPOINT tini -- server\n").fixed("PL125").contains("[\"tini\", \"--\", \"server\"]"));
    quiet(&debian("ENTRYPOINT tini -- server\n").shell(Some(BUSYBOX)), "PL125");
    quiet(&debian("ENTRYPOINT [\"tini\", \"--\", \"server\"]\n"), "PL125");
}

#[test]
fn pl127_to_pl131() {
    for (code, bad, good) in [
        ("PL127", "CMD [\"python\", \"manage.py\", \"runserver\"]\n", "CMD [\"gunicorn\", \"app\"]\n"),
        ("PL127", "CMD npm run dev\n", "CMD npm run start\n"),
        (
            "PL128",
            "CMD [\"server\", \"--host\", \"127.0.0.1\"]\n",
            "CMD [\"server\", \"--host\", \"0.0.0.0\"]\n",
        ),
        (
            "PL128",
            "CMD gunicorn --bind=localhost:80 app\n",
            "CMD gunicorn -b localhost:80 -b 0.0.0.0:80 app\n",
        ),
        (
            "PL128",
            "CMD gunicorn --bind=localhost:80 app\n",
            "CMD [\"client\", \"--server\", \"127.0.0.1\"]\n",
        ),
        (
            "PL129",
            "EXPOSE 3000\nCMD [\"server\", \"--port\", \"8080\"]\n",
            "EXPOSE 8080\nCMD [\"server\", \"--port=8080\"]\n",
        ),
        (
            "PL129",
            "EXPOSE 3000\nCMD [\"server\", \"--port\", \"8080\"]\n",
            "CMD [\"server\", \"--port=8080\"]\n",
        ),
        (
            "PL130",
            "CMD [\"python3\", \"app.py\"]\n",
            "ENV PYTHONUNBUFFERED=1\nCMD [\"python3\", \"app.py\"]\n",
        ),
        ("PL130", "CMD [\"python3\", \"app.py\"]\n", "CMD [\"python3\", \"-u\", \"app.py\"]\n"),
        (
            "PL131",
            "CMD python manage.py migrate && exec gunicorn app\n",
            "CMD [\"python\", \"manage.py\", \"migrate\"]\n",
        ),
        ("PL131", "CMD alembic upgrade head; uvicorn app\n", "CMD echo migrate; uvicorn app\n"),
    ] {
        debian(bad).only(code);
        quiet(&debian(good), code);
    }
}

#[test]
fn pl132_nothing_to_run() {
    debian("").only("PL132");
    quiet(&debian("CMD [\"x\"]\n"), "PL132");
    quiet(&debian("").base(|base| base.cmd = vec!["sh".into()]), "PL132");
}

#[test]
fn pl116_program_not_in_the_image() {
    let contract_of = |word: &str| {
        let config =
            ImageConfig { cmd: vec![word.into()], working_dir: "/srv".into(), ..ImageConfig::default() };
        from_image(&config, None, Because::ImageConfig)
    };
    let mut tree = tree(Some(DASH));
    tree.executable("/usr/bin/server", b"x");
    tree.executable("/srv/app", b"x");
    let found = |word: &str| {
        let contract = contract_of(word);
        let subject = Subject { contract: &contract, written: None, tree: Some(&tree), context: &|_| None };
        findings(&subject, |rule| rule.is_on).iter().any(|found| found.code == "PL116")
    };
    for (word, missing) in [
        ("server", false),
        ("./app", false),
        ("/usr/bin/server", false),
        ("app", true),
        ("/srv", true),
        ("/no", true),
    ] {
        assert_eq!(found(word), missing, "{word}");
    }
}

#[test]
fn pl116_of_a_dockerfile_only_where_nothing_can_bring_the_file() {
    let sure = debian("CMD [\"servr\"]\n").only("PL116");
    assert_eq!((sure.severity, sure.certainty, line(&sure)), (Severity::Error, Certainty::Certain, 2));
    let copied =
        |lines: &str| debian(lines).file("app", "\u{7f}ELF", 0o755).file("dir/x", "\u{7f}ELF", 0o755);
    let likely = copied("COPY app /usr/bin/\nCMD [\"servr\"]\n").only("PL116");
    assert_eq!(likely.certainty, Certainty::Likely);
    for fine in [
        "CMD servr\n",
        "RUN install-it\nCMD [\"servr\"]\n",
        "COPY app /usr/bin/\nCMD [\"app\"]\n",
        "COPY dir /opt\nCMD [\"/opt/x\"]\n",
        "COPY absent /usr/bin/\nCMD [\"servr\"]\n",
        "COPY a* /usr/bin/\nCMD [\"servr\"]\n",
        "COPY --from=other /x /usr/bin/\nCMD [\"servr\"]\n",
        "ADD app /usr/bin/\nCMD [\"servr\"]\n",
        "VOLUME /config\nCMD [\"/config/run\"]\n",
        "CMD [\"/proc/self/exe\"]\n",
    ] {
        quiet(&copied(fine), "PL116");
    }
    let unknown = Project { tree: None, ..debian("CMD [\"servr\"]\n") };
    quiet(&unknown, "PL116");
    let scratch = Project { dockerfile: "FROM scratch\nCMD [\"/app\"]\n".to_string(), ..debian("") };
    assert_eq!(scratch.only("PL116").certainty, Certainty::Certain);
}

#[test]
fn a_prediction_is_confirmed_by_the_finished_image() {
    let project = with_script("#!/bin/sh\nexec \"$@\"\n");
    let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", project.dockerfile.as_str()));
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let context = |path: &str| project.context(path);
    let base = |_: &Reference| Some(BaseImage { config: ImageConfig::default(), tree: None });
    let question = Question::new(amd64, &base, &context);
    let mut prediction = from_dockerfile(&parsed.dockerfile, &question).unwrap();
    let mut built = tree(Some(DASH));
    built.executable("/entrypoint.sh", b"#!/bin/sh\nexec \"$@\"\n");
    let of_image = from_image(&prediction.config, Some(&built), Because::ImageConfig);
    assert_eq!(prediction.contract.differences(&of_image), Vec::<String>::new());
    prediction.confirm(&built);
    assert_eq!(prediction.contract.shell, plimsoll_contract::ShellKind::Dash);
    assert_eq!(prediction.contract.script.as_ref().unwrap().source.name(), "entrypoint.sh");
    built.executable("/entrypoint.sh", b"#!/bin/sh\nother\n");
    prediction.confirm(&built);
    assert_eq!(prediction.contract.script.as_ref().unwrap().source.name(), "/entrypoint.sh");
    assert_eq!(prediction.contract.differences(&of_image), ["the entrypoint script"]);
    let mut other = of_image.clone();
    other.user.value = "5".into();
    assert_eq!(other.differences(&of_image), ["USER"]);
}

#[test]
fn an_image_without_a_dockerfile() {
    let config = ImageConfig {
        entrypoint: vec!["/bin/sh".into(), "-c".into(), "server".into()],
        cmd: vec!["-v".into()],
        ..ImageConfig::default()
    };
    let tree = tree(Some(DASH));
    let contract = from_image(&config, Some(&tree), Because::ImageConfig);
    let subject = Subject { contract: &contract, written: None, tree: Some(&tree), context: &|_| None };
    let codes: Vec<String> =
        findings(&subject, |rule| rule.is_on).into_iter().map(|found| found.code).collect();
    assert_eq!(codes, ["PL101", "PL103", "PL401"]);
}

#[test]
fn pl502_health_check_without_its_tool() {
    let check = "HEALTHCHECK CMD curl -f http://localhost/ || exit 1\n";
    assert_eq!(line(&debian(check).only("PL502")), 2);
    debian("HEALTHCHECK CMD [\"wget\", \"-q\", \"x\"]\n").only("PL502");
    quiet(&debian(&format!("RUN apt-get install -y curl\n{check}")), "PL502");
    quiet(&debian(&format!("COPY --from=other /bin/curl /bin/\n{check}")), "PL502");
    quiet(&debian("HEALTHCHECK CMD server --check\n"), "PL502");
    let mut with_curl = tree(Some(DASH));
    with_curl.executable("/usr/bin/curl", b"x");
    quiet(&Project { tree: Some(with_curl), ..debian(check) }, "PL502");
    quiet(&Project { tree: None, ..debian(check) }, "PL502");
}

#[test]
fn pl503_references_that_only_kubernetes_expands() {
    let found = debian("CMD [\"server\", \"--port=$(PORT)\"]\n").only("PL503");
    assert_eq!(found.message, "$(PORT) is expanded by Kubernetes and by nothing else");
    for fine in [
        "CMD server $(date)\n",
        "CMD [\"server\", \"$$(PORT)\"]\n",
        "CMD [\"sh\", \"-c\", \"$(date +%s)\"]\n",
    ] {
        quiet(&debian(fine), "PL503");
    }
}

#[test]
fn pl504_volumes_that_kubernetes_does_not_make() {
    let found = debian("VOLUME /data /log\nCMD [\"server\"]\n").only("PL504");
    assert_eq!((line(&found), found.message.as_str()), (2, "Kubernetes makes no volume for /data, /log"));
    quiet(&debian("CMD [\"server\"]\n"), "PL504");
}

#[test]
fn every_rule_has_a_manual_and_is_found_by_name() {
    for found in RULES {
        let manual = found.manual();
        assert!(
            found.comment.starts_with(&format!("//! # {} {}\n//!\n", found.code, found.name)),
            "{}",
            found.code
        );
        assert!(manual.len() > 100, "{}", found.code);
        assert_eq!(rule(found.name).unwrap().code, found.code);
    }
    let mut codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
    codes.dedup();
    assert_eq!(codes.len(), RULES.len());
    assert!(codes.is_sorted());
}

#[test]
fn nothing_is_said_about_a_good_project() {
    let lines = "WORKDIR /srv\nCOPY --chmod=0755 entrypoint.sh /\nENV PORT=8080\nEXPOSE 8080\nUSER 10001:10001\n\
        STOPSIGNAL SIGTERM\nENTRYPOINT [\"/entrypoint.sh\"]\nCMD [\"/srv/server\", \"--port\", \"8080\"]\n";
    let project = debian(lines).file("entrypoint.sh", "#!/bin/sh\nset -e\nexec \"$@\"\n", 0o644);
    assert_eq!(project.findings(), []);
}

#[test]
fn stages_that_copy_from_each_other_in_many_ways_end_soon() {
    let mut text = "FROM scratch AS s0\nCOPY x /x\n".to_string();
    for stage in 1..60 {
        let copy = format!("COPY --from=s{} / /\n", stage - 1);
        text += &format!("FROM scratch AS s{stage}\n{}", copy.repeat(8));
    }
    let project = Project { dockerfile: text + "ENTRYPOINT [\"/y/z.sh\"]\n", ..debian("") };
    assert!(project.codes().is_empty());
}
