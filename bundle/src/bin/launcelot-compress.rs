//! Adds compressed variants to a finished page and prints its sizes.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use launcelot_bundle::compress::add_variants;
use launcelot_bundle::output::OutputFolder;
use launcelot_bundle::sizes::Sizes;

/// Adds .br and .gz files to a finished page and prints its sizes.
#[derive(Parser, Debug)]
#[command(name = "launcelot-compress")]
struct Arguments {
    /// The folder of the page.
    page: PathBuf,

    /// Fail if what a browser loads first or later is larger than its limit.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("launcelot-compress: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    add_variants(&arguments.page).map_err(|error| format!("cannot compress {}: {error}", arguments.page.display()))?;
    let list = OutputFolder::new(&arguments.page).list();
    let sizes = Sizes::of(&list.map_err(|error| format!("cannot read {}: {error}", arguments.page.display()))?);
    // Standard output may be closed.
    let _ = write!(io::stdout(), "{sizes}");
    if arguments.check { sizes.check() } else { Ok(()) }
}
