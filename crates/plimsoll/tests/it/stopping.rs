//! The stop test: who loses what when the lab's server is asked to stop, each time with another fault
//! of it. What is counted is decided by the server's knobs, not by the machine's speed.

use serde_json::Value;

use crate::harness::World;

/// What `prove` found out about stopping.
struct Stopped {
    stop: Value,
    claims: Value,
}

impl Stopped {
    /// Build an image that starts like this and prove it.
    fn with(base: &str, entrypoint: &[&str], grace: &str) -> Stopped {
        Stopped::proven(base, entrypoint, &["--grace", grace])
    }

    fn proven(base: &str, entrypoint: &[&str], flags: &[&str]) -> Stopped {
        let world = World::with_lab();
        let entrypoint = Value::from(entrypoint);
        let text = format!("FROM {base}\nUSER 10001\nEXPOSE 8080\nENTRYPOINT {entrypoint}\n");
        world.build(&["-q", "-t", "app"], &text).ok();
        let words = [&["prove"], flags, &["--format", "json", "app"]].concat();
        let document = world.run(&words).ok().json();
        world.assert_nothing_left();
        Stopped { stop: document["evidence"]["stop"].clone(), claims: document["claims"].clone() }
    }

    fn lab(knobs: &[&str], grace: &str) -> Stopped {
        let words = ["/bin/labapp", "serve"].iter().chain(knobs);
        Stopped::with("plimsoll/lab", &words.copied().collect::<Vec<_>>(), grace)
    }

    fn run(&self, condition: &str) -> &Value {
        let runs = self.stop["runs"].as_array().unwrap();
        let found = runs.iter().find(|run| run["condition"]["kind"] == condition);
        found.unwrap_or_else(|| panic!("no run '{condition}': {:#}", self.stop))
    }

    /// (answered, all) of a kind of connections.
    fn answered(&self, condition: &str, kind: &str) -> (u64, u64) {
        let counts = self.run(condition)["connections"].as_array().unwrap();
        let Some(count) = counts.iter().find(|count| count["kind"] == kind) else { return (0, 0) };
        let of = |field: &str| count[field].as_u64().unwrap();
        let lost = ["error_status", "reset", "eof", "refused", "timeout"].map(of).iter().sum::<u64>();
        (of("answered"), of("answered") + lost)
    }

    #[track_caller]
    fn claims(&self, expected: &[(&str, &str)]) {
        for (id, verdict) in expected {
            let claims = self.claims.as_array().unwrap();
            let claim = claims.iter().find(|claim| claim["id"] == *id);
            let claim = claim.unwrap_or_else(|| panic!("no claim {id}: {:#}", self.claims));
            assert_eq!(claim["verdict"], *verdict, "{id}: {claim:#}\n{:#}", self.stop);
        }
    }

    /// The ends of the processes whose command line contains this.
    fn ends(&self, condition: &str, command: &str) -> Vec<String> {
        let processes = self.run(condition)["processes"].as_array().unwrap();
        let of = |process: &&Value| process["command"].as_str().unwrap().starts_with(command);
        processes.iter().filter(of).map(|process| process["end"]["kind"].as_str().unwrap().into()).collect()
    }
}

#[test]
fn a_server_that_drains_loses_nothing_under_way() {
    // Each answer takes longer than the signal, so that all are under way.
    let drained = Stopped::lab(&["--think", "400"], "20");
    let (answered, all) = drained.answered("requests", "in-flight");
    assert!(all > 0 && answered == all, "{:#}", drained.stop);
    assert_eq!(drained.answered("requests", "new").0, 0, "it stopped listening: {:#}", drained.stop);
    drained.claims(&[
        ("stop-graceful", "proven"),
        ("stop-handled", "proven"),
        ("stop-in-flight", "proven"),
        ("stop-held", "proven"),
        ("stop-with-init", "proven"),
    ]);
    // Half of what it needs is too little.
    let short = drained.run("short-grace");
    assert_eq!(short["killed"], true, "{short:#}");
    let (answered, all) = drained.answered("short-grace", "in-flight");
    assert!(all > 0 && answered == 0, "{short:#}");
    assert_eq!(drained.run("requests")["processes"][0]["handles"], true, "it waits for the signal");
}

/// What is asked while it stops is what it answers, not what the user's own check does.
#[test]
fn a_check_of_ones_own_takes_no_load_away() {
    let server = ["/bin/labapp", "serve", "--think", "400"];
    let checked = Stopped::proven("plimsoll/lab:shell", &server, &["--grace", "20", "--check", "true"]);
    let (answered, all) = checked.answered("requests", "in-flight");
    assert!(all > 0 && answered == all, "{:#}", checked.stop);
    checked.claims(&[("stop-in-flight", "proven"), ("stop-held", "proven")]);
}

#[test]
fn one_that_ends_at_once_loses_what_is_under_way() {
    let cut = Stopped::lab(&["--think", "400", "--abrupt"], "20");
    let (answered, all) = cut.answered("requests", "in-flight");
    assert!(all > 0 && answered == 0, "{:#}", cut.stop);
    cut.claims(&[
        ("stop-graceful", "proven"),
        ("stop-handled", "proven"),
        ("stop-in-flight", "refuted"),
        ("stop-with-init", "proven"),
    ]);
}

#[test]
fn the_second_signal_and_the_listener() {
    let lingering = Stopped::lab(&["--linger", "1500", "--late"], "20");
    let (answered, all) = lingering.answered("requests", "new");
    assert!(all > 0 && answered > 0, "it listens until the end: {:#}", lingering.stop);
    let twice = lingering.run("second-signal");
    assert_eq!((&twice["killed"], &twice["code"]), (&false.into(), &1.into()), "{twice:#}");
    let closed = Stopped::lab(&["--linger", "1500"], "20");
    let (answered, all) = closed.answered("requests", "new");
    assert!(all > 0 && answered == 0, "it does not listen any more: {:#}", closed.stop);
    assert!(closed.run("requests")["listener_closed_us"].is_u64(), "{:#}", closed.stop);
    closed.claims(&[("stop-new", "proven"), ("stop-in-flight", "proven")]);
}

#[test]
fn one_without_a_handler_is_killed_and_with_an_init_merely_quick() {
    let killed = Stopped::lab(&["--no-handler"], "1");
    let quiet = killed.run("quiet");
    assert_eq!((&quiet["killed"], &quiet["code"]), (&true.into(), &137.into()));
    killed.claims(&[
        ("stop-graceful", "refuted"),
        ("stop-handled", "refuted"),
        ("stop-in-flight", "unproven"),
        ("stop-with-init", "refuted"),
    ]);
    assert_eq!(killed.run("init")["code"], 143, "the default action: {:#}", killed.stop);
    assert_eq!(killed.stop["undelivered"], serde_json::json!(["SIGINT", "SIGHUP"]));
}

#[test]
fn a_shell_in_between_keeps_the_signal_to_itself() {
    let wrapped =
        Stopped::with("plimsoll/lab:shell", &["/bin/sh", "-c", "/bin/labapp serve --port 8080; exit 0"], "1");
    wrapped.claims(&[("stop-graceful", "refuted"), ("stop-handled", "refuted")]);
    assert_eq!(wrapped.run("quiet")["killed"], true);
    // The shell dies, the init ends, the server dies with the namespace: quick, and not graceful.
    let init = wrapped.run("init");
    assert_eq!((&init["killed"], &init["code"]), (&false.into(), &143.into()), "{init:#}");
    match wrapped.ends("init", "/bin/labapp").as_slice() {
        [end] if end == "with-namespace" => wrapped.claims(&[("stop-with-init", "refuted")]),
        // Before Linux 6.15 nobody tells.
        [end] if end == "unknown" => wrapped.claims(&[("stop-with-init", "unproven")]),
        ends => panic!("{ends:?}: {init:#}"),
    }
}
