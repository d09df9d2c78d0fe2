//! Tests of the runtime with real containers.

mod launch_enter;
mod launch_hostile;
mod launch_kernel;
mod launch_process;
mod launch_range;
mod launch_support;
mod launch_view;
mod life_inside;
mod life_ports;
mod life_run;
mod life_support;
mod life_terminal;
