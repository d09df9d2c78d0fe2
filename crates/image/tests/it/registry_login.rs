//! Logins: Basic, tokens, identity tokens, and where they must not go.

use plimsoll_image::registry::{Access, Credentials, Login};
use plimsoll_testkit::{Auth, Fault, TestRegistry, store};

use crate::registry_client::{
    access, fill, large_layer, pull_failure, pull_quietly, push_with_events, sample,
};

const TOKEN: Auth =
    Auth::Token { user: "me", password: "secret", identity: "refresh", anonymous_pull: false };

fn known(registry: &TestRegistry, login: Login) -> Access {
    let mut credentials = Credentials::default();
    credentials.set(&registry.addr.to_string(), login);
    Access { credentials, ..access() }
}

fn password(password: &str) -> Login {
    Login::Password { username: "me".to_string(), password: password.to_string() }
}

fn registry(auth: Auth) -> TestRegistry {
    let registry = TestRegistry::start_with(auth);
    fill(&registry);
    registry
}

#[test]
fn basic() {
    let registry = registry(Auth::Basic("me", "secret"));
    let reference = registry.reference("app:1");
    pull_quietly(&reference, &store(), &known(&registry, password("secret"))).unwrap();
    // The first question carries no login: the answer tells whether one is wanted.
    assert_eq!(registry.seen()[0].authorization, None);
    let message = pull_failure(&reference, &known(&registry, password("wrong")));
    assert!(message.contains("does not accept the login of 'me' for the manifest '1' of 'app'"), "{message}");
    assert!(!message.contains("wrong"), "{message}");
    let message = pull_failure(&reference, &access());
    assert!(message.contains("only after a login") && message.contains("401 UNAUTHORIZED"), "{message}");
}

#[test]
fn config_json() {
    let registry = registry(Auth::Basic("me", "secret"));
    let config = format!(r#"{{"auths":{{"http://{}/v1/":{{"auth":"bWU6c2VjcmV0"}}}}}}"#, registry.addr);
    let credentials = Credentials::from_docker_config(config.as_bytes()).unwrap();
    let access = Access { credentials, ..access() };
    pull_quietly(&registry.reference("app:1"), &store(), &access).unwrap();
}

#[test]
fn tokens() {
    let registry = registry(TOKEN);
    let reference = registry.reference("app:1");
    pull_quietly(&reference, &store(), &known(&registry, password("secret"))).unwrap();
    assert_eq!(registry.count("GET", "/token"), 1);
    let message = pull_failure(&reference, &known(&registry, password("wrong")));
    assert!(
        message.contains("login of 'me' for a token for 'app' (answered 401 incorrect username"),
        "{message}"
    );
}

#[test]
fn identity_tokens_are_exchanged() {
    let registry = registry(TOKEN);
    let access = known(&registry, Login::IdentityToken("refresh".to_string()));
    pull_quietly(&registry.reference("app:1"), &store(), &access).unwrap();
    assert_eq!(registry.count("POST", "/token"), 1);
    let access = known(&registry, Login::IdentityToken("old".to_string()));
    let message = pull_failure(&registry.reference("app:1"), &access);
    assert!(message.contains("login of 'an identity token'"), "{message}");
}

#[test]
fn anybody_may_pull_but_not_push() {
    let registry =
        registry(Auth::Token { user: "me", password: "secret", identity: "", anonymous_pull: true });
    let reference = registry.reference("app:1");
    let store = store();
    pull_quietly(&reference, &store, &access()).unwrap();
    let image = sample(&store, "other:1");
    let (result, _) = push_with_events(&image, &registry.reference("other:1"), &store, &access());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("only after a login"), "{message}");
}

#[test]
fn a_token_that_runs_out_is_renewed() {
    let registry = registry(TOKEN);
    let layer = large_layer(&registry).to_string();
    registry.fault("GET", &layer, 1, Fault::Status(401, "UNAUTHORIZED"));
    // A 401 without a challenge cannot be met.
    let access = known(&registry, password("secret"));
    let message = pull_failure(&registry.reference("app:1"), &access);
    assert!(message.contains("does not accept the login of 'me'"), "{message}");

    let store = store();
    let forget = |event| {
        if matches!(event, plimsoll_image::registry::Event::Manifest { .. }) {
            registry.expire_tokens();
        }
    };
    let host = plimsoll_model::Platform::host();
    plimsoll_image::registry::pull(&registry.reference("app:1"), &host, &store, &access, &forget).unwrap();
    store.assert_valid();
}

#[test]
fn passwords_do_not_go_to_an_unencrypted_stranger() {
    let registry = registry(TOKEN);
    registry.set_realm("http://tokens.example/token");
    let message = pull_failure(&registry.reference("app:1"), &known(&registry, password("secret")));
    assert!(message.contains("was not sent to tokens.example, which is not encrypted"), "{message}");
    registry.set_realm("ftp://tokens.example/token");
    let message = pull_failure(&registry.reference("app:1"), &known(&registry, password("secret")));
    assert!(message.contains("no http or https address"), "{message}");
}

#[test]
fn a_redirect_takes_no_login_along() {
    let other = TestRegistry::start();
    fill(&other);
    let registry = registry(Auth::Basic("me", "secret"));
    let layer = large_layer(&registry);
    let to = format!("http://{}/v2/app/blobs/{layer}", other.addr);
    registry.fault("GET", &layer.to_string(), 1, Fault::Redirect(to));
    pull_quietly(&registry.reference("app:1"), &store(), &known(&registry, password("secret"))).unwrap();
    let seen = other.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].authorization, None);
}

#[test]
fn a_helper_is_asked() {
    let registry = registry(Auth::Basic("me", "secret"));
    let credentials = Credentials::from_docker_config(br#"{"credsStore":"safe"}"#).unwrap();
    let credentials = credentials.with_helper(std::sync::Arc::new(|_, _| {
        Ok(Some(br#"{"Username":"me","Secret":"secret"}"#.to_vec()))
    }));
    pull_quietly(&registry.reference("app:1"), &store(), &Access { credentials, ..access() }).unwrap();
}
