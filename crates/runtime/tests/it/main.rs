//! Tests of the runtime with real containers.

mod launch_build_step;
mod launch_cgroups;
mod launch_devices;
mod launch_enter;
mod launch_fields;
mod launch_first_look;
mod launch_hostile;
mod launch_owners;
mod launch_process;
mod launch_propagation;
mod launch_range;
mod launch_seccomp;
mod launch_sharing;
mod launch_support;
mod launch_view;
mod life_cgroups;
mod life_inside;
mod life_ports;
mod life_restart;
mod life_run;
mod life_support;
mod life_terminal;
