//! The `chat` command.

use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Wipes memory when it is freed: what was said passes through buffers and strings of many
/// crates, and none of them must be found after it was let go.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::process::ExitCode {
    chat_cli::main()
}
