//! `plimsoll update`.

use clap::Args;
use plimsoll_model::launch::{Limits, SwapLimit};

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};
use crate::launch_flags::memory::{bytes, swap};
use crate::launch_flags::processors::{nano_cpus, numbers};
use crate::terminal;

/// Change limits of containers, those that run and those that do not. What is not named stays as it is.
#[derive(Args)]
pub struct Update {
    /// Most memory, as 512m or 1.5g; at least 6m.
    #[arg(short, long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<u64>,
    /// Most memory and swap together; -1: as much swap as there is.
    #[arg(long, value_name = "BYTES", value_parser = swap, allow_negative_numbers = true)]
    memory_swap: Option<SwapLimit>,
    /// Memory that is left to it when the machine is short of it.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory_reservation: Option<u64>,
    /// Most processors it may use, as 1.5.
    #[arg(long, value_name = "DECIMAL", value_parser = nano_cpus)]
    cpus: Option<u64>,
    /// Processors it may run on, as 0-3 or 0,1.
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    cpuset_cpus: Option<String>,
    /// Memory nodes it may use, as 0-3 or 0,1.
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    cpuset_mems: Option<String>,
    /// Weight of its processor time against others; 1024 is usual.
    #[arg(short, long, value_name = "WEIGHT")]
    cpu_shares: Option<u64>,
    /// Length of a period of --cpu-quota in microseconds.
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<u64>,
    /// Processor time in each period in microseconds.
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_quota: Option<u64>,
    /// Most processes and threads.
    #[arg(long, value_name = "NUMBER")]
    pids_limit: Option<u64>,
    /// Weight of its block input and output against others, 10 to 1000.
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<u16>,
    /// Names or ids.
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Update {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let change = self.change();
        if change.is_empty() {
            return Err(CommandError::usage("you must provide one or more flags when using this command"));
        }
        each(&self.containers, |_, name, container| {
            for warning in container.update_limits(&change).map_err(CommandError::failure)? {
                terminal::eprint(&format!("warning: {warning}\n"));
            }
            Ok(name.to_string())
        })
    }

    /// As for docker 0 is no change.
    fn change(&self) -> Limits {
        let set = |number: Option<u64>| number.filter(|number| *number > 0);
        Limits {
            memory: set(self.memory),
            memory_swap: self.memory_swap.filter(|swap| *swap != SwapLimit::Bytes(0)),
            memory_reservation: set(self.memory_reservation),
            nano_cpus: set(self.cpus),
            cpuset_cpus: self.cpuset_cpus.clone().filter(|list| !list.is_empty()),
            cpuset_mems: self.cpuset_mems.clone().filter(|list| !list.is_empty()),
            cpu_shares: set(self.cpu_shares).map(|shares| shares.clamp(2, 262_144)),
            cpu_period: set(self.cpu_period),
            cpu_quota: set(self.cpu_quota),
            pids: set(self.pids_limit),
            io_weight: self.blkio_weight.filter(|weight| *weight > 0),
            ..Limits::default()
        }
    }
}
