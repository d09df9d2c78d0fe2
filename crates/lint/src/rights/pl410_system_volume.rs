//! # PL410 system-volume
//!
//! VOLUME of a directory the system or the runtime owns: the socket of docker, `/proc`, `/etc`, `/usr`. A
//! fresh volume is laid over the files there, and the socket of docker is root on the host.
//!
//! Declare only directories for data, such as `/var/lib/NAME`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;

/// Directories that belong to the system or the runtime.
const SYSTEM: [&str; 15] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/usr", "/var", "/var/run",
];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let shipped = file.shipped();
    let mut found = Vec::new();
    for (_, statement) in file.staged().filter(|(stage, _)| shipped.contains(stage)) {
        let Instruction::Volume(paths) = &statement.instruction else { continue };
        for path in paths {
            let text = path.text.trim_matches(['"', '\'']);
            let directory = if text.len() > 1 { text.trim_end_matches('/') } else { text };
            let is_socket = text.ends_with("docker.sock") || text.ends_with("containerd.sock");
            if is_socket {
                let message = "who reaches the runtime's socket is root on the host";
                found.push(report.warning(message).at(source, path.span, "declared as a volume"));
            } else if SYSTEM.contains(&directory) {
                let message = format!("a volume is laid over {directory}, which belongs to the system");
                found.push(report.warning(message).at(source, path.span, "no place for data"));
            }
        }
    }
    found
}
