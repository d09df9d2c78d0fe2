//! The verbs: one file each; its doc comments are its help.

pub mod build;
pub mod containers;
pub mod doctor;
pub mod exec;
pub mod explain;
pub mod format;
pub mod history;
pub mod images;
pub mod inspect;
pub mod kube;
pub mod load;
pub mod logs;
pub mod prove;
pub mod prune;
pub mod ps;
pub mod pull;
pub mod push;
pub mod rmi;
pub mod run;
pub mod save;
pub mod scan;
pub mod ship;
pub mod tag;
