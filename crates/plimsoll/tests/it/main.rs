//! End to end: plimsoll as people call it, as root and as an ordinary user.

mod build_cache;
mod build_config;
mod build_copy;
mod build_run;
mod command;
mod containers;
mod docker_registry;
mod examples;
mod explain;
mod harness;
mod help;
mod images;
mod mistakes;
mod proof;
mod real_servers;
mod registry;
mod run;
mod run_mounts;
mod run_network;
mod run_rights;
mod saved;
