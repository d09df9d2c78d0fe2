use std::collections::BTreeMap;

use plimsoll_contract::{BaseImage, Question};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_model::{Certainty, Diagnostic, ImageConfig, Platform, Reference, Source};

use crate::{Build, CheckComments, build_findings};

/// A Dockerfile with what a build of it knows.
#[derive(Clone, Default)]
struct Case {
    text: String,
    ignore: Option<&'static str>,
    build_args: BTreeMap<String, String>,
    base: Option<ImageConfig>,
}

/// A Dockerfile on an image at hand that sets nothing.
fn case(text: &str) -> Case {
    Case { text: text.to_string(), base: Some(ImageConfig::default()), ..Case::default() }
}

impl Case {
    fn ignore(mut self, text: &'static str) -> Self {
        self.ignore = Some(text);
        self
    }

    fn argument(mut self, name: &str, value: &str) -> Self {
        self.build_args.insert(name.to_string(), value.to_string());
        self
    }

    /// All findings that BuildKit would show.
    fn findings(&self) -> Vec<Diagnostic> {
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", self.text.as_str()));
        let amd64 = Platform::parse("linux/amd64").unwrap();
        let base = |_: &Reference| Some(BaseImage { config: self.base.clone()?, tree: None });
        let question =
            Question { build_args: self.build_args.clone(), ..Question::new(amd64, &base, &|_| None) };
        let ignore = self.ignore.map(|text| Ignore::parse(&Source::new(".dockerignore", text)));
        let build = Build { parsed: &parsed, question: &question, ignore: ignore.as_ref() };
        let Ok(comments) = CheckComments::of(&parsed.dockerfile) else { return Vec::new() };
        build_findings(&build, |_| true).into_iter().filter(|found| comments.allow(found)).collect()
    }

    /// `line name` of every finding, by line.
    fn found(&self) -> Vec<String> {
        let mut found: Vec<(usize, String)> =
            self.findings().iter().map(|found| (line(found), found.name.clone())).collect();
        found.sort();
        found.iter().map(|(line, name)| format!("{line} {name}")).collect()
    }

    /// The file with the fix of its first finding of this name.
    fn fixed(&self, name: &str) -> String {
        let found = self.findings().into_iter().find(|found| found.name == name).unwrap();
        let mut text = self.text.clone();
        for edit in found.fix.unwrap().edits.iter().rev() {
            text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
        }
        text
    }

    /// The only finding.
    fn only(&self) -> Diagnostic {
        let found = self.findings();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }
}

fn line(found: &Diagnostic) -> usize {
    let label = found.place().unwrap();
    label.source.line(label.span.start)
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    assert_eq!(case(text).found(), expected, "{text}");
}

#[test]
fn stage_names_and_the_case_of_as() {
    finds("FROM scratch AS BadName\n", &["1 StageNameCasing"]);
    finds("FROM scratch as a\nFROM scratch AS b\n", &["1 FromAsCasing"]);
    finds("from scratch AS a\nfrom scratch as b\n", &["1 FromAsCasing"]);
    finds("FROM scratch As a\n", &["1 FromAsCasing"]);
    finds("from scratch as good\n", &[]);
    assert_eq!(case("FROM x AS Ab\n").fixed("StageNameCasing"), "FROM x AS ab\n");
    assert_eq!(case("FROM x as ab\n").fixed("FromAsCasing"), "FROM x AS ab\n");
    // What cannot be read is looked at all the same; a FROM in mixed case has no case to match.
    finds("FROM {{ x }} b\n", &["1 FromAsCasing"]);
    finds("From scratch as a\nFROM x\n", &["1 ConsistentInstructionCasing"]);
}

#[test]
fn empty_lines_in_continued_instructions() {
    finds("FROM scratch\nCOPY Dockerfile \\\n\n.\nCOPY a \\\n.\n", &["4 NoEmptyContinuation"]);
    finds("FROM scratch\nRUN a \\\n# why\n\n \n b \\\n c\nRUN d\n", &["7 NoEmptyContinuation"]);
    finds("FROM scratch\nRUN a \\\n# why\n b\n\nRUN d\n", &[]);
    let two = case("FROM scratch\nRUN a \\\n\n b \\\n\n c\nRUN d \\\n\n e\n");
    assert_eq!(two.found(), ["6 NoEmptyContinuation", "9 NoEmptyContinuation"]);
    assert_eq!(two.fixed("NoEmptyContinuation"), "FROM scratch\nRUN a \\\n b \\\n c\nRUN d \\\n\n e\n");
    finds("FROM scratch\nRUN <<EOF \\\n\n x\na\nEOF\n", &["4 NoEmptyContinuation"]);
}

#[test]
fn instructions_in_the_case_of_most() {
    finds("FROM scratch\ncopy a /\nCOPY b /\n", &["2 ConsistentInstructionCasing"]);
    finds("from scratch\nCOPY a /\ncopy b /\n", &["2 ConsistentInstructionCasing"]);
    finds("FROM scratch\ncopy a /\n", &["2 ConsistentInstructionCasing"]);
    finds("FROM scratch\nCoPy a /\n", &["2 ConsistentInstructionCasing"]);
    finds("from scratch\ncopy a /\n", &[]);
    // Global ARGs do not count.
    finds("arg a\nFROM scratch\n", &[]);
    finds("FROM alpine\nRUN <<'EOT'\nenv\nEOT\n", &[]);
    let mixed = case("From scratch as a\nFROM x AS b\n");
    assert_eq!(mixed.fixed("ConsistentInstructionCasing"), "FROM scratch AS a\nFROM x AS b\n");
}

#[test]
fn stage_names_that_mean_something_else() {
    finds("FROM scratch AS b\nFROM scratch AS b\n", &["2 DuplicateStageName"]);
    finds("FROM scratch AS b\nFROM scratch AS B\n", &["2 DuplicateStageName", "2 StageNameCasing"]);
    finds("FROM scratch AS b1\nFROM scratch AS b2\n", &[]);
    finds(
        "FROM scratch AS scratch\nFROM scratch AS context\n",
        &["1 ReservedStageName", "2 ReservedStageName"],
    );
    finds("FROM scratch\nFROM scratch AS a\n", &[]);
    let twice = case("FROM x AS b\nFROM y AS b\nFROM b\nCOPY --from=b /a /\nCOPY --from=c /b /\n");
    let renamed = "FROM x AS b\nFROM y AS b-2\nFROM b-2\nCOPY --from=b-2 /a /\nCOPY --from=c /b /\n";
    assert_eq!(twice.fixed("DuplicateStageName"), renamed);
}

#[test]
fn shell_form_without_a_shell() {
    finds("FROM scratch\nCMD mycommand\n", &["2 JSONArgsRecommended"]);
    finds("FROM scratch\nENTRYPOINT mycommand\n", &["2 JSONArgsRecommended"]);
    finds("FROM scratch\nCMD ['a']\n", &["2 JSONArgsRecommended"]);
    finds("FROM scratch\nCMD [\"mycommand\"]\nRUN x\nHEALTHCHECK CMD x\n", &[]);
    finds("FROM scratch\nSHELL [\"/bin/bash\", \"-c\"]\nCMD a\nENTRYPOINT b\n", &[]);
    finds("FROM scratch AS base\nSHELL [\"/x\"]\nFROM base\nCMD mycommand\n", &[]);
    let shell = ImageConfig { shell: vec!["/bin/bash".to_string()], ..ImageConfig::default() };
    assert_eq!(Case { base: Some(shell), ..case("FROM x\nCMD a\n") }.found(), [""; 0]);
    assert!(case("FROM x\nCMD a -b\n").fixed("JSONArgsRecommended").contains("CMD [\"a\", \"-b\"]"));
}

#[test]
fn maintainer() {
    finds("FROM scratch\nMAINTAINER me@example.org\n", &["2 MaintainerDeprecated"]);
    finds("FROM scratch\nLABEL org.opencontainers.image.authors=\"me@example.org\"\n", &[]);
    let fixed = case("FROM x\nMAINTAINER A \"B\" C\n").fixed("MaintainerDeprecated");
    assert_eq!(fixed, "FROM x\nLABEL org.opencontainers.image.authors=\"A \\\"B\\\" C\"\n");
}

#[test]
fn an_error_ends_the_way() {
    // Read until the instruction that is refused; stages are not evaluated then.
    let text = "FROM scratch AS BadName\nMAINTAINER me\nENV a b\nBADCMD\nMAINTAINER you\n";
    finds(text, &["1 StageNameCasing", "2 MaintainerDeprecated"]);
    // An error in the lines leaves nothing.
    finds("FROM scratch AS BadName\nENV a\n", &[]);
    finds("# check=nothing\nFROM scratch AS BadName\n", &[]);
    // An error in a stage ends its evaluation, and that of all others.
    finds(
        "FROM scratch\nENV a b\nUSER ${x:?no}\nENV c d\nFROM scratch\nENV e f\n",
        &["2 LegacyKeyValueFormat", "3 UndefinedVar"],
    );
    finds("FROM scratch\nENV a b\nSTOPSIGNAL none\nENV c d\n", &["2 LegacyKeyValueFormat"]);
    finds("FROM scratch\nENV a b\nCOPY --from=$x a /\n", &[]);
    finds(
        "FROM scratch\nENV a b\nCOPY --from=later a /\nENV c d\nFROM scratch AS later\n",
        &["2 LegacyKeyValueFormat"],
    );
    finds("FROM scratch AS me\nENV a b\nCOPY --from=me a /\n", &[]);
    finds("FROM scratch AS Up\nENV a b\nFROM Up\n", &["1 StageNameCasing", "3 InvalidDefaultArgInFrom"]);
    finds("", &[]);
}

#[test]
fn variables_in_from() {
    finds("ARG base=scratch\nFROM $base\n", &[]);
    finds("FROM --platform=$BUILDPLATFORM scratch\n", &[]);
    finds("FROM --platform=$BULIDPLATFORM scratch\n", &["1 UndefinedArgInFrom"]);
    let misspelt = case("ARG tag=latest\nFROM busybox:${tag}${version} AS b\nENV a b\n");
    assert_eq!(misspelt.found(), ["2 UndefinedArgInFrom", "3 LegacyKeyValueFormat"]);
    let meant = case("ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} busybox\nENV a b\n");
    assert_eq!(meant.only().notes, ["did you mean $MY_ARCH?"]);
    assert!(meant.fixed("UndefinedArgInFrom").contains("linux/${MY_ARCH} busybox"));
    // Declared without a value: it is not undefined, but no name.
    finds("ARG IMAGE\nFROM $IMAGE\n", &["2 InvalidDefaultArgInFrom"]);
}

#[test]
fn bases_without_a_valid_default() {
    let version = case("ARG VERSION\nFROM busybox:$VERSION\n").argument("VERSION", "latest");
    assert_eq!(version.found(), ["2 InvalidDefaultArgInFrom"]);
    let suffix = case("ARG SFX=\"box:\"\nFROM busy${SFX}\n").argument("SFX", "box:latest");
    assert_eq!(suffix.found(), ["2 InvalidDefaultArgInFrom"]);
    finds("ARG VERSION=\"latest\"\nFROM busybox:${VERSION}\n", &[]);
    finds("ARG V=\"\"\nFROM busybox:stable${V}\n", &[]);
    finds("ARG V\nFROM busybox:stable${V}\n", &[]);
    let id = "0123456789abcdef".repeat(4);
    finds(&format!("FROM {id}\n"), &["1 InvalidDefaultArgInFrom"]);
}

#[test]
fn relative_workdirs() {
    finds("FROM scratch\nWORKDIR app/\nWORKDIR more\n", &["2 WorkdirRelativePath"]);
    finds("FROM scratch AS a\nWORKDIR /app\nFROM a AS b\nWORKDIR sub/\n", &[]);
    finds("FROM scratch\nENV D=/x\nWORKDIR $D/y\n", &[]);
    finds("FROM scratch\nWORKDIR C:/go\n", &["2 WorkdirRelativePath"]);
    finds("FROM --platform=windows/amd64 x AS windows\nWORKDIR C:/go\nFROM windows\nWORKDIR \\a\n", &[]);
    assert!(case("FROM x\nWORKDIR app\n").fixed("WorkdirRelativePath").ends_with("WORKDIR /app\n"));
    let below = ImageConfig { working_dir: "/srv".to_string(), ..ImageConfig::default() };
    let known = Case { base: Some(below), ..case("FROM x\nWORKDIR app\n") };
    assert!(known.only().fix.unwrap().safe && known.fixed("WorkdirRelativePath").ends_with("/srv/app\n"));
    assert!(!Case { base: None, ..known }.only().fix.unwrap().safe);
}

#[test]
fn undefined_variables() {
    finds("FROM scratch\nARG foo\nCOPY Dockerfile${foo} .\n", &[]);
    finds("FROM alpine AS base\nARG foo=Dockerfile\nFROM base\nCOPY $foo .\n", &[]);
    finds("FROM alpine\nRUN echo $PATH $x\nCMD [\"$x\"]\nEXPOSE $x 80\nHEALTHCHECK CMD [\"$x\"]\n", &[]);
    finds("FROM alpine\nCOPY $foo .\nARG foo=bar\nRUN echo $foo\n", &["2 UndefinedVar"]);
    finds(
        "FROM scratch AS a\nCOPY $foo .\nFROM scratch AS b\nCOPY $bar .\n",
        &["2 UndefinedVar", "4 UndefinedVar"],
    );
    let meant = case("FROM alpine\nARG DIR_ASSETS=assets/\nCOPY ${DIR_ASSET:-x} $DIR_ASSETS2 .\n");
    assert_eq!(meant.found(), ["3 UndefinedVar", "3 UndefinedVar"]);
    assert!(meant.fixed("UndefinedVar").contains("COPY ${DIR_ASSETS:-x} $DIR_ASSETS2 ."));
    finds("FROM alpine\nENV PATH=$PAHT:/tmp/bin\n", &["2 UndefinedVar"]);
    // A name counts once in each text; quotes and escapes hide it.
    finds("FROM x\nENV a=$y$y b=$y c='$y' d=\\$y\n", &["2 UndefinedVar", "2 UndefinedVar"]);
    // A line sees what stood before it; ARG sees its own line.
    finds("FROM x\nENV a=1 b=$a\n", &["2 UndefinedVar"]);
    finds("FROM x\nARG a=1 b=$a\n", &[]);
    finds("FROM x\nRUN --mount=type=cache,target=/$y true\n", &["2 UndefinedVar"]);
    finds("FROM x\nCOPY <<A <<'B' /\n$y\nA\n$y\nB\n", &["2 UndefinedVar"]);
    finds("FROM x\nLABEL a=$BUILDKIT_SBOM_SCAN_STAGE\n", &[]);
    assert_eq!(case("FROM x\nARG a=$y\n").argument("a", "1").found(), [""; 0]);
    // Triggers of the base are reported at FROM.
    let trigger = ImageConfig { on_build: vec!["USER $y".to_string()], ..ImageConfig::default() };
    assert_eq!(Case { base: Some(trigger), ..case("FROM x\n") }.found(), ["1 UndefinedVar"]);
    finds("FROM x AS a\nONBUILD USER $y\nFROM a\nUSER 1\n", &["3 UndefinedVar"]);
    let global = case("ARG V=1\nFROM x\nUSER $V\n").only();
    assert_eq!(global.notes, ["the ARG above FROM counts only after ARG V in this stage"]);
    assert_eq!(global.certainty, Certainty::Certain);
    // A base that is not at hand may set anything but what is surely meant otherwise.
    let unknown = |text: &str| Case { base: None, ..case(text) };
    assert_eq!(unknown("FROM x\nUSER $V\n").found(), [""; 0]);
    for meant in ["ARG V=1\nFROM x\nUSER $V\n", "FROM x\nARG VERSION=1\nUSER $VERSIONS\n"] {
        assert_eq!(unknown(meant).only().certainty, Certainty::Likely);
    }
}

#[test]
fn instructions_that_count_once() {
    let text = "FROM scratch\nENTRYPOINT [\"/a\"]\nCMD [\"/a\"]\nHEALTHCHECK CMD [\"/a\"]\nCOPY <<EOF /a.txt\nHello\nEOF\n\
        ENTRYPOINT [\"/b\"]\nCMD [\"/b\"]\nHEALTHCHECK NONE\n";
    let found = [2, 3, 4].map(|line| format!("{line} MultipleInstructionsDisallowed"));
    assert_eq!(case(text).found(), found);
    finds(
        "FROM scratch AS a\nENTRYPOINT [\"/a\"]\nCMD [\"/a\"]\nFROM a\nENTRYPOINT [\"/b\"]\nCMD [\"/b\"]\n",
        &[],
    );
    let twice = case("FROM x\n  CMD [\"a\"]\nRUN y\nCMD [\"b\"]\n");
    assert_eq!(twice.fixed("MultipleInstructionsDisallowed"), "FROM x\nRUN y\nCMD [\"b\"]\n");
}

#[test]
fn the_old_form_of_env() {
    finds(
        "FROM scratch\nENV testkey value\nLABEL key value\n",
        &["2 LegacyKeyValueFormat", "3 LegacyKeyValueFormat"],
    );
    finds("FROM scratch\nENV testkey=value\nLABEL key=value\n", &[]);
    finds("FROM scratch AS a\nFROM a AS b\nENV testkey value\nFROM a AS c\n", &["3 LegacyKeyValueFormat"]);
    for (old, new) in [
        ("ENV a b", "ENV a=b"),
        ("ENV a   $x:/b", "ENV a=$x:/b"),
        ("ENV a \"b c\"", "ENV a=\"b c\""),
        ("LABEL a b  c=d", "LABEL a=\"b  c=d\""),
        ("ENV a b \\\n  # why\n  c", "ENV a=\"b \\\n  # why\n  c\""),
        ("ENV a \\\n  b", "ENV a=b"),
    ] {
        let fixed = case(&format!("FROM x\nARG x\n{old}\n")).fixed("LegacyKeyValueFormat");
        assert_eq!(fixed, format!("FROM x\nARG x\n{new}\n"));
    }
    for unclear in ["ENV a b \"c\"", "ENV a b\\ c d", "ENV a \\\n# why\n b"] {
        assert!(case(&format!("FROM x\n{unclear}\n")).only().fix.is_none(), "{unclear}");
    }
}

#[test]
fn platforms_of_from() {
    finds("FROM --platform=$TARGETPLATFORM scratch\n", &["1 RedundantTargetPlatform"]);
    let braces = case("FROM --platform=${TARGETPLATFORM} scratch AS a\n");
    assert_eq!(braces.found(), ["1 RedundantTargetPlatform"]);
    assert_eq!(braces.fixed("RedundantTargetPlatform"), "FROM scratch AS a\n");
    finds("ARG X=linux/amd64\nFROM --platform=$X scratch\n", &[]);
    finds("FROM --platform=linux/amd64 scratch\n", &["1 FromPlatformFlagConstDisallowed"]);
    finds("FROM --platform=amd64 scratch\n", &["1 FromPlatformFlagConstDisallowed"]);
    finds("FROM --platform=linux/amd64 scratch AS my_amd64_stage\n", &[]);
    finds("FROM --platform=linux/amd64 scratch AS linux\n", &[]);
    let platform = Platform::parse("linux/arm64");
    let arm = Case { base: Some(ImageConfig { platform, ..ImageConfig::default() }), ..case("FROM x\n") };
    assert_eq!(arm.found(), ["1 InvalidBaseImagePlatform"]);
    let arm_wanted = Case { text: "FROM --platform=linux/arm64 x AS arm64\n".to_string(), ..arm };
    assert_eq!(arm_wanted.found(), [""; 0]);
}

#[test]
fn names_that_mean_secrets() {
    let text = "FROM scratch\nARG SECRET_PASSPHRASE\nENV SUPER_Secret=foo\nENV password=bar secret=baz\n\
        ARG super_duper_secret_token=foo auth=bar\nENV apikey=bar sunflower=foo\nENV git_key=\n";
    let lines = [2, 3, 4, 4, 5, 5, 6, 7].map(|line| format!("{line} SecretsUsedInArgOrEnv"));
    assert_eq!(case(text).found(), lines);
    finds("ARG TOKEN\nFROM scratch\nENV TOKEN_FILE=/run/x PUBLIC_KEY=a KEYS=b\n", &[]);
}

#[test]
fn copies_of_ignored_files() {
    let text = "FROM scratch\nCOPY Dockerfile .\nADD Dockerfile /windy\n";
    let both = ["2 CopyIgnoredFile", "3 CopyIgnoredFile"];
    assert_eq!(case(text).ignore("Dockerfile\n").found(), both);
    assert_eq!(case(text).ignore("*\n").found(), both);
    assert_eq!(case(text).ignore("*\n!src\n").found(), both);
    for fine in ["", "foobar\n", "Dockerfile\n!Dockerfile\n", "*\n!*file\n"] {
        assert_eq!(case(text).ignore(fine).found(), [""; 0], "{fine}");
    }
    assert_eq!(case("FROM x\nCOPY src/a.c /\n").ignore("src\n").found(), ["2 CopyIgnoredFile"]);
    assert_eq!(case("FROM x\nCOPY src /\n").ignore("src\n!src/a.c\n").found(), [""; 0]);
    assert_eq!(case("FROM x\nCOPY . /\nCOPY src/../ /\n").ignore("src\n").found(), [""; 0]);
    assert_eq!(case("FROM x\nCOPY . /\n").ignore("**\n").found(), ["2 CopyIgnoredFile"]);
    let other = "FROM x AS a\nADD https://foobar/foobar /\nFROM x\nCOPY --from=a /foobar foobar /\nCOPY <<foobar /\nfoobar\n";
    assert_eq!(case(other).ignore("*foobar*\n**/foobar").found(), [""; 0]);
}

#[test]
fn descriptions() {
    let on = "# check=experimental=all\n";
    let name = "InvalidDefinitionDescription";
    let text =
        format!("{on}# bar is this\nARG foo=bar\n# BasE it is\nFROM scratch AS base\n# no\nARG a b\nARG c\n");
    let found = [3, 5, 7].map(|line| format!("{line} {name}"));
    assert_eq!(case(&text).found(), found);
    assert!(case(&text).fixed(name).starts_with(&format!("{on}# bar is this\n\nARG foo=bar\n")));
    for fine in [
        "# foo is this\nARG foo\nFROM x\n",
        "# about\n\nARG foo\n# x\nFROM x\n",
        "# about\n#\nFROM x AS y\n",
        "# about\n# y builds\nFROM x AS Y\n",
        "FROM x\n# b is this\nARG a b\n# why\nRUN z\n",
    ] {
        let found = case(&format!("{on}FROM z\n{fine}")).found();
        assert!(!found.iter().any(|found| found.ends_with(name)), "{fine}: {found:?}");
    }
    assert!(case("# no\nARG foo=bar\nFROM x\n").found().is_empty());
}

#[test]
fn ports() {
    let text = "FROM scratch\nENV P=53/UDP\nEXPOSE 80/TCP 443/tcp $P\nEXPOSE 127.0.0.1:80:80 5000:5000/udp [::1]:8080:8080\n\
        EXPOSE 80 8000-8010 90/sctp\n";
    let found: Vec<String> = [(3, "ExposeProtoCasing"); 2]
        .iter()
        .chain(&[(4, "ExposeInvalidFormat"); 3])
        .map(|(line, name)| format!("{line} {name}"))
        .collect();
    assert_eq!(case(text).found(), found);
    assert_eq!(case("FROM x\nEXPOSE 53/UDP 80\n").fixed("ExposeProtoCasing"), "FROM x\nEXPOSE 53/udp 80\n");
    assert_eq!(
        case("FROM x\nEXPOSE 1.2.3.4:1:80/tcp\n").fixed("ExposeInvalidFormat"),
        "FROM x\nEXPOSE 80/tcp\n"
    );
    // A port that is refused ends the way.
    finds("FROM x\nEXPOSE 80/TCP x\nENV a b\n", &[]);
}

#[test]
fn comments_silence_checks() {
    let text = |first: &str| format!("{first}FROM scratch as base\ncopy Dockerfile .\n");
    for silent in [
        "#check=skip=all\n",
        "#check=skip=all;error=true\n",
        "#check=skip=ConsistentInstructionCasing,FromAsCasing;error=true\n",
    ] {
        assert_eq!(case(&text(silent)).found(), [""; 0], "{silent}");
    }
    assert_eq!(case(&text("#check=skip=ConsistentInstructionCasing\n")).found(), ["2 FromAsCasing"]);
    finds("FROM x\n# check=skip=UndefinedVar\nUSER $a\nUSER $b\n", &["4 UndefinedVar"]);
}
