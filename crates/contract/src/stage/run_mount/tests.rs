use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Platform;

use super::*;
use crate::stage::{Platforms, Scope, Work};

/// The mounts of the last RUN, or the first complaint with the label at its place.
fn mounts(before: &str, values: &[&str]) -> Result<Vec<RunMount>, (String, String)> {
    let flags: String = values.iter().map(|value| format!("--mount={value} ")).collect();
    let text = format!("FROM scratch\n{before}\nRUN {flags}true\n");
    let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
    let platform = Platform::parse("linux/amd64").unwrap();
    let platforms = Platforms { build: platform.clone(), target: platform.clone() };
    let scope = Scope::new(&parsed.dockerfile, "", platforms, BTreeMap::new()).unwrap();
    let mut state = StageState::from_scratch(&platform, '\\');
    let mut found = Vec::new();
    for statement in &parsed.dockerfile.stages[0].statements {
        let applied = state.apply(&parsed.dockerfile.source, statement, &scope).map_err(|found| {
            let label = found[0].labels.first().map_or(String::new(), |label| label.text.clone());
            (found[0].message.clone(), label)
        })?;
        if let (Instruction::Run { .. }, Work::Run(work)) = (&statement.instruction, applied.work) {
            found = work.mounts;
        }
    }
    Ok(found)
}

fn one(value: &str) -> RunMount {
    mounts("", &[value]).unwrap().remove(0)
}

#[test]
fn bind_is_the_default_and_read_only() {
    let bind = |from: Option<&str>, source: &str, target: &str, read_only| RunMount::Bind {
        from: from.map(str::to_string),
        source: source.to_string(),
        target: target.to_string(),
        read_only,
    };
    assert_eq!(one("target=/x"), bind(None, "/", "/x", true));
    assert_eq!(one("type=bind,from=a,src=b/c,dst=/x/../y,rw"), bind(Some("a"), "b/c", "/y", false));
    assert_eq!(one("destination=/x,ro=false"), bind(None, "/", "/x", false));
    let values = mounts("ARG D=deep\nWORKDIR /w\nENV S=src", &["source=$S,target=${D}/er"]).unwrap();
    assert_eq!(values, [bind(None, "src", "/w/deep/er", true)]);
}

#[test]
fn caches_are_named_after_their_target() {
    let RunMount::Cache(cache) = one("type=cache,target=/root/./.cache/") else { panic!() };
    assert_eq!((cache.id.as_str(), cache.target.as_str()), ("/root/.cache", "/root/.cache"));
    assert_eq!((cache.sharing, cache.mode, cache.owner), (Sharing::Shared, 0o755, (0, 0)));
    assert!(!cache.read_only);
    let text = "type=cache,target=c,id=name,sharing=Locked,mode=0700,uid=5,gid=6,ro,from=s,source=/seed";
    let RunMount::Cache(cache) = one(text) else { panic!() };
    assert_eq!((cache.id.as_str(), cache.target.as_str()), ("name", "/c"));
    assert_eq!((cache.sharing, cache.mode, cache.owner), (Sharing::Locked, 0o700, (5, 6)));
    assert_eq!((cache.from.as_deref(), cache.source.as_str(), cache.read_only), (Some("s"), "/seed", true));
    let RunMount::Cache(cache) = one("type=cache,target=node_modules") else { panic!() };
    assert_eq!(cache.id, "node_modules");
}

#[test]
fn secrets_in_files_and_variables() {
    let secret = |value: &str| match one(value) {
        RunMount::Secret(secret) => secret,
        other => panic!("{other:?}"),
    };
    let plain = secret("type=secret,id=dir/token");
    assert_eq!((plain.id.as_str(), plain.target.as_deref()), ("dir/token", Some("/run/secrets/token")));
    assert_eq!((plain.mode, plain.owner, plain.required, plain.env), (0o400, (0, 0), false, None));
    assert_eq!(secret("type=secret,source=a").id, "a", "source is another word for id");
    assert_eq!(secret("type=secret,target=/x/key").id, "key", "the file's name is the default");
    let env = secret("type=secret,id=a,env=TOKEN,required");
    assert_eq!((env.target, env.env.as_deref(), env.required), (None, Some("TOKEN"), true));
    let both = secret("type=secret,id=a,env=TOKEN,target=/t,mode=0440,uid=1,gid=2");
    assert_eq!((both.target.as_deref(), both.mode, both.owner), (Some("/t"), 0o440, (1, 2)));
}

#[test]
fn agents_and_memory() {
    let found = mounts("", &["type=tmpfs,target=/t,size=16m", "type=ssh"]).unwrap();
    assert_eq!(found[0], RunMount::Tmpfs { target: "/t".to_string(), size: Some(16 << 20) });
    let RunMount::Ssh(ssh) = &found[1] else { panic!() };
    assert_eq!((ssh.id.as_str(), ssh.target.as_str()), ("default", "/run/buildkit/ssh_agent.1"));
    assert_eq!((ssh.mode, ssh.required), (0o600, false));
}

#[test]
fn wrong_values_are_told_with_the_right_one() {
    for (value, message, label) in [
        ("target=/a/..", "is the root directory", "below /"),
        ("type=$T,target=/x", "'chache' is no type", "type=cache"),
        ("type=cache,target=/x,sharing=${S}", "'lokced' is no sharing", "sharing=locked"),
        ("target=/x,sharing=locked", "sharing means nothing for a mount of type bind", "type=cache"),
        ("target=/x,mode=0755", "mode means nothing", "type=cache or type=secret"),
        ("type=cache,target=/x,mode=rwx", "'rwx' is no mode", "octal"),
        ("type=cache,target=/x,mode=99999", "'99999' is no mode", "octal"),
        ("type=cache,target=/x,uid=app", "'app' is no uid", "1000"),
        ("type=cache,target=/x,gid=4294967295", "'4294967295' is no gid", "1000"),
        ("type=tmpfs,target=/x,size=big", "'big' is no size", "16m"),
        ("target=/x,required", "required means nothing", "type=secret"),
        ("type=ssh,required=maybe", "true or false, not 'maybe'", "required=true"),
        ("type=secret", "has no name", "id=NAME"),
        ("type=secret,id=a,source=b", "one name", "leave source away"),
        ("type=secret,id=a,from=b", "comes from the command line", "leave from away"),
        ("type=cache,target=/x,ro=perhaps", "readonly is true or false", "readonly=true"),
    ] {
        let (found, at) = mounts("ARG T=chache S=lokced", &[value]).unwrap_err();
        assert!(found.contains(message), "{value}: {found}");
        assert!(at.contains(label), "{value}: {at}");
    }
}
