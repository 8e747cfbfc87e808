//! Values that are read from JSON.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// The value that the bytes are, if they are one. It is read again as it is written.
pub(crate) fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&value).expect("what came from JSON can be written as such");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(again, value, "written as {}", String::from_utf8_lossy(&written));
    Some(value)
}
