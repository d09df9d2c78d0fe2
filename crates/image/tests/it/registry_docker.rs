//! Against Debian's docker-registry and skopeo, on loopback.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::Reference;
use plimsoll_testkit::{Auth, TestRegistry, program, store};
use tempfile::TempDir;

use crate::registry_client::{access, pull_failure, pull_quietly, push_with_events, sample};

/// A running docker-registry, ended with the test.
struct DockerRegistry {
    child: Child,
    host: String,
    _directory: TempDir,
}

impl DockerRegistry {
    /// `None`, said aloud, when it is not installed.
    fn start() -> Option<Self> {
        let binary = program("docker-registry")?;
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: '{host}'}}\n",
            directory.path().join("data").display()
        );
        let path = directory.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .arg(&path)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let registry = DockerRegistry { child: command.spawn().unwrap(), host, _directory: directory };
        let begun = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "docker-registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    fn reference(&self, name: &str) -> Reference {
        format!("{}/{name}", self.host).parse().unwrap()
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skopeo(arguments: &[&str]) -> String {
    // Where root has run podman, an ordinary user may not look for credentials below /run.
    let own = tempfile::tempdir().unwrap();
    let mut command = Command::new("skopeo");
    command.env("XDG_RUNTIME_DIR", own.path()).arg("--insecure-policy").args(arguments);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn docker_registry_takes_and_gives() {
    let Some(registry) = DockerRegistry::start() else { return };
    let source = store();
    let manifest = sample(&source, "app:1");
    let reference = registry.reference("team/app:1");
    assert_eq!(push_with_events(&manifest, &reference, &source, &access()).0.unwrap(), manifest);
    let target = store();
    assert_eq!(pull_quietly(&reference, &target, &access()).unwrap().manifest, manifest);
    target.assert_valid();
    // A mount from the first repository, then the same tag again.
    let other = registry.reference("other/app:1");
    let (pushed, events) = push_with_events(&manifest, &other, &target, &access());
    pushed.unwrap();
    let mounted = |event: &&plimsoll_image::registry::Event| {
        matches!(event, plimsoll_image::registry::Event::BlobMounted { .. })
    };
    assert_eq!(events.iter().filter(mounted).count(), 3, "{events:?}");
    push_with_events(&manifest, &other, &target, &access()).0.unwrap();
    let message = pull_failure(&registry.reference("team/app:2"), &access());
    assert!(message.contains("no tag '2' in the repository 'team/app'; it has 1"), "{message}");
}

#[test]
fn skopeo_reads_what_we_push() {
    let (Some(registry), Some(_)) = (DockerRegistry::start(), program("skopeo")) else { return };
    let source = store();
    let manifest = sample(&source, "app:1");
    let reference = registry.reference("app:1");
    push_with_events(&manifest, &reference, &source, &access()).0.unwrap();
    let told = skopeo(&["inspect", "--tls-verify=false", &format!("docker://{reference}")]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["Digest"], manifest.to_string());
    assert_eq!(told["Layers"].as_array().map(Vec::len), Some(3));
    assert_eq!(told["Os"], "linux");
}

#[test]
fn we_pull_what_skopeo_copies() {
    let (Some(registry), Some(_)) = (DockerRegistry::start(), program("skopeo")) else { return };
    let source = store();
    let manifest = sample(&source, "app:1");
    let layout = format!("oci:{}:docker.io/library/app:1", source.root().display());
    for (format, tag) in [("oci", "1"), ("v2s2", "2")] {
        let reference = registry.reference(&format!("copied:{tag}"));
        let to = format!("docker://{reference}");
        skopeo(&["copy", "--quiet", "--dest-tls-verify=false", "--format", format, &layout, &to]);
        let target = store();
        let pulled = pull_quietly(&reference, &target, &access()).unwrap();
        assert_eq!(pulled.manifest == manifest, format == "oci");
        target.assert_valid();
        let image = target.image(&pulled.manifest).unwrap();
        assert_eq!(image.config.diff_ids, source.image(&manifest).unwrap().config.diff_ids);
    }
}

/// The registry the other tests trust is one for skopeo too, with its token service.
#[test]
fn skopeo_uses_the_test_registry() {
    let Some(_) = program("skopeo") else { return };
    let auth = Auth::Token { user: "me", password: "secret", identity: "", anonymous_pull: true };
    let registry = TestRegistry::start_with(auth);
    let source = store();
    let manifest = sample(&source, "app:1");
    let layout = format!("oci:{}:docker.io/library/app:1", source.root().display());
    let reference = registry.reference("app:1");
    let to = format!("docker://{reference}");
    skopeo(&["copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", "me:secret", &layout, &to]);
    let told = skopeo(&["inspect", "--tls-verify=false", "--no-creds", &to]);
    assert!(told.contains(&manifest.to_string()), "{told}");
    assert_eq!(pull_quietly(&reference, &store(), &access()).unwrap().manifest, manifest);
}
