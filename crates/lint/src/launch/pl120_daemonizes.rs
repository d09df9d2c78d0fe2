//! # PL120 daemonizes
//!
//! The program goes into the background by itself and PID 1 ends: the container is over, with exit
//! code 0. `service nginx start`, `nginx` without `daemon off;`, `apachectl start`, `sshd` without
//! `-D`, `crond` without `-f`, busybox' `httpd` without `-f` do so.
//!
//! Start the program in the foreground: `nginx -g "daemon off;"`, `apachectl -D FOREGROUND`,
//! `sshd -D`, `crond -f`.
//!
//! Nothing is said when its configuration, as far as it is at hand, keeps it in the foreground.

use plimsoll_model::{Certainty, Diagnostic};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::pid1::words::base_name;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let Some((what, instead, certainty)) = daemon(subject, &foreground.argv) else { return Vec::new() };
    let found = report.error(format!("{what} goes into the background: the container ends at once"));
    let found = found.certainty(certainty).note(format!("keep it in the foreground: {instead}"));
    vec![subject.at_foreground(found, &foreground, "returns at once")]
}

/// The daemon, how to keep it in the foreground, and how sure it is that it goes.
fn daemon(subject: &Subject<'_>, argv: &[String]) -> Option<(String, &'static str, Certainty)> {
    let (program, args) = argv.split_first()?;
    let has = |wanted: &[&str]| args.iter().any(|arg| wanted.contains(&arg.as_str()));
    let joined = args.join(" ");
    let certain = |instead| Some((argv.join(" "), instead, Certainty::Certain));
    let likely = |instead| Some((argv.join(" "), instead, Certainty::Likely));
    match base_name(program) {
        "service" | "rc-service" if has(&["start", "restart"]) => certain("start the program itself"),
        "systemctl" if has(&["start", "restart"]) => certain("start the program itself"),
        _ if program.starts_with("/etc/init.d/") && has(&["start", "restart"]) => {
            certain("start the program itself")
        }
        "nginx" if has(&["-t", "-T", "-v", "-V", "-h", "-?"]) => None,
        "nginx" if joined.replace(' ', "").contains("daemonoff;") => None,
        "nginx" => match nginx_foreground(subject) {
            Some(true) => None,
            Some(false) => certain("nginx -g \"daemon off;\""),
            None => likely("nginx -g \"daemon off;\""),
        },
        "apachectl" | "apache2ctl" | "httpd" if joined.replace(' ', "").contains("FOREGROUND") => None,
        "apachectl" | "apache2ctl" if has(&["start", "restart"]) || args.is_empty() => {
            certain("apachectl -D FOREGROUND")
        }
        "httpd" if joined.contains("-k start") => certain("httpd -D FOREGROUND"),
        "busybox" if args.first().is_some_and(|applet| applet == "httpd") => {
            serves_in_background(&args[1..]).then_some(())?;
            certain("busybox httpd -f")
        }
        // Apache's and busybox' program are called so, and either goes: Apache's even with -f, its configuration.
        "httpd" if serves_in_background(args) => {
            likely("httpd -f if it is busybox', httpd -D FOREGROUND if Apache's")
        }
        "sshd" if !has(&["-D", "-t", "-T", "-d", "-i"]) && !joined.contains("-De") => certain("sshd -D -e"),
        "cron" if !has(&["-f"]) => certain("cron -f"),
        "crond" if !args.iter().any(|arg| arg.starts_with('-') && arg.contains(['f', 'n', 'd'])) => {
            certain("crond -f")
        }
        "squid" if !args.iter().any(|arg| short_flags(arg, "NkvhCz") || arg == "--foreground") => {
            certain("squid -N, or squid --foreground")
        }
        "pg_ctl" if has(&["start"]) => certain("postgres -D DIRECTORY"),
        "redis-server" if joined.contains("--daemonize yes") => certain("redis-server --daemonize no"),
        "gunicorn" if has(&["-D", "--daemon"]) => certain("gunicorn without -D"),
        "php-fpm" if has(&["-D", "--daemonize"]) => certain("php-fpm -F"),
        "memcached" | "mosquitto" if has(&["-d"]) => certain("leave out -d"),
        "haproxy" if has(&["-D"]) => certain("haproxy -W without -D"),
        "uwsgi" if joined.contains("--daemonize") => certain("uwsgi without --daemonize"),
        _ => None,
    }
}

/// Whether httpd of busybox (networking/httpd.c) goes into the background: not with `-f`, under inetd, or to
/// print an encoded text. Apache's `-X`, `-t` and what it prints of itself stay, too.
fn serves_in_background(args: &[String]) -> bool {
    !args.iter().any(|arg| short_flags(arg, "fiemdXtvVlLSM"))
}

/// Whether a word is a group of short options with one of these letters in it.
fn short_flags(word: &str, letters: &str) -> bool {
    let group = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    group.is_some_and(|group| group.chars().any(|c| letters.contains(c)))
}

/// Whether nginx' configuration keeps it in the foreground; `None` if it is not at hand.
fn nginx_foreground(subject: &Subject<'_>) -> Option<bool> {
    const CONFIG: &str = "/etc/nginx/nginx.conf";
    if subject.run_mentions("daemon off") {
        return Some(true);
    }
    let bytes = match subject.tree {
        Some(tree) => tree.read(CONFIG, 1 << 20).ok()?,
        None => subject.locate(CONFIG)?.bytes?,
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or(""));
    Some(lines.into_iter().any(|line| line.replace(char::is_whitespace, "").contains("daemonoff;")))
}
