//! How registries are reached from here: logins, certificates and proxies of the environment.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use plimsoll_build::Reach;
use plimsoll_image::git::GitProgram;
use plimsoll_image::registry::{Access, Credentials, Patience, ProxySettings, Trust};

use crate::command_error::CommandError;

/// Gather what the environment says about registries.
pub fn access(insecure: bool) -> Result<Access, CommandError> {
    let variable = |name: &str| {
        let lower = name.to_ascii_lowercase();
        std::env::var(name).or_else(|_| std::env::var(lower)).ok().filter(|value| !value.is_empty())
    };
    let proxy = ProxySettings {
        http: variable("HTTP_PROXY"),
        https: variable("HTTPS_PROXY"),
        no_proxy: variable("NO_PROXY"),
    };
    let trust = match std::env::var_os("SSL_CERT_FILE") {
        Some(file) => Trust::File(PathBuf::from(file)),
        None => Trust::default(),
    };
    Ok(Access { credentials: credentials()?, insecure, proxy, trust, patience: Patience::default() })
}

/// How a build reaches files and repositories. git gets of this environment what it needs to reach
/// others, and nothing that changes what it does.
pub fn reach() -> Result<Reach, CommandError> {
    const FOR_GIT: [&str; 13] = [
        "PATH",
        "HOME",
        "TMPDIR",
        "SSH_AUTH_SOCK",
        "SSL_CERT_FILE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
    ];
    let variables = FOR_GIT.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    Ok(Reach { access: access(false)?, git: GitProgram { environment: variables.collect() } })
}

/// The first login file there is: podman's, then docker's.
fn credentials() -> Result<Credentials, CommandError> {
    let file =
        |variable: &str, below: &str| std::env::var_os(variable).map(|dir| PathBuf::from(dir).join(below));
    let candidates = [
        std::env::var_os("REGISTRY_AUTH_FILE").map(PathBuf::from),
        file("XDG_RUNTIME_DIR", "containers/auth.json"),
        file("DOCKER_CONFIG", "config.json"),
        file("HOME", ".docker/config.json"),
    ];
    for path in candidates.into_iter().flatten() {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let read = Credentials::from_docker_config(&bytes);
        let credentials =
            read.map_err(|error| CommandError::usage(format!("{}: {error}", path.display())))?;
        return Ok(credentials.with_helper(Arc::new(ask_helper)));
    }
    Ok(Credentials::default())
}

/// Run `docker-credential-NAME get`, the server's name on its standard input.
fn ask_helper(name: &str, server: &str) -> Result<Option<Vec<u8>>, String> {
    let program = format!("docker-credential-{name}");
    let failed = |error: std::io::Error| format!("{program}: {error}");
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().ok_or_else(|| format!("{program}: no standard input"))?;
    stdin.write_all(server.as_bytes()).map_err(failed)?;
    drop(stdin);
    let output = child.wait_with_output().map_err(failed)?;
    Ok(output.status.success().then_some(output.stdout))
}
