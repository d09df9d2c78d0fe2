//! Secrets in files, deleted files, environment, labels, history; and what is none.

use plimsoll_model::HistoryEntry;
use plimsoll_scan::{Secret, SecretPlace};

use crate::image::Image;

/// Put together here so that no scanner of this repository takes them for real ones.
fn github_token() -> String {
    format!("ghp{}abcdefghijklmnopqrstuvwxyz0123456789", '_')
}

fn private_key() -> String {
    let dashes = "-".repeat(5);
    format!(
        "{dashes}BEGIN RSA PRIVATE KEY{dashes}\n{}\n{dashes}END RSA PRIVATE KEY{dashes}\n",
        "MIIEow".repeat(10)
    )
}

fn kinds(secrets: &[Secret]) -> Vec<&str> {
    secrets.iter().map(|secret| secret.kind).collect()
}

#[test]
fn files_with_line_and_layer() {
    let config = format!("a: 1\ntoken: {}\n", github_token());
    let secrets =
        Image::default().layer(&[("/x", "y")]).layer(&[("/app/config.yaml", &config)]).scan(None).secrets;
    assert_eq!(
        secrets,
        [Secret {
            kind: "GitHub token",
            place: SecretPlace::File {
                path: "/app/config.yaml".to_string(),
                line: 2,
                layer: 1,
                deleted_in: None
            },
            shown: "ghp_… (40 characters)".to_string(),
        }]
    );
}

#[test]
fn a_deleted_key_is_still_in_its_layer() {
    let secrets = Image::default()
        .layer(&[("/root/.ssh/id_rsa", &private_key())])
        .removing("/root/.ssh")
        .scan(None)
        .secrets;
    let place =
        SecretPlace::File { path: "/root/.ssh/id_rsa".to_string(), line: 1, layer: 0, deleted_in: Some(1) };
    assert_eq!((secrets.len(), secrets[0].kind, &secrets[0].place), (1, "private key", &place));
}

#[test]
fn credentials_files() {
    let files = [
        (
            "/app/.env",
            "# comment PASSWORD=x\nDB_PASSWORD=\"hunter22\"\nEMPTY_TOKEN=\nPASSWORD_FILE=/run/secrets/x\n",
        ),
        ("/root/.npmrc", "//registry.example/:_authToken=abcdef123456\n"),
        ("/root/.docker/config.json", "{\"auths\": {\"r.example\": {\n\"auth\": \"dXNlcjpwYXNz\"\n}}}"),
        ("/root/.netrc", "machine example login me password secret99\n"),
        ("/root/.git-credentials", "https://me:s3cr3tpw@git.example\n"),
        ("/etc/store.p12", "x"),
    ];
    let mut secrets = Image::default().layer(&files).scan(None).secrets;
    secrets.sort_by_key(|secret| format!("{:?}", secret.place));
    assert_eq!(kinds(&secrets), ["password", "key store", "token", "password in a URL", "password", "token"]);
}

#[test]
fn environment_labels_and_history_once_each() {
    let mut image = Image::default();
    image.config.env = vec![
        ("POSTGRES_PASSWORD".to_string(), "hunter22".to_string()),
        ("DATABASE_URL".to_string(), "postgres://app:geheim1@db/app".to_string()),
        ("GPG_KEY".to_string(), "E3FF2839C048B25C084DEBE9B26995E310250568".to_string()),
        ("SECRET_FILE".to_string(), "/run/secrets/x".to_string()),
    ];
    image.config.labels = vec![("com.example.api-key".to_string(), "k-123456".to_string())];
    let step = |text: &str| HistoryEntry { created_by: Some(text.to_string()), ..Default::default() };
    image.config.history = vec![
        step("ENV POSTGRES_PASSWORD=hunter22"),
        step("RUN |1 NPM_TOKEN=abc123abc123 /bin/sh -c npm ci --token=$NPM_TOKEN"),
    ];
    let secrets = image.scan(None).secrets;
    assert_eq!(kinds(&secrets), ["password", "password in a URL", "key", "token"]);
    assert_eq!(secrets[3].place, SecretPlace::History { step: 1 });
    assert!(
        secrets.iter().all(|secret| !secret.shown.contains("hunter22") && !secret.shown.contains("geheim1"))
    );
}

#[test]
fn what_is_no_secret() {
    let token = github_token();
    let example = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let files = [
        ("/usr/lib/python3/test/keycert.pem", private_key()),
        ("/app/node_modules/x/test/key.pem", private_key()),
        ("/app/readme.md", format!("{example} ghp_{} postgres://user:${{PASSWORD}}@db", "x".repeat(36))),
        ("/app/parser.py", "if line == '-----BEGIN RSA PRIVATE KEY-----': pass".to_string()),
        ("/app/longer.txt", format!("{token}tail")),
        ("/app/inside.txt", format!("my{token}")),
        ("/app/data.bin", token.clone()),
        ("/app/zero.txt", format!("\0{token}")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(Image::default().layer(&files).scan(None).secrets, []);
}
