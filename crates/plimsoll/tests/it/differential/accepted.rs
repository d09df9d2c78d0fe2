//! Where plimsoll means to differ from docker 20.10's classic builder, and why.
//!
//! "spec" is the field's description of a builder (`spec/dockerfile.md`), its numbers are sections;
//! BuildKit stands for its sources of August 2026.

/// A difference that is meant.
pub struct Accepted {
    /// The cases that show it.
    pub cases: &'static [&'static str],
    /// Where the images differ.
    pub place: &'static str,
    /// Why, with the rule it follows.
    pub reason: &'static str,
}

const fn accept(cases: &'static [&'static str], place: &'static str, reason: &'static str) -> Accepted {
    Accepted { cases, place, reason }
}

const SET_ID: &str = "set-id bits of the context are kept (spec 1.6); docker loses them to its chown";
const ARCHIVE_OWNER: &str = "--chown holds for what is unpacked, too (BuildKit, solver/llbsolver/file/unpack_root.go mapArchiveHeaderOwner)";
const HARD_LINK: &str = "a second name changes nothing of the file, as in GNU tar (extract.c, extract_link); docker and BuildKit let the link's header win";
const LINK_IN_TREE: &str = "a link of the image that stands where the source has a directory is followed, as at the destination; docker replaces it, BuildKit refuses (fsutil copyDirectoryOnly)";
const LAST_DOT: &str = "a destination that ends in '/.' is a directory (BuildKit, system.NormalizePath keeps it); docker makes a file of that name";
const WORKDIR_OWNER: &str =
    "a directory made by WORKDIR belongs to USER (spec 1.2, convert.go dispatchWorkdir)";
const ARG_AFTER_ENV: &str =
    "an ARG after an ENV of the same name overrides it (spec 1.4, measured with BuildKit)";

/// All of them. One that no case shows any more is an error of this list.
pub const ACCEPTED: &[Accepted] = &[
    accept(
        &["copy-everything-from-scratch", "env-of-scratch", "stage-from-image", "stage-whole-root"],
        "config.WorkingDir",
        "BuildKit writes '/' for scratch (spec 1.3, rule 10), which is what an empty one means",
    ),
    accept(&["copy-setuid-setgid-sticky"], "/u", SET_ID),
    accept(&["copy-setuid-setgid-sticky"], "/g", SET_ID),
    accept(&["add-tar-chown"], "/u", ARCHIVE_OWNER),
    accept(&["add-tar-chown"], "/u/d", ARCHIVE_OWNER),
    accept(&["add-tar-chown"], "/u/d/f", ARCHIVE_OWNER),
    accept(&["add-tar-hard-link-with-other-attributes"], "/u/f", HARD_LINK),
    accept(&["add-tar-hard-link-with-other-attributes"], "/u/g", HARD_LINK),
    accept(&["arg-after-env"], "/v", ARG_AFTER_ENV),
    accept(&["arg-after-env"], "config.Labels", ARG_AFTER_ENV),
    accept(
        &["cmd-json-with-trailing-text"],
        "config.Cmd",
        "text after the closing bracket makes it shell form (spec 1.1); docker drops the text",
    ),
    accept(
        &["copy-chown-user-added-by-run"],
        "exit",
        "a user's group is the one of /etc/passwd (spec 1.6); docker wants a group of the same name",
    ),
    accept(&["copy-directory-over-link-in-tree"], "/elsewhere/f", LINK_IN_TREE),
    accept(&["copy-directory-over-link-in-tree"], "/t/sub", LINK_IN_TREE),
    accept(&["copy-directory-over-link-in-tree"], "/t/sub/f", LINK_IN_TREE),
    accept(
        &["copy-parent-stays-inside"],
        "exit",
        "'..' at the top of the context stays there (spec 1.6); docker forbids it",
    ),
    accept(
        &["copy-file-over-directory-in-tree", "copy-directory-over-file-in-tree"],
        "exit",
        "a file over a directory and the reverse are errors (spec 1.6, fsutil copy); docker replaces what is there",
    ),
    accept(&["copy-to-relative-destination"], "/w/d", LAST_DOT),
    accept(&["copy-to-relative-destination"], "/w/d/a.txt", LAST_DOT),
    accept(
        &["expansion-without-colon"],
        "exit",
        "${x-w} and ${x+w} are known (spec 1.4); docker 20.10 wants the colon",
    ),
    accept(
        &["onbuild-runs-in-child-once", "onbuild-sees-stage-before-instructions", "onbuild-stays-in-config"],
        "history",
        "ONBUILD leaves no line of history (spec 1.3, rule 9)",
    ),
    accept(
        &["refused-wildcard-without-match"],
        "exit",
        "a pattern that matches nothing is a warning (spec 1.6, BuildKit); docker refuses it",
    ),
    accept(
        &["volume-then-run"],
        "/data/f",
        "what a RUN writes below a VOLUME stays (spec 1.2); docker throws it away",
    ),
    accept(&["workdir-of-user"], "/home/app/new", WORKDIR_OWNER),
    accept(&["workdir-of-user"], "/home/app/new/deep", WORKDIR_OWNER),
];
