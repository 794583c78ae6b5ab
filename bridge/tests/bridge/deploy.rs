//! The examples of `deploy/`, as far as they can be checked without the programs that read them. Those of nginx and HAProxy
//! are used in the tests of interoperability.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::deploy::example;
use launcelot_testing::process::output;

fn bridge(arguments: &[&str]) -> Output {
    output(Command::new(env!("CARGO_BIN_EXE_launcelot-bridge")).args(arguments))
}

#[test]
fn the_example_of_options_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bridge.toml");
    fs::write(&config, example("bridge.toml", &[])).unwrap();
    let Output { status, stdout, stderr } = bridge(&["--print-config", "--config", config.to_str().unwrap()]);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let printed = String::from_utf8(stdout).unwrap();
    for line in example("bridge.toml", &[]).lines().filter(|line| !line.starts_with('#')) {
        assert!(printed.lines().any(|other| other == line), "{line} is not in\n{printed}");
    }
}

#[test]
fn systemd_accepts_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_launcelot-bridge");
    let service = example("launcelot-bridge.service", &[("/usr/local/bin/launcelot-bridge", program)]);
    fs::write(folder.path().join("launcelot-bridge.service"), &service).unwrap();
    fs::write(folder.path().join("launcelot-bridge.socket"), example("launcelot-bridge.socket", &[])).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "launcelot-bridge.service", "launcelot-bridge.socket"]);
    let verified = verify.current_dir(folder.path()).output();
    let Ok(verified) = verified else {
        eprintln!("systemd-analyze is not installed");
        return;
    };
    let messages = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !messages.contains("launcelot-bridge."), "{messages}");
    // The options of its command line.
    let start = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let options: Vec<&str> = start.split(' ').skip(1).filter(|word| word.starts_with("--")).collect();
    assert_eq!(options, ["--listen-fds", "--config"]);
}

#[test]
fn the_container_is_built_with_the_toolchain_of_the_workspace_and_runs_the_bridge() {
    let container = example("Containerfile", &[]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let toolchain = fs::read_to_string(root.join("rust-toolchain.toml")).unwrap();
    let channel = toolchain.split("channel = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(container.contains(&format!("/rust:{channel}-slim")), "the toolchain is {channel}");
    assert!(container.contains(&format!("RUSTUP_TOOLCHAIN={channel}\n")), "the toolchain is {channel}");
    assert!(container.contains(concat!("--package ", env!("CARGO_PKG_NAME"), "\n")));
    assert!(container.contains("COPY --from=build /launcelot/target/release/launcelot-bridge /usr/local/bin/\n"));
    let entrypoint =
        container.lines().find_map(|line| line.strip_prefix("ENTRYPOINT [\"launcelot-bridge\", ")).unwrap();
    let arguments: Vec<&str> =
        entrypoint.trim_end_matches(']').split(", ").map(|word| word.trim_matches('"')).collect();
    let Output { status, stdout, .. } = bridge(&[&arguments[..], &["--print-config"]].concat());
    assert!(status.success() && String::from_utf8(stdout).unwrap().contains("listen = [\"[::]:8080\"]"));
    assert!(container.contains("EXPOSE 8080\n"));
}
