//! This program again, as a process of its own that can be killed.

use std::env;
use std::process::{Child, Command};

/// Killed when a failing assertion would leave it running.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program, to run one of its ignored tests alone. What that prints may stand behind the harness's own words in a line.
pub(crate) fn this_program_as(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--ignored", "--exact", "--nocapture", test]);
    command
}
