//! `chat` as a debug build, where `/panic` fails on purpose.

fn main() -> std::process::ExitCode {
    chat_cli::main()
}
