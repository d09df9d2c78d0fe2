//! The file is there, and the kernel knows no way to execute what is in it.

use super::Scene;
use super::chain::Chain;
use super::executable::{Executable, machine_name, own_machine};

pub(super) fn why_unknown(scene: &Scene<'_>, path: &str) -> String {
    let chain = Chain::follow(scene, path);
    let subject = chain.subject();
    match &chain.file {
        Executable::Elf { machine, .. } if *machine != own_machine() => format!(
            "{subject} is built for {machine}, and this machine is {own}; build or pull it with `--platform \
             linux/{own}`, or register an emulator for {machine} with binfmt_misc",
            machine = machine_name(*machine),
            own = machine_name(own_machine()),
        ),
        Executable::Elf { .. } => {
            format!("{subject} is a damaged program; copy it once more, and compare the sizes")
        }
        Executable::Empty => format!("{subject} is empty"),
        Executable::LateShebang => format!(
            "{subject} has something before '#!', perhaps a blank line or a byte order mark; \
             '#!' must be the very first two bytes"
        ),
        Executable::Script { .. } => format!("the first line of {subject} names no usable interpreter"),
        Executable::Text => {
            format!("{subject} is a script without '#!'; make '#!/bin/sh' its first line")
        }
        Executable::Other | Executable::Unreadable => format!("{subject} is no program the kernel knows"),
    }
}
