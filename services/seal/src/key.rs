//! Secret keys and their derivation (HKDF, RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 32-byte secret, wiped when dropped and never printed.
///
/// Boxed, because a move of an inline array leaves an unwiped copy behind.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key(Box<[u8; 32]>);

impl Key {
    /// Not a key yet: to be filled.
    pub(crate) fn zero() -> Self {
        Self(Box::new([0; 32]))
    }

    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut key = Self::zero();
        key.0.copy_from_slice(bytes);
        key
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut *self.0
    }

    /// `HKDF-Extract(salt, secret)`
    pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Self {
        let (mut prk, _) = Hkdf::<Sha256>::extract(Some(salt), secret);
        let mut key = Self::zero();
        key.0.copy_from_slice(&prk);
        prk.as_mut_slice().zeroize();
        key
    }

    /// `E(self, label, context) = HKDF-Expand-SHA256(self, "tchat/v1 " label 0x00 context)`
    pub(crate) fn expand(&self, label: &str, context: &[u8], out: &mut [u8]) {
        Hkdf::<Sha256>::from_prk(&*self.0)
            .expect("32 bytes are a whole pseudo-random key")
            .expand_multi_info(&[b"tchat/v1 ", label.as_bytes(), &[0], context], out)
            .expect("outputs are far below 255 hashes");
    }

    /// A derived key.
    pub(crate) fn derive(&self, label: &str, context: &[u8]) -> Self {
        let mut key = Self::zero();
        self.expand(label, context, &mut *key.0);
        key
    }
}
