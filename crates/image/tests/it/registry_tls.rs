//! Certificates and proxies. A registry outside loopback is played by a proxy that leads every tunnel
//! to the test's own server.

use plimsoll_image::registry::{Access, Credentials, Login, ProxySettings, Trust};
use plimsoll_model::Reference;
use plimsoll_testkit::{Auth, ConnectProxy, TestRegistry, TlsFront, store};

use crate::registry_client::{access, fill, pull_failure, pull_quietly, push_with_events, sample};

fn through(proxy: &ConnectProxy) -> Access {
    let address = Some(format!("http://user:secret@{}", proxy.addr));
    let proxy = ProxySettings { http: address.clone(), https: address, no_proxy: None };
    Access { proxy, ..access() }
}

fn reference() -> Reference {
    "registry.test/app:1".parse().unwrap()
}

#[test]
fn certificates_are_checked() {
    let registry = TestRegistry::start();
    let manifest = fill(&registry);
    let Some(front) = TlsFront::start(registry.addr, "DNS:registry.test") else { return };
    let proxy = ConnectProxy::start(Some(front.addr));
    let message = pull_failure(&reference(), &through(&proxy));
    assert!(message.starts_with("the certificate of registry.test is not trusted: "), "{message}");
    assert!(message.contains("SSL_CERT_FILE"), "{message}");
    assert!(registry.seen().is_empty());

    let trusting = Access { trust: Trust::File(front.authority.clone()), ..through(&proxy) };
    let pulled = pull_quietly(&reference(), &store(), &trusting).unwrap();
    assert_eq!(pulled.manifest, manifest);
    assert!(
        proxy.asked().iter().all(|line| line.starts_with("CONNECT registry.test:443 ")),
        "{:?}",
        proxy.asked()
    );

    let message = pull_failure(&"other.test/app:1".parse().unwrap(), &trusting);
    assert!(message.starts_with("the certificate of other.test is not trusted: "), "{message}");

    let lenient = Access { insecure: true, ..through(&proxy) };
    pull_quietly(&"other.test/app:1".parse().unwrap(), &store(), &lenient).unwrap();
}

#[test]
fn passwords_travel_encrypted_and_uploads_stay_so() {
    let registry = TestRegistry::start_with(Auth::Basic("me", "secret"));
    let Some(front) = TlsFront::start(registry.addr, "DNS:registry.test") else { return };
    let proxy = ConnectProxy::start(Some(front.addr));
    let mut credentials = Credentials::default();
    let login = Login::Password { username: "me".to_string(), password: "secret".to_string() };
    credentials.set("registry.test", login);
    let access = Access { trust: Trust::File(front.authority.clone()), credentials, ..through(&proxy) };
    let source = store();
    let image = sample(&source, "app:1");
    // The upload's address is http://127.0.0.1:PORT: plain, and somewhere else.
    let message = push_with_events(&image, &reference(), &source, &access).0.unwrap_err().to_string();
    assert!(message.contains("it leads from https to plain http"), "{message}");
    registry.relative_locations();
    push_with_events(&image, &reference(), &source, &access).0.unwrap();
    pull_quietly(&reference(), &store(), &access).unwrap();
}

#[test]
fn a_plain_registry_is_only_for_those_who_say_so() {
    let registry = TestRegistry::start();
    fill(&registry);
    let proxy = ConnectProxy::start(Some(registry.addr));
    let message = pull_failure(&reference(), &through(&proxy));
    assert!(message.starts_with("no secure connection to registry.test: "), "{message}");
    assert!(message.ends_with("if it speaks plain HTTP only, call the registry insecure"), "{message}");
    let lenient = Access { insecure: true, ..through(&proxy) };
    pull_quietly(&reference(), &store(), &lenient).unwrap();
    assert!(
        proxy.asked().iter().any(|line| line.starts_with("CONNECT registry.test:80 ")),
        "{:?}",
        proxy.asked()
    );
}

#[test]
fn tls_on_loopback_is_found() {
    let registry = TestRegistry::start();
    fill(&registry);
    let Some(front) = TlsFront::start(registry.addr, "DNS:registry.test") else { return };
    pull_quietly(&format!("{}/app:1", front.addr).parse().unwrap(), &store(), &access()).unwrap();
}

#[test]
fn proxies_fail_with_their_name_and_without_their_password() {
    let proxy = ConnectProxy::start(None);
    let message = pull_failure(&reference(), &through(&proxy));
    let expected = format!("the proxy http://{}/ gave no connection to registry.test: ", proxy.addr);
    assert!(message.starts_with(&expected), "{message}");
    let dead = Some("http://user:secret@127.0.0.1:1".to_string());
    let proxy = ProxySettings { https: dead, ..ProxySettings::default() };
    let message = pull_failure(&reference(), &Access { proxy, ..access() });
    assert!(message.starts_with("the proxy http://127.0.0.1:1/ gave no connection"), "{message}");
    assert!(message.contains("it refused the connection"), "{message}");
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn loopback_needs_no_proxy() {
    let registry = TestRegistry::start();
    fill(&registry);
    let proxy = ConnectProxy::start(None);
    pull_quietly(&registry.reference("app:1"), &store(), &through(&proxy)).unwrap();
    assert!(proxy.asked().is_empty());
}
