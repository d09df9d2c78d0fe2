//! docker's forms and texts (docker 20.10 with the command line of 28.2), and that reading is printing backwards.

use plimsoll_model::launch::{Propagation, Tmpfs};
use proptest::prelude::*;

use super::request::{Request, Source, VolumeRequest};
use super::{long_form, memory_form, short_form};

const HERE: &str = "/home/me";

fn host(path: &str) -> Source {
    Source::Host { path: path.into(), propagation: Propagation::RecursivePrivate, make: true }
}

fn named(name: &str) -> Source {
    Source::Volume(VolumeRequest::of(Some(name.into())))
}

fn request(target: &str, source: Source) -> Request {
    Request { target: target.into(), read_only: false, source }
}

#[test]
fn short_forms() {
    let no_copy = |name: &str| match named(name) {
        Source::Volume(volume) => Source::Volume(VolumeRequest { copy: false, ..volume }),
        other => other,
    };
    for (text, target, source, read_only) in [
        ("/data", "/data", Source::Volume(VolumeRequest::of(None)), false),
        ("db:/data/", "/data", named("db"), false),
        ("db:/a/../b", "/b", named("db"), false),
        ("x/y:/data", "/data", named("x/y"), false),
        ("/srv:/data:ro", "/data", host("/srv"), true),
        ("./sub:/data:rw,z", "/data", host("/home/me/sub"), false),
        ("../up:/data:cached", "/data", host("/home/up"), false),
        (".:/data", "/data", host("/home/me"), false),
        ("/srv/:/data:delegated,Z,ro", "/data", host("/srv"), true),
        ("db:/data:z,ro,nocopy", "/data", no_copy("db"), true),
    ] {
        let expected = Request { read_only, ..request(target, source) };
        assert_eq!(short_form::parse(text, HERE), Ok(expected), "{text}");
    }
    let slave = Source::Host { path: "/srv".into(), propagation: Propagation::RecursiveSlave, make: true };
    assert_eq!(short_form::parse("/srv:/data:rslave", HERE), Ok(request("/data", slave.clone())));
    assert_eq!(short_form::parse("/srv:/data:slave", HERE), Ok(request("/data", slave)));
}

#[test]
fn short_forms_that_are_none() {
    let bind = "invalid mount config for type \"bind\"";
    let volume = "invalid mount config for type \"volume\"";
    for (text, why) in [
        ("", "invalid empty volume spec".to_string()),
        (":/b", "invalid spec: :/b: empty section between colons".into()),
        ("aa:", "invalid spec: aa:: empty section between colons".into()),
        ("aa:/b:", "invalid spec: aa:/b:: empty section between colons".into()),
        ("aa:/b:ro:x", "invalid spec: aa:/b:ro:x: too many colons".into()),
        ("aa:/b:bogus", "invalid mode: bogus".into()),
        ("aa:/b:RO", "invalid mode: RO".into()),
        ("aa:/b:noexec", "invalid mode: noexec".into()),
        ("aa:/b:ro,rw", "invalid mode: ro,rw".into()),
        ("aa:/b:ro,", "invalid mode: ro,".into()),
        ("aa:/b:U", "invalid mode: U would".into()),
        (
            "/a:b",
            format!(
                "invalid volume specification: '/a:b': {bind}: invalid mount path: 'b' mount path must be absolute"
            ),
        ),
        (
            "aa:b",
            format!(
                "invalid volume specification: 'aa:b': {volume}: invalid mount path: 'b' mount path must be absolute"
            ),
        ),
        (
            "aa:/",
            format!(
                "invalid volume specification: 'aa:/': {volume}: invalid specification: destination can't be '/'"
            ),
        ),
        (
            "/tmp:/b:nocopy",
            format!(
                "invalid volume specification: '/tmp:/b:nocopy': {bind}: field VolumeOptions must not be specified"
            ),
        ),
        (
            "aa:/b:shared",
            format!(
                "invalid volume specification: 'aa:/b:shared': {volume}: field BindOptions must not be specified"
            ),
        ),
        (
            "rel",
            format!(
                "invalid volume specification: 'rel': {volume}: invalid mount path: 'rel' mount path must be absolute"
            ),
        ),
    ] {
        let refused = short_form::parse(text, HERE).unwrap_err();
        assert!(refused.starts_with(&why), "{text}: {refused}");
    }
}

#[test]
fn long_forms() {
    let bind = |path: &str, propagation| Source::Host { path: path.into(), propagation, make: false };
    let labelled = VolumeRequest {
        labels: vec![("a".into(), "b".into()), ("c".into(), String::new())],
        options: vec![("o".into(), "size=1m".into())],
        subpath: "x/y".into(),
        copy: false,
        ..VolumeRequest::of(Some("db".into()))
    };
    let memory = |size, mode| Source::Memory { tmpfs: Tmpfs { size, ..Tmpfs::default() }, mode };
    for (text, source, read_only) in [
        ("type=bind,source=/srv,target=/b", bind("/srv", Propagation::RecursivePrivate), false),
        (
            "type=bind,src=./x,dst=/b,bind-recursive=disabled,ro",
            bind("/home/me/x", Propagation::Private),
            true,
        ),
        ("TYPE=BIND,SRC=/srv,DST=/b,RO=TRUE", bind("/srv", Propagation::RecursivePrivate), true),
        (
            "type=bind,src=/srv,dst=/b,bind-nonrecursive,bind-propagation=rslave",
            bind("/srv", Propagation::Slave),
            false,
        ),
        (
            "type=bind,src=/srv,dst=/b,bind-propagation=shared,consistency=cached",
            bind("/srv", Propagation::RecursiveShared),
            false,
        ),
        ("src=db,destination=/b,readonly=0", named("db"), false),
        ("dst=/b", Source::Volume(VolumeRequest::of(None)), false),
        (
            "type=volume,src=db,dst=/b,volume-label=a=b,volume-label=c,volume-opt=o=size=1m,volume-nocopy,\
             volume-driver=local,volume-subpath=x//y/",
            Source::Volume(labelled),
            false,
        ),
        ("type=tmpfs,dst=/b", memory(None, None), false),
        ("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=700,readonly", memory(Some(1 << 20), Some(0o700)), true),
    ] {
        let expected = Request { read_only, ..request("/b", source) };
        assert_eq!(long_form::parse(text, HERE), Ok(expected), "{text}");
    }
    let comma = long_form::parse("\"type=bind\",\"src=/tmp\",\"dst=/b,x\"", HERE).unwrap();
    assert_eq!(comma.target, "/b,x");
}

#[test]
fn long_forms_that_are_none() {
    for (text, why) in [
        ("", "must be a key=value pair"),
        ("src=aa", "target is required"),
        (
            "src=aa,dst=b",
            "invalid mount config for type \"volume\": invalid mount path: 'b' mount path must be absolute",
        ),
        ("type=foo,dst=/b", "invalid mount config for type \"foo\": mount type unknown"),
        ("type=bind,dst=/b", "invalid mount config for type \"bind\": field Source must not be empty"),
        (
            "type=bind,src=rel,dst=/b",
            "invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute",
        ),
        (
            "type=tmpfs,src=x,dst=/b",
            "invalid mount config for type \"tmpfs\": field Source must not be specified",
        ),
        ("type=tmpfs,dst=/b,tmpfs-mode=999", "invalid value for tmpfs-mode: 999"),
        ("type=tmpfs,dst=/b,tmpfs-size=x", "invalid value for tmpfs-size: x"),
        ("type=tmpfs,dst=/b,tmpfs-size=-1", "invalid value for tmpfs-size: -1"),
        ("type=tmpfs,dst=/b,volume-nocopy", "cannot mix 'volume-*' options with mount type 'tmpfs'"),
        ("type=volume,dst=/b,tmpfs-size=1", "cannot mix 'tmpfs-*' options with mount type 'volume'"),
        (
            "type=bind,src=/tmp,dst=/b,volume-label=a=b",
            "cannot mix 'volume-*' options with mount type 'bind'",
        ),
        (
            "type=volume,src=aa,dst=/b,bind-propagation=rslave",
            "cannot mix 'bind-*' options with mount type 'volume'",
        ),
        ("type=bind,src=/tmp,dst=/b,bind-nonrecursive=x", "invalid value for bind-nonrecursive: x"),
        ("type=bind,src=/tmp,dst=/b,bind-propagation=x", "invalid propagation mode: x"),
        ("type=bind,src=/tmp,dst=/b,bogus=1", "unexpected key 'bogus' in 'bogus=1'"),
        ("type=bind,src=/tmp,dst=/b,bogus", "invalid field 'bogus' must be a key=value pair"),
        ("type=bind,src=/tmp,dst=/b,readonly=x", "invalid value for readonly: x"),
        ("type=volume,src=aa,dst=/b,volume-driver=nope", "plugin \"nope\" not found"),
        ("type=volume,src=aa,dst=/b,volume-subpath=../x", "it must lie in the volume"),
        ("type=bind,src=/tmp,dst=\"/b", "\"/b"),
        ("type=bind,src=/tmp,dst=/", "destination can't be '/'"),
    ] {
        let refused = long_form::parse(text, HERE).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
}

#[test]
fn memory_forms() {
    let memory = |tmpfs, mode| request("/b", Source::Memory { tmpfs, mode });
    assert_eq!(memory_form::parse("/b"), Ok(memory(Tmpfs::default(), None)));
    let asked = Tmpfs { size: Some(1 << 30), owner: (5, 6), exec: true, ..Tmpfs::default() };
    assert_eq!(
        memory_form::parse("/b:size=1G,mode=0700,uid=5,gid=6,exec,nosuid,rw"),
        Ok(memory(asked, Some(0o700)))
    );
    assert!(memory_form::parse("/b:ro").unwrap().read_only);
    for (text, why) in [
        ("rel", "invalid mount path: 'rel' mount path must be absolute"),
        ("/", "invalid specification: destination can't be '/'"),
        ("/b:bogus", "invalid tmpfs option [\"bogus\"]"),
        ("/b:size=1x", "invalid tmpfs option [\"size=1x\"]"),
        ("/b:nr_inodes=5", "invalid tmpfs option [\"nr_inodes=5\"]: it is not supported"),
        ("/b:mode=9", "invalid tmpfs option [\"mode=9\"]"),
    ] {
        assert!(memory_form::parse(text).unwrap_err().starts_with(why), "{text}");
    }
}

/// A request as the flag and value that ask for it.
fn words(request: &Request) -> (&'static str, String) {
    let mut fields = vec![format!("target={}", request.target)];
    match &request.source {
        Source::Memory { tmpfs, mode } => {
            let mut options: Vec<String> = Vec::new();
            options.extend(tmpfs.size.map(|size| format!("size={size}")));
            options.extend(mode.map(|mode| format!("mode={mode:o}")));
            options.extend([format!("uid={}", tmpfs.owner.0), format!("gid={}", tmpfs.owner.1)]);
            options.extend(tmpfs.exec.then(|| "exec".to_string()));
            options.extend(request.read_only.then(|| "ro".to_string()));
            return ("--tmpfs", format!("{}:{}", request.target, options.join(",")));
        }
        Source::Host { path, propagation, make } => {
            fields.extend(["type=bind".to_string(), format!("source={path}")]);
            fields.push(format!("bind-propagation={}", propagation.word()));
            let top_only =
                matches!(propagation, Propagation::Private | Propagation::Slave | Propagation::Shared);
            fields.extend(top_only.then(|| "bind-recursive=disabled".to_string()));
            fields.extend(make.then(|| "bind-create-src".to_string()));
        }
        Source::Volume(volume) => {
            fields.push("type=volume".to_string());
            fields.extend(volume.name.iter().map(|name| format!("source={name}")));
            fields.extend((!volume.copy).then(|| "volume-nocopy".to_string()));
            fields.extend(volume.labels.iter().map(|(key, value)| format!("volume-label={key}={value}")));
            fields.extend(volume.options.iter().map(|(key, value)| format!("volume-opt={key}={value}")));
            fields.push(format!("volume-subpath={}", volume.subpath));
        }
    }
    fields.push(format!("readonly={}", request.read_only));
    let quoted = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
    ("--mount", quoted.collect::<Vec<_>>().join(","))
}

fn printed_back(request: &Request) -> Result<Request, String> {
    match words(request) {
        ("--tmpfs", text) => memory_form::parse(&text),
        (_, text) => long_form::parse(&text, HERE),
    }
}

/// Texts that look like what is meant, with everything that could go wrong in them.
fn near_misses() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(":".to_string()),
        Just(",".to_string()),
        Just("=".to_string()),
        Just("\"".to_string()),
        Just("/".to_string()),
        "(type|source|src|target|dst|ro|readonly|volume-(nocopy|label|opt|subpath)|bind-(propagation|recursive)|tmpfs-(size|mode))",
        "(bind|volume|tmpfs|rslave|shared|nocopy|ro|rw|z|cached|size|mode|uid|exec|true|false)",
        "[./a-z0-9 \"=,:\\PC]{0,6}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_mount_or_a_mistake(text in near_misses()) {
        let read = [short_form::parse(&text, HERE), long_form::parse(&text, HERE), memory_form::parse(&text)];
        for request in read.into_iter().flatten() {
            prop_assert!(request.target.starts_with('/') && request.target != "/");
            prop_assert_eq!(printed_back(&request), Ok(request));
        }
    }

    #[test]
    fn what_is_asked_for_in_short_means_the_same_at_length(
        source in "(/[a-z ,\"]{1,4}){1,3}|[a-z][a-z0-9_.-]{1,8}|\\.\\.?/[a-z]{1,4}",
        target in "(/[a-z ,\"]{1,4}){1,3}",
        options in prop::sample::subsequence(vec!["ro", "z", "cached"], 0..3),
    ) {
        let options = options.join(",");
        let colon = if options.is_empty() { "" } else { ":" };
        let request = short_form::parse(&format!("{source}:{target}{colon}{options}"), HERE).unwrap();
        prop_assert_eq!(printed_back(&request), Ok(request));
    }
}
