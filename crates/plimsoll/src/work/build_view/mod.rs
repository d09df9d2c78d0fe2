//! What people, logs and programs see of a build.

use plimsoll_build::{Built, Event};
use plimsoll_model::Platform;

use super::build_output_flags::ProgressForm;
use super::build_screen::BuildScreen;
use crate::command_error::CommandError;
use crate::terminal::Progress;

mod json_log;
mod live_region;
mod plain_log;

use json_log::JsonLog;
use live_region::LiveRegion;
use plain_log::PlainLog;

/// One way to show builds. Several platforms are shown one after the other.
pub enum BuildView<'a> {
    /// A line for each finished step.
    Lines(BuildScreen<'a>),
    /// Numbered lines.
    Plain(PlainLog),
    /// One JSON object a line.
    Json(JsonLog),
    /// A line for each running step, gone when it is done.
    Live(LiveRegion<'a>),
}

impl<'a> BuildView<'a> {
    /// The view a flag asks for; `progress` is that of [`progress`]. With `why` every step built anew
    /// says its reason.
    pub fn new(form: ProgressForm, progress: &'a Progress, why: bool) -> Self {
        match form {
            ProgressForm::Plain => BuildView::Plain(PlainLog::new(why)),
            ProgressForm::Json => BuildView::Json(JsonLog::default()),
            ProgressForm::Auto | ProgressForm::Tty if progress.is_alive() => {
                BuildView::Live(LiveRegion::new(progress, why))
            }
            _ => BuildView::Lines(BuildScreen::new(progress, true, why)),
        }
    }

    /// A build begins; the platform is told where there are several.
    pub fn begin(&self, platform: Option<&Platform>) {
        if let BuildView::Json(log) = self {
            log.begin(platform);
        }
    }

    /// Show an event.
    pub fn show(&self, event: Event) {
        match self {
            BuildView::Lines(screen) => screen.show(event),
            BuildView::Plain(log) => log.show(event),
            BuildView::Json(log) => log.show(event),
            BuildView::Live(region) => region.show(event),
        }
    }

    /// The build is over: what unfinished steps printed is shown.
    pub fn end(&self) {
        match self {
            BuildView::Lines(screen) => screen.end(),
            BuildView::Plain(log) => log.end(),
            BuildView::Json(log) => log.end(),
            BuildView::Live(region) => region.end(),
        }
    }

    /// An image is there. Only programs are told: people see the last line.
    pub fn built(&self, built: &Built) {
        if let BuildView::Json(log) = self {
            log.built(built);
        }
    }

    /// It failed. Where programs listen they get the reason as an event, and nothing else is printed.
    pub fn failed(&self, error: CommandError) -> Result<u8, CommandError> {
        match self {
            BuildView::Json(log) => {
                log.failed(&error);
                Ok(error.kind.exit_code())
            }
            _ => Err(error),
        }
    }
}

/// Progress of everything beside the steps, as the form wants it.
pub fn progress(form: ProgressForm, quiet: bool) -> Progress {
    match form {
        _ if quiet => Progress::new(true),
        ProgressForm::Auto | ProgressForm::Tty => Progress::new(false),
        ProgressForm::Plain => Progress::without_life(),
        ProgressForm::Json | ProgressForm::Quiet | ProgressForm::Rawjson => Progress::new(true),
    }
}
