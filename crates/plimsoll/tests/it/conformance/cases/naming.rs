//! Names of hosts: hostname, /etc/hosts, /etc/resolv.conf.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("hostname", "docker run reference, --hostname: the name of the host and a line of /etc/hosts")
            .run("run --rm --hostname box bb sh -c 'hostname; cat /etc/hostname; grep -q box /etc/hosts && echo known'")
            .is("box\nbox\nknown")
            .run("run --rm -h box.example.org bb hostname")
            .is("box.example.org"),
        case("hostname-default", "docker run reference, --hostname: else it is the beginning of the id")
            .run("run -d --name {c} obey")
            .keep("id")
            .run("exec {c} hostname")
            .is("{id12}"),
        case("domainname", "docker-run(1), --domainname: the NIS domain name")
            .run("run --rm --hostname box --domainname example.org bb sh -c 'hostname; cat /proc/sys/kernel/domainname'")
            .is("box\nexample.org"),
        case("hosts-have-localhost", "docker run reference, Managing /etc/hosts: localhost is in it")
            .run("run --rm bb grep -c '127.0.0.1.*localhost' /etc/hosts")
            .is("1"),
        case("hosts-can-be-written", "docker run reference, Managing /etc/hosts: it is the container's own")
            .run("run --rm bb sh -c 'echo 10.0.0.1 more >> /etc/hosts && tail -1 /etc/hosts'")
            .is("10.0.0.1 more"),
        case("add-host", "docker run reference, --add-host: a line of /etc/hosts each")
            .run("run --rm --add-host one:198.51.100.1 --add-host two:198.51.100.2 bb grep ^198.51 /etc/hosts")
            .like("198.51.100.1*one\n198.51.100.2*two"),
        case("add-host-ipv6", "docker run reference, --add-host: the address may be of IPv6")
            .run("run --rm --add-host six:2001:db8::33 bb grep six /etc/hosts")
            .like("2001:db8::33*six"),
        case("add-host-invalid", "docker run reference, --add-host: NAME:IP")
            .run("run --rm --add-host one bb true")
            .ends(125)
            .run("run --rm --add-host one:10.0.0 bb true")
            .ends(125)
            .says("10.0.0"),
        case("dns", "docker run reference, --dns: servers of /etc/resolv.conf, in order")
            .run("run --rm --network host --dns 10.9.8.7 --dns 10.9.8.6 bb grep ^nameserver /etc/resolv.conf")
            .is("nameserver 10.9.8.7\nnameserver 10.9.8.6"),
        case("dns-search", "docker run reference, --dns-search: domains that are searched")
            .run("run --rm --network host --dns-search example.org --dns-search example.net bb grep ^search /etc/resolv.conf")
            .is("search example.org example.net"),
        case("dns-option", "docker-run(1), --dns-option: options of /etc/resolv.conf")
            .run("run --rm --network host --dns-option ndots:3 --dns-option rotate bb grep ^options /etc/resolv.conf")
            .is("options ndots:3 rotate"),
        case("dns-invalid", "docker run reference, --dns: an address")
            .run("run --rm --dns nowhere bb true")
            .ends(125)
            .says("nowhere"),
    ]
}
