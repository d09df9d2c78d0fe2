//! `/etc/resolv.conf` of a container (resolv.conf(5)): the host's, with what was asked for instead.

use std::net::IpAddr;

use plimsoll_model::launch::Naming;

/// The file of a container; `shared`: it has the host's network.
pub(super) fn of_container(host: &str, shared: bool, naming: &Naming) -> String {
    let host = if shared { host.to_string() } else { reachable_servers(host) };
    let Naming { servers, search, options, .. } = naming;
    if servers.is_empty() && search.is_empty() && options.is_empty() {
        return host;
    }
    let servers: Vec<String> = servers.iter().map(IpAddr::to_string).collect();
    // `.` alone: none.
    let none = search.len() == 1 && search[0] == ".";
    let search = if none { Vec::new() } else { asked_or(search, &host, "search") };
    let options = asked_or(options, &host, "options");
    let line = |key: &str, words: Vec<String>| match words.is_empty() {
        true => String::new(),
        false => format!("{key} {}\n", words.join(" ")),
    };
    let servers = asked_or(&servers, &host, "nameserver").into_iter();
    let servers: String = servers.map(|server| format!("nameserver {server}\n")).collect();
    [line("search", search), servers, line("options", options)].concat()
}

/// What was asked for, else the words of the host's lines that begin so.
fn asked_or(asked: &[String], host: &str, key: &str) -> Vec<String> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let lines = host.lines().map(str::split_ascii_whitespace);
    let mut wanted = lines.filter_map(|mut words| (words.next() == Some(key)).then_some(words));
    match key {
        // Of several search lines the last one counts.
        "search" => wanted.next_back().map(|words| words.map(str::to_string).collect()).unwrap_or_default(),
        _ => wanted.flatten().map(str::to_string).collect(),
    }
}

/// Nothing it names can be reached from a container.
pub(super) fn has_only_loopback(resolv_conf: &str) -> bool {
    let mut servers = resolv_conf.lines().filter_map(server).peekable();
    servers.peek().is_some() && servers.all(|address| address.is_loopback())
}

/// The host's settings without name servers on the host's loopback: that address is another machine's
/// from inside the container.
fn reachable_servers(resolv_conf: &str) -> String {
    let reachable = |line: &&str| !server(line).is_some_and(|address| address.is_loopback());
    resolv_conf.lines().filter(reachable).map(|line| format!("{line}\n")).collect()
}

/// The host's settings with one name server in place of all.
pub(super) fn served_by(resolv_conf: &str, name_server: IpAddr) -> String {
    let others = resolv_conf.lines().filter(|line| !line.trim_start().starts_with("nameserver"));
    std::iter::once(format!("nameserver {name_server}\n"))
        .chain(others.map(|line| format!("{line}\n")))
        .collect()
}

/// The server a line names.
fn server(line: &str) -> Option<IpAddr> {
    let mut words = line.split_ascii_whitespace();
    (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str =
        "search lan\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver ::1\noptions edns0\n";

    #[test]
    fn name_servers_on_the_hosts_loopback_are_left_out() {
        let plain = Naming::default();
        assert_eq!(of_container(HOST, false, &plain), "search lan\nnameserver 10.0.0.1\noptions edns0\n");
        assert_eq!(of_container(HOST, true, &plain), HOST);
        assert!(!has_only_loopback(HOST));
        assert!(has_only_loopback("nameserver 127.0.0.53\n"));
        assert!(!has_only_loopback("search lan\n"));
    }

    #[test]
    fn one_server_in_place_of_all() {
        let served = served_by(HOST, "10.0.2.3".parse().unwrap());
        assert_eq!(served, "nameserver 10.0.2.3\nsearch lan\noptions edns0\n");
        assert_eq!(of_container(&served, false, &Naming::default()), served);
    }

    #[test]
    fn what_was_asked_for_takes_the_place_of_the_hosts() {
        let servers = Naming { servers: vec!["9.9.9.9".parse().unwrap()], ..Naming::default() };
        assert_eq!(of_container(HOST, false, &servers), "search lan\nnameserver 9.9.9.9\noptions edns0\n");
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>();
        let none = Naming { search: words(&["."]), ..Naming::default() };
        assert_eq!(of_container(HOST, false, &none), "nameserver 10.0.0.1\noptions edns0\n");
        let both = Naming { search: words(&["a", "b"]), options: words(&["ndots:2"]), ..Naming::default() };
        assert_eq!(of_container(HOST, false, &both), "search a b\nnameserver 10.0.0.1\noptions ndots:2\n");
    }
}
