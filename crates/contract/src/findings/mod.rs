//! The rules about launching: one file a rule. The comment at the head of the file is the rule's
//! manual, shown by `explain PLnnn`.

mod exec_form;
mod pl101_args_ignored;
mod pl102_cmd_becomes_sh_args;
mod pl103_shell_is_pid1;
mod pl104_script_no_exec;
mod pl105_script_drops_args;
mod pl106_inherited_cmd_reset;
mod pl107_cmd_repeats_entrypoint;
mod pl108_sh_c_drops_args;
mod pl109_exec_form_var;
mod pl110_bad_exec_json;
mod pl111_wrapper_as_pid1;
mod pl112_argv0_has_space;
mod pl113_no_shell_in_image;
mod pl114_interpreter_missing;
mod pl115_entrypoint_not_executable;
mod pl116_entrypoint_not_in_image;
mod pl117_only_last_counts;
mod pl118_launch_in_other_stage;
mod pl119_background_job;
mod pl120_daemonizes;
mod pl121_stopsignal_ungraceful;
mod pl122_stopsignal_for_program;
mod pl123_shell_after_cmd;
mod pl124_cmd_leading_flag;
mod pl125_init_bypassed;
mod pl126_relative_argv0;
mod pl127_dev_server;
mod pl128_binds_localhost;
mod pl129_expose_vs_args;
mod pl130_logs_buffered;
mod pl131_migrate_then_start;
mod pl132_nothing_to_run;
mod pl401_runs_as_root;
mod pl402_user_not_numeric;
mod pl403_low_port_nonroot;
mod pl501_healthcheck_not_used_by_k8s;
mod subject;

use plimsoll_model::{Diagnostic, Severity, Span};

pub use subject::Subject;

/// One rule.
pub struct Rule {
    /// Stable code such as `PL101`.
    pub code: &'static str,
    /// Stable name such as `args-ignored`.
    pub name: &'static str,
    source: &'static str,
    check: fn(&Subject<'_>) -> Vec<Diagnostic>,
}

impl Rule {
    /// What the rule is about, in Markdown: the comment at the head of its file, its title left out.
    pub fn manual(&self) -> String {
        let comment = self.source.lines().map_while(|line| line.strip_prefix("//!")).skip(2);
        comment.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

macro_rules! rules {
    ($($code:literal $name:literal $module:ident,)*) => {
        /// All rules in the order of their codes.
        pub const RULES: &[Rule] = &[$(Rule {
            code: $code,
            name: $name,
            source: include_str!(concat!(stringify!($module), ".rs")),
            check: |subject| $module::check(subject, &Report { code: $code, name: $name }),
        }),*];
    };
}

rules! {
    "PL101" "args-ignored" pl101_args_ignored,
    "PL102" "cmd-becomes-sh-args" pl102_cmd_becomes_sh_args,
    "PL103" "shell-is-pid1" pl103_shell_is_pid1,
    "PL104" "script-no-exec" pl104_script_no_exec,
    "PL105" "script-drops-args" pl105_script_drops_args,
    "PL106" "inherited-cmd-reset" pl106_inherited_cmd_reset,
    "PL107" "cmd-repeats-entrypoint" pl107_cmd_repeats_entrypoint,
    "PL108" "sh-c-drops-args" pl108_sh_c_drops_args,
    "PL109" "exec-form-var" pl109_exec_form_var,
    "PL110" "bad-exec-json" pl110_bad_exec_json,
    "PL111" "wrapper-as-pid1" pl111_wrapper_as_pid1,
    "PL112" "argv0-has-space" pl112_argv0_has_space,
    "PL113" "no-shell-in-image" pl113_no_shell_in_image,
    "PL114" "interpreter-missing" pl114_interpreter_missing,
    "PL115" "entrypoint-not-executable" pl115_entrypoint_not_executable,
    "PL116" "entrypoint-not-in-image" pl116_entrypoint_not_in_image,
    "PL117" "only-last-counts" pl117_only_last_counts,
    "PL118" "launch-in-other-stage" pl118_launch_in_other_stage,
    "PL119" "background-job" pl119_background_job,
    "PL120" "daemonizes" pl120_daemonizes,
    "PL121" "stopsignal-ungraceful" pl121_stopsignal_ungraceful,
    "PL122" "stopsignal-for-program" pl122_stopsignal_for_program,
    "PL123" "shell-after-cmd" pl123_shell_after_cmd,
    "PL124" "cmd-leading-flag" pl124_cmd_leading_flag,
    "PL125" "init-bypassed" pl125_init_bypassed,
    "PL126" "relative-argv0" pl126_relative_argv0,
    "PL127" "dev-server" pl127_dev_server,
    "PL128" "binds-localhost" pl128_binds_localhost,
    "PL129" "expose-vs-args" pl129_expose_vs_args,
    "PL130" "logs-buffered" pl130_logs_buffered,
    "PL131" "migrate-then-start" pl131_migrate_then_start,
    "PL132" "nothing-to-run" pl132_nothing_to_run,
    "PL401" "runs-as-root" pl401_runs_as_root,
    "PL402" "user-not-numeric" pl402_user_not_numeric,
    "PL403" "low-port-nonroot" pl403_low_port_nonroot,
    "PL501" "healthcheck-not-used-by-k8s" pl501_healthcheck_not_used_by_k8s,
}

/// A rule's own code and name, for its messages.
struct Report {
    code: &'static str,
    name: &'static str,
}

impl Report {
    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Error, message)
    }

    fn warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Warning, message)
    }

    fn info(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Info, message)
    }
}

/// Everything the rules find, the worst first, then by place.
pub fn findings(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = RULES.iter().flat_map(|rule| (rule.check)(subject)).collect();
    // What the builder refuses is not stored: nothing else about that line is true.
    let refused: Vec<Span> = found.iter().filter(|found| found.code == "PL124").filter_map(place).collect();
    let inside = |other: Span| refused.iter().any(|span| other.start <= span.start && span.end <= other.end);
    found.retain(|found| found.code == "PL124" || !place(found).is_some_and(inside));
    let start = |found: &Diagnostic| found.place().map_or(0, |label| label.span.start);
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then(start(a).cmp(&start(b))));
    found
}

fn place(found: &Diagnostic) -> Option<Span> {
    found.place().map(|label| label.span)
}

/// A rule by its code or name, in any case.
pub fn rule(code_or_name: &str) -> Option<&'static Rule> {
    let matches = |text: &str| text.eq_ignore_ascii_case(code_or_name);
    RULES.iter().find(|rule| matches(rule.code) || matches(rule.name))
}

#[cfg(test)]
mod tests;
