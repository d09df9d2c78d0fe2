//! EXPOSE: words, ranges and docker's `ip:host:container` form (buildkit `convert_expose.go`).

use std::net::IpAddr;

use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::Text;
use plimsoll_model::{Because, Diagnostic, Source};

use super::{Applied, StageState, bad_expansion, config_only, refuse};
use crate::reasons::Keyed;

impl StageState {
    pub(super) fn expose(
        &mut self,
        source: &Source,
        words: &[Text],
        because: &Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        // BuildKit sorts the words before it expands them.
        let mut sorted: Vec<&Text> = words.iter().collect();
        sorted.sort_by(|a, b| a.text.cmp(&b.text));
        let mut ports = Vec::new();
        for word in sorted {
            let expanded = expand::expand_words(&word.text, self.escape, &|name| self.variable(name));
            let expanded = expanded.map_err(|error| bad_expansion(source, word, &error))?;
            for spec in &expanded {
                let parsed = parse_spec(spec).ok_or_else(|| {
                    refuse(
                        source,
                        word.span,
                        format!("'{spec}' is no port"),
                        "a number from 0 to 65535, or a range, with /tcp, /udp or /sctp was expected",
                    )
                })?;
                ports.extend(parsed);
            }
        }
        for port in &ports {
            self.reasons.set_keyed(Keyed::Port, port, because.clone());
        }
        let exposed = &mut self.config.exposed_ports;
        exposed.extend(ports.iter().cloned());
        exposed.sort();
        exposed.dedup();
        Ok(config_only(format!("EXPOSE [{}]", ports.join(" "))))
    }
}

/// `[ip:][host:]container[-last][/protocol]` to `port/protocol` texts.
fn parse_spec(text: &str) -> Option<Vec<String>> {
    let (host, container) = text.rsplit_once(':').unwrap_or(("", text));
    let (numbers, protocol) = container.split_once('/').unwrap_or((container, ""));
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "" | "tcp" => "tcp",
        "udp" => "udp",
        "sctp" => "sctp",
        _ => return None,
    };
    let (first, last) = parse_numbers(numbers)?;
    let (ip, host_numbers) = host.rsplit_once(':').unwrap_or(("", host));
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        return None;
    }
    if !host_numbers.is_empty() {
        let (host_first, host_last) = parse_numbers(host_numbers)?;
        if host_last - host_first != last - first && first != last {
            return None;
        }
    }
    Some((first..=last).map(|number| format!("{number}/{protocol}")).collect())
}

fn parse_numbers(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::parse_spec;

    #[test]
    fn forms() {
        let one = |text: &str| parse_spec(text).map(|ports| ports.join(" "));
        for (text, expected) in [
            ("80", Some("80/tcp")),
            ("53/UDP", Some("53/udp")),
            ("80/", Some("80/tcp")),
            ("8000-8002", Some("8000/tcp 8001/tcp 8002/tcp")),
            ("8080:80", Some("80/tcp")),
            ("127.0.0.1:8080:80", Some("80/tcp")),
            ("[::1]:8080:80", Some("80/tcp")),
            ("0", Some("0/tcp")),
            ("", None),
            ("/tcp", None),
            ("80/x", None),
            ("65536", None),
            ("9-8", None),
            ("+8", None),
            ("x:80", None),
            ("host:8080:80", None),
            ("1-3:5-6", None),
        ] {
            assert_eq!(one(text).as_deref(), expected, "{text}");
        }
    }
}
