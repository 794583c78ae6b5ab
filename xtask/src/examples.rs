//! The examples in the documents, run again.

use crate::cargo;
use crate::command;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Runs the examples, and rewrites output that has changed.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    progress.run("the programs", cargo::programs_for_tests(workspace))?;
    let mut test = workspace.cargo("test");
    test.args(["--quiet", "--workspace", "--test", "lab", "--", "docs::the_examples", "--nocapture"]);
    // The examples run one at a time, because they show times.
    test.arg("--test-threads=1").env("LAUNCELOT_WRITE_EXAMPLES", "1");
    command::show(test)
}
