//! Randomness from outside: the operating system's, or a simulation's.

use crate::key::Key;
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;

/// A source of secret bytes.
///
/// Each secret is drawn when it is needed: the state of a generator in memory would give
/// earlier secrets away to whoever seizes it.
pub struct Entropy(Box<Fill>);

type Fill = dyn FnMut(&mut [u8]) + Send;

impl Entropy {
    /// `fill` must fill the whole slice with bytes that nobody can guess.
    pub fn new(fill: impl FnMut(&mut [u8]) + Send + 'static) -> Self {
        Self(Box::new(fill))
    }

    pub(crate) fn key(&mut self) -> Key {
        let mut key = Key::zero();
        (self.0)(key.bytes_mut());
        key
    }

    /// A number below one.
    pub(crate) fn fraction(&mut self) -> f64 {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}
