//! What launches were given, what was said of their start and what it was, as JSON.

use serde::{Deserialize, Serialize};

use crate::evidence::{Given, Program, Promised, Start};

#[derive(Serialize, Deserialize)]
pub(super) struct StartWire {
    argv: Vec<String>,
    exe: String,
    workdir: String,
    env: Vec<(String, String)>,
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    effective: Vec<String>,
    permitted: Vec<String>,
    bounding: Vec<String>,
    became: Option<Vec<ProgramWire>>,
}

#[derive(Serialize, Deserialize)]
struct ProgramWire {
    argv: Vec<String>,
    exe: String,
}

impl From<&Program> for ProgramWire {
    fn from(program: &Program) -> Self {
        ProgramWire { argv: program.argv.clone(), exe: program.exe.clone() }
    }
}

impl ProgramWire {
    fn read(self) -> Program {
        Program { argv: self.argv, exe: self.exe }
    }
}

impl From<&Start> for StartWire {
    fn from(start: &Start) -> Self {
        StartWire {
            argv: start.program.argv.clone(),
            exe: start.program.exe.clone(),
            workdir: start.workdir.clone(),
            env: start.env.clone(),
            uid: start.uid,
            gid: start.gid,
            groups: start.groups.clone(),
            effective: start.effective.clone(),
            permitted: start.permitted.clone(),
            bounding: start.bounding.clone(),
            became: start.became.as_ref().map(|became| became.iter().map(ProgramWire::from).collect()),
        }
    }
}

impl StartWire {
    pub(super) fn read(self) -> Start {
        Start {
            program: Program { argv: self.argv, exe: self.exe },
            workdir: self.workdir,
            env: self.env,
            uid: self.uid,
            gid: self.gid,
            groups: self.groups,
            effective: self.effective,
            permitted: self.permitted,
            bounding: self.bounding,
            became: self.became.map(|became| became.into_iter().map(ProgramWire::read).collect()),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PromisedWire {
    uid: u32,
    gid: u32,
    groups: Option<Vec<u32>>,
    env: Vec<(String, String)>,
    workdir: String,
    capabilities: Vec<String>,
}

impl From<&Promised> for PromisedWire {
    fn from(promised: &Promised) -> Self {
        let Promised { uid, gid, groups, env, workdir, capabilities } = promised.clone();
        PromisedWire { uid, gid, groups, env, workdir, capabilities }
    }
}

impl PromisedWire {
    pub(super) fn read(self) -> Promised {
        let PromisedWire { uid, gid, groups, env, workdir, capabilities } = self;
        Promised { uid, gid, groups, env, workdir, capabilities }
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct GivenWire {
    args: Vec<String>,
    env: Vec<(String, Option<String>)>,
    user: Option<String>,
    workdir: Option<String>,
    hostname: Option<String>,
    mounts: Vec<(String, String)>,
}

impl From<&Given> for GivenWire {
    fn from(given: &Given) -> Self {
        let Given { args, env, user, workdir, hostname, mounts } = given.clone();
        GivenWire { args, env, user, workdir, hostname, mounts }
    }
}

impl GivenWire {
    pub(super) fn read(self) -> Given {
        let GivenWire { args, env, user, workdir, hostname, mounts } = self;
        Given { args, env, user, workdir, hostname, mounts }
    }
}
