//! Packs the corpus of the fuzzer into one file of text, which is committed and replayed by the bridge's tests, and unpacks it.
//!
//! `cargo run --bin corpus pack FOLDER` reads the files in a folder and prints each as a line of hexadecimal digits;
//! `cargo run --bin corpus unpack FOLDER < FILE` writes them as files again.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pack", folder] => pack(Path::new(folder)),
        ["unpack", folder] => unpack(Path::new(folder)),
        _ => Err(io::Error::other("usage: corpus pack|unpack FOLDER")),
    }
}

/// Prints the files of `folder`, the shortest first.
fn pack(folder: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.sort_by_key(|input| (input.len(), input.clone()));
    inputs.dedup();
    for input in inputs {
        let mut line = String::new();
        for byte in input {
            // Writing to a string cannot fail.
            let _ = write!(line, "{byte:02x}");
        }
        println!("{line}");
    }
    Ok(())
}

/// Writes a file into `folder` for each line of standard input, named by its number.
fn unpack(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, line) in io::stdin().lines().enumerate() {
        let line = line?;
        let digits = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let input: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
        let input = input.ok_or_else(|| io::Error::other(format!("line {} is not hexadecimal", number + 1)))?;
        fs::write(folder.join(format!("{number:04}")), input)?;
    }
    Ok(())
}
