//! `curves`: what discussions cost as they grow. Measures, writes the figures down, and draws them
//! beside a model.
//!
//!     make curves
//!
//! One module of `measure` a picture; `picture` is what all of them make, `model` fits a line, and
//! `draw` turns a picture into SVG. Figures once measured are drawn anew with `--draw`.

mod draw;
mod measure;
mod model;
mod picture;
mod process;

use clap::Parser;
use measure::Subject;
use picture::Picture;
use std::{error::Error, fs, path::Path, process::ExitCode};

/// What goes wrong here ends the run.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

const MEASURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/measured");
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cli/pictures");

/// Measures what discussions cost as they grow, and draws it.
#[derive(Parser)]
struct Args {
    /// What to measure; all of it unless named
    subjects: Vec<Subject>,
    /// Only draw what was measured before
    #[arg(long)]
    draw: bool,
}

fn main() -> ExitCode {
    let Args { mut subjects, draw } = Args::parse();
    if subjects.is_empty() {
        subjects.extend(Subject::ALL);
    }
    for subject in subjects {
        if let Err(error) = make(subject, draw) {
            eprintln!("curves: {}: {error}", subject.name());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn make(subject: Subject, only_draw: bool) -> Result<(), Failure> {
    let figures = Path::new(MEASURED).join(subject.name()).with_extension("json");
    if !only_draw {
        let measured = subject.measure()?;
        fs::write(&figures, serde_json::to_string_pretty(&measured)? + "\n")?;
    }
    let picture: Picture = serde_json::from_slice(&fs::read(&figures)?)?;
    println!("{picture}");
    let drawn = Path::new(PICTURES).join(format!("cost-{}.svg", subject.name()));
    fs::write(drawn, draw::svg(&picture)?)?;
    Ok(())
}
