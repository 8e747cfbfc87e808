//! JWTs as NATS has them: claims in JSON, signed by an nkey (`ed25519-nkey`).

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use nkeys::KeyPair;
use serde_json::Value;

/// The only kind that is made or read here.
const HEADER: &str = r#"{"typ":"JWT","alg":"ed25519-nkey"}"#;
/// A pass for four rooms has 700 bytes.
const BYTES: usize = 4096;

/// Signs claims for a subject; the issuer, the subject and a fresh id are added to them.
///
/// # Errors
/// The key has no secret part, or there is no randomness.
pub(crate) fn sign(issuer: &KeyPair, subject: &str, mut claims: Value) -> Option<String> {
    let mut id = [0; 20];
    getrandom::fill(&mut id).ok()?;
    claims["jti"] = BASE32_NOPAD.encode(&id).into();
    claims["iss"] = issuer.public_key().into();
    claims["sub"] = subject.into();
    encode(issuer, &claims.to_string())
}

/// Claims in JSON, between header and signature.
fn encode(issuer: &KeyPair, claims: &str) -> Option<String> {
    let encoded = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let body = format!("{}.{}", encoded(HEADER.as_bytes()), encoded(claims.as_bytes()));
    let signature = issuer.sign(body.as_bytes()).ok()?;
    Some(format!("{body}.{}", encoded(&signature)))
}

/// What a JWT claims, if this key has signed it.
pub(crate) fn verify(issuer: &KeyPair, jwt: &str) -> Option<Value> {
    if jwt.len() > BYTES {
        return None;
    }
    let (body, signature) = jwt.rsplit_once('.')?;
    let (header, claims) = body.split_once('.')?;
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
    if header["alg"] != "ed25519-nkey" {
        return None;
    }
    issuer.verify(body.as_bytes(), &decoded(signature)?).ok()?;
    let claims: Value = serde_json::from_slice(&decoded(claims)?).ok()?;
    (claims["iss"] == issuer.public_key()).then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(byte: u8) -> KeyPair {
        KeyPair::new_from_raw(nkeys::KeyPairType::Account, [byte; 32]).unwrap()
    }

    #[test]
    fn what_was_signed_is_read_back_and_altered_claims_are_not() {
        let issuer = key(7);
        let jwt =
            sign(&issuer, "UKEY", json!({ "exp": 5, "nats": { "tags": ["room:a"] } })).unwrap();
        let claims = verify(&issuer, &jwt).unwrap();
        assert_eq!((&claims["sub"], &claims["exp"]), (&json!("UKEY"), &json!(5)));
        assert_eq!(verify(&key(8), &jwt), None, "another key");

        let parts: Vec<_> = jwt.split('.').collect();
        let [header, body, signature] = parts[..] else { panic!("three parts") };
        let altered = |from: &str, to: &str| {
            let text = String::from_utf8(BASE64URL_NOPAD.decode(body.as_bytes()).unwrap()).unwrap();
            let altered = text.replace(from, to);
            assert_ne!(text, altered);
            BASE64URL_NOPAD.encode(altered.as_bytes())
        };
        for body in [altered("room:a", "room:b"), altered("UKEY", "UKE2"), altered("5", "6")] {
            assert_eq!(verify(&issuer, &format!("{header}.{body}.{signature}")), None);
        }
        let none = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"none"}"#);
        for wrong in [
            format!("{none}.{body}.{signature}"),
            format!("{header}.{body}."),
            format!("{header}.{body}"),
            String::new(),
            "..".into(),
            "a".repeat(BYTES + 1),
        ] {
            assert_eq!(verify(&issuer, &wrong), None, "{wrong}");
        }
    }

    /// Ed25519 is deterministic, so key and claims fix every byte. The signature was made by
    /// another implementation (Python's `cryptography`, over the same bytes).
    #[test]
    fn key_and_claims_fix_every_byte() {
        let claims = r#"{"iat":1700000000,"iss":"x","nats":{"type":"user","version":2},"sub":"y"}"#;
        assert_eq!(encode(&key(1), claims).as_deref(), Some(KNOWN));
        assert_eq!(key(1).public_key(), ISSUER);
    }

    const ISSUER: &str = "ACFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYYOU";
    const KNOWN: &str = concat!(
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.",
        "eyJpYXQiOjE3MDAwMDAwMDAsImlzcyI6IngiLCJuYXRzIjp7InR5cGUiOiJ1c2VyIiwidmVyc2lvbiI6",
        "Mn0sInN1YiI6InkifQ.",
        "5EwevRswIW6DGWXJfiQUO17OMLJHqm0A1Z1fGhfzFJEDUgfLoVDqINS8BDFHDay_catXrO6f092SwrWx",
        "9e7dAg",
    );
}
