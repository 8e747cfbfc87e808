//! Keeping what is in memory from leaving it. Best effort: nothing here is a reason to fail.

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit},
};
use std::hint::black_box;

/// No core files, no tracing by other processes of this user, no swapping where that can't
/// do harm. What is started from here inherits the first.
pub(crate) fn harden() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // With a limit locking future pages succeeds, and then an allocation fails and aborts.
    if getrlimit(Resource::Memlock).current.is_none() {
        let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE);
    }
}

/// What calls have left on the stack, in bytes, at most.
const STACK: usize = 256 << 10;

/// Overwrites what calls that have returned left on this thread's stack: the heap is wiped when
/// it is freed, the stack isn't.
#[inline(never)]
pub(crate) fn wipe_stack() {
    let mut below = [0_u8; STACK];
    black_box(&mut below);
}
