//! Registries that fail: each failure is one sentence or is overcome, and the store stays valid.

use std::time::Duration;

use plimsoll_image::registry::{Event, RegistryError};
use plimsoll_testkit::{Fault, TestRegistry, store};

use crate::registry_client::{
    access, hasty_access, large_layer, pull_failure, pull_quietly, pull_with_events, registry_with_sample,
};

const ALWAYS: usize = usize::MAX;

/// A fault of the large layer's download that a pull overcomes.
fn overcomes(times: usize, fault: Fault) -> (TestRegistry, Vec<Event>) {
    let (registry, reference, manifest) = registry_with_sample();
    registry.fault("GET", &large_layer(&registry).to_string(), times, fault.clone());
    let store = store();
    let (pulled, events) = pull_with_events(&reference, &store, &access());
    let pulled = pulled.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    assert_eq!(pulled.manifest, manifest);
    store.assert_valid();
    (registry, events)
}

/// A fault of the large layer's download that makes the pull fail with a sentence.
fn fails(fault: Fault) -> String {
    let (registry, reference, _) = registry_with_sample();
    registry.fault("GET", &large_layer(&registry).to_string(), ALWAYS, fault);
    pull_failure(&reference, &access()).replace(&registry.addr.to_string(), "HOST")
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let (registry, events) = overcomes(2, Fault::CutAfter(1_000_000));
    let ranges: Vec<String> = registry.seen().iter().filter_map(|seen| seen.range.clone()).collect();
    assert_eq!(ranges, ["bytes=1000000-", "bytes=2000000-"]);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Retry { .. })).count(), 2);
}

#[test]
fn a_server_without_ranges_is_no_obstacle() {
    let (registry, reference, _) = registry_with_sample();
    let layer = large_layer(&registry).to_string();
    registry.fault("GET", &layer, 1, Fault::CutAfter(1_000_000));
    registry.fault("GET", &layer, 1, Fault::IgnoreRange);
    let store = store();
    pull_quietly(&reference, &store, &access()).unwrap();
    store.assert_valid();
    assert_eq!(registry.count("GET", &layer), 2);
}

#[test]
fn progress_earns_new_attempts() {
    let mut access = access();
    access.patience.attempts = 2;
    let cut_twice_after = |length| {
        let (registry, reference, _) = registry_with_sample();
        registry.fault("GET", &large_layer(&registry).to_string(), 2, Fault::CutAfter(length));
        pull_quietly(&reference, &store(), &access)
    };
    cut_twice_after(1_100_000).unwrap();
    assert!(matches!(cut_twice_after(600_000), Err(RegistryError::GaveUp { attempts: 2, .. })));
}

#[test]
fn a_connection_that_never_brings_anything_is_given_up() {
    let message = fails(Fault::CutAfter(10));
    assert!(message.starts_with("HOST cut the connection before blob sha256:"), "{message}");
    assert!(message.ends_with("(tried 3 times)"), "{message}");
    let message = fails(Fault::HangUp);
    assert!(message.contains("HOST cut the connection"), "{message}");
}

#[test]
fn wrong_bytes_are_not_kept() {
    let message = fails(Fault::WrongBytes);
    assert!(message.starts_with("HOST sent wrong bytes for blob sha256:"), "{message}");
    assert!(message.contains("their digest is sha256:"), "{message}");
}

#[test]
fn wrong_lengths_are_seen_before_the_bytes() {
    let message = fails(Fault::WrongLength(5));
    assert!(message.starts_with("HOST sent ") && message.contains("were promised"), "{message}");
    let message = fails(Fault::WrongLength(-5));
    assert!(message.contains("were promised"), "{message}");
}

#[test]
fn an_endless_blob_ends() {
    let message = fails(Fault::Endless);
    assert!(message.starts_with("HOST sent more bytes for blob sha256:"), "{message}");
}

#[test]
fn an_endless_manifest_ends() {
    let (registry, reference, _) = registry_with_sample();
    registry.fault("GET", "/manifests/", ALWAYS, Fault::Endless);
    let message = pull_failure(&reference, &access());
    assert!(message.contains("larger than 4194304 bytes"), "{message}");
}

#[test]
fn a_cut_manifest_is_fetched_again() {
    let (registry, reference, _) = registry_with_sample();
    registry.fault("GET", "/manifests/", 2, Fault::CutAfter(20));
    pull_quietly(&reference, &store(), &access()).unwrap();
    assert_eq!(registry.count("GET", "/manifests/"), 3);
    registry.fault("GET", "/manifests/", 1, Fault::WrongBytes);
    let message = pull_failure(&reference, &access());
    assert!(message.contains("sent wrong bytes for the manifest '1' of 'app'"), "{message}");
}

#[test]
fn a_lost_blob_is_named() {
    let message = fails(Fault::Status(404, "BLOB_UNKNOWN"));
    assert!(message.starts_with("HOST has lost the blob sha256:"), "{message}");
    assert!(message.contains("404 BLOB_UNKNOWN: as the test wishes"), "{message}");
}

#[test]
fn server_errors_pass_or_are_told() {
    for status in [500, 502, 503] {
        overcomes(2, Fault::Status(status, "UNKNOWN"));
    }
    let message = fails(Fault::Status(503, "UNAVAILABLE"));
    assert!(message.starts_with("HOST failed when asked for blob sha256:"), "{message}");
    assert!(message.contains("503 UNAVAILABLE") && message.ends_with("(tried 3 times)"), "{message}");
}

#[test]
fn a_busy_registry_is_waited_for_but_not_for_hours() {
    let (_, events) = overcomes(1, Fault::Busy(0));
    assert!(events.iter().any(|event| matches!(event, Event::Retry { wait, .. } if *wait == Duration::ZERO)));
    let message = fails(Fault::Busy(3600));
    assert!(message.contains("limits how often it may be asked"), "{message}");
    assert!(message.contains("429 TOOMANYREQUESTS: slow down, to be asked again in 3600 s"), "{message}");
    assert!(!message.contains("tried"), "{message}");
}

#[test]
fn silence_is_not_waited_for_for_ever() {
    let (registry, reference, _) = registry_with_sample();
    registry.fault("GET", "/manifests/", ALWAYS, Fault::Stall);
    let message = pull_failure(&reference, &hasty_access());
    let expected =
        format!("{} did not answer in time when asked for the manifest '1' of 'app'", registry.addr);
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn a_slow_registry_is_fine() {
    let (_, events) = overcomes(1, Fault::Slow(400_000, Duration::from_millis(5)));
    assert!(!events.iter().any(|event| matches!(event, Event::Retry { .. })), "{events:?}");
}

#[test]
fn the_first_failing_blob_stops_the_others() {
    let (registry, reference, _) = registry_with_sample();
    registry.fault("GET", "/blobs/", ALWAYS, Fault::Status(404, "BLOB_UNKNOWN"));
    pull_failure(&reference, &access());
    assert!(registry.count("GET", "/blobs/") <= 3, "more than one request a thread");
}

#[test]
fn redirects_lead_elsewhere_without_the_login() {
    let (other, _, _) = registry_with_sample();
    let (registry, reference, _) = registry_with_sample();
    let layer = large_layer(&registry);
    let to = format!("http://{}/v2/app/blobs/{layer}", other.addr);
    registry.fault("GET", &layer.to_string(), 1, Fault::Redirect(to));
    pull_quietly(&reference, &store(), &access()).unwrap();
    assert_eq!(other.count("GET", &layer.to_string()), 1);
}

#[test]
fn bad_redirects_are_not_followed() {
    for (to, why) in [
        ("file:///etc/passwd", "it leads to something other than http or https"),
        ("http://user:password@other.example/", "it names no host, or carries a password"),
        ("", "no address came with it"),
        ("?again", "there were too many redirects in a row"),
    ] {
        let message = fails(Fault::Redirect(to.to_string()));
        assert!(message.contains(why) && message.starts_with("HOST sent us to '"), "{message}");
        assert!(!message.contains("password@"), "{message}");
    }
}

#[test]
fn nobody_listens() {
    // Port 1 (tcpmux) is below those given out and used by nobody.
    let message = pull_failure(&"127.0.0.1:1/app:1".parse().unwrap(), &access());
    assert_eq!(message, "127.0.0.1:1 refused the connection; check host and port, or start the registry");
}

#[test]
fn something_else_listens() {
    let registry = TestRegistry::start();
    registry.fault("GET", "/v2/", ALWAYS, Fault::Status(418, "TEAPOT"));
    let error = pull_quietly(&registry.reference("app:1"), &store(), &access()).unwrap_err();
    assert!(matches!(error, RegistryError::Refused { .. }));
    let expected = format!(
        "{0} did not give its API version: it answered 418 TEAPOT: as the test wishes; check that {0} is a container registry",
        registry.addr
    );
    assert_eq!(error.to_string(), expected);
}
