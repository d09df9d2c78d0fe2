//! What a process was given is known before it does anything, however short it lives.

use crate::launch_support::for_each;

#[test]
fn a_program_that_ends_at_once_was_looked_at() {
    for_each(|bed| {
        for _ in 0..20 {
            let done = bed.run(&["--look", "--env", "A=b c", "--workdir", "/tmp", "true"]);
            assert_eq!(done.code, 0, "{}", done.err);
            assert!(done.err.starts_with("[\"true\"] /bin/busybox in /tmp as 0:0 "), "{}", done.err);
            assert!(
                done.err.contains("(\"A\", \"b c\")") && done.err.contains("caps 13/13/13"),
                "{}",
                done.err
            );
        }
        let done = bed.sh(&["--look", "--user", "33:34"], "exit 3");
        assert_eq!(done.code, 3, "{}", done.err);
        assert!(done.err.contains(" as 33:34 ") && done.err.contains("caps 0/0/13"), "{}", done.err);
        let strict = ["--drop-all", "--no-new-privileges", "--read-only"];
        let done = bed.sh(&[&["--look", "--user", "33:34"], &strict[..]].concat(), "exit 0");
        assert!(done.err.contains("caps 0/0/0"), "{}", done.err);
        let missing = bed.run(&["--look", "absent"]);
        assert_eq!(missing.code, 127, "{}", missing.err);
        // Behind the built-in init nobody looks, and nothing waits for it.
        let done = bed.run(&["--look", "--init", "true"]);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
    });
}

#[test]
fn nobody_traces_it_afterwards() {
    for_each(|bed| {
        let done = bed.sh(&["--look"], "grep TracerPid /proc/self/status /proc/1/status");
        assert!(done.out.lines().all(|line| line.ends_with("\t0")) && !done.out.is_empty(), "{}", done.out);
    });
}

#[test]
fn each_program_of_its_life_is_shown() {
    for_each(|bed| {
        let done = bed.sh(&["--follow"], "true; exec sh -c 'kill -9 $$; exec env -i /bin/sleep 0'");
        assert_eq!(done.code, 0, "{}", done.err);
        let programs: Vec<&str> = done.err.lines().collect();
        assert_eq!(programs.len(), 4, "{}", done.err);
        assert!(
            programs[1].starts_with("[\"sh\", \"-c\", \"kill") && programs[1].contains("SHLVL"),
            "{}",
            done.err
        );
        assert!(programs[2].starts_with("[\"/bin/sleep\", \"0\"]"), "{}", done.err);
        assert!(programs[2].contains("env []"), "{}", done.err);
        assert_eq!(programs[3], "followed to its end among 1");
    });
}
