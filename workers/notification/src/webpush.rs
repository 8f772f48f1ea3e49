//! Web Push: encrypted for one browser (RFC 8291), sent to its push service (RFC 8030) in the name of this server
//! (VAPID, RFC 8292).

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use queuestack_outbound::{Method, RequestBuilder, Url, header, of_error};
use queuestack_worker::Outcome;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Deserialize;
use serde_json::json;

use crate::push::Push;
use crate::{Deps, dead};

/// The size of the one record that a message is, in bytes; push services take no larger ones.
const RECORD: u32 = 4096;
/// What of it is not the message: the header (salt, record size, key), the mark of the last record, the tag.
const OVERHEAD: usize = 86 + 1 + 16;
/// How long a message is kept for a browser that is away, in s.
const DAY: u32 = 24 * 3600;
/// How long a token is good, in s; services refuse more than a day.
const TOKEN: u64 = 12 * 3600;

/// Where a browser can be reached, as its `PushSubscription` says it.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// The URL at its push service; whoever knows it can reach the browser.
    pub endpoint: String,
    /// Its keys.
    pub keys: Keys,
}

/// The keys of a browser, as base64url.
#[derive(Clone, Debug, Deserialize)]
pub struct Keys {
    /// Its public key, 65 bytes.
    pub p256dh: String,
    /// Its secret, 16 bytes.
    pub auth: String,
}

/// The key pair by which push services know this server.
pub struct Vapid {
    pair: EcdsaKeyPair,
    public: String,
    subject: String,
}

impl Vapid {
    /// Takes a key pair as base64url and whom the services can turn to.
    ///
    /// # Errors
    /// What is wrong, with the name of the variable.
    pub fn new(private: &str, public: &str, subject: &str) -> Result<Self, &'static str> {
        const PAIR: &str = "VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY are no pair of P-256: 32 and 65 bytes as base64url, as `npx web-push generate-vapid-keys` prints them";
        let (secret, point) = (decode(private).ok_or(PAIR)?, decode(public).ok_or(PAIR)?);
        let random = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, &point, &random);
        if !subject.starts_with("mailto:") && !subject.starts_with("https://") {
            return Err("VAPID_SUBJECT is neither `mailto:admin@example.org` nor an https URL");
        }
        Ok(Self { pair: pair.map_err(|_| PAIR)?, public: URL_SAFE_NO_PAD.encode(point), subject: subject.to_owned() })
    }

    /// The `Authorization` for a push service.
    fn authorization(&self, endpoint: &Url) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({"aud": endpoint.origin().ascii_serialization(), "exp": now + TOKEN, "sub": self.subject});
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(json!({"typ": "JWT", "alg": "ES256"})), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature), self.public))
    }
}

/// The request.
///
/// # Errors
/// What becomes of the job.
pub(crate) fn request(deps: &Deps, subscription: &Subscription, push: &Push) -> Result<RequestBuilder, Outcome> {
    let Some(vapid) = &deps.vapid else {
        return Err(dead(
            "not_configured",
            "the worker has no keys for Web Push: set VAPID_PRIVATE_KEY, VAPID_PUBLIC_KEY and VAPID_SUBJECT",
        ));
    };
    let invalid = |problem: &str| dead("invalid_payload", problem);
    let url = Url::parse(&subscription.endpoint).map_err(|_| invalid("`subscription.endpoint` is not a URL"))?;
    let request = deps.outbound.request(Method::POST, &url).map_err(|error| of_error(&error))?;
    let plain = push.body.to_string();
    if plain.len() > RECORD as usize - OVERHEAD {
        return Err(dead("too_large", format!("a push has {} bytes at most", RECORD as usize - OVERHEAD)));
    }
    let keys = &subscription.keys;
    let (Some(public), Some(auth)) = (decode(&keys.p256dh), decode(&keys.auth)) else {
        return Err(invalid("the keys of `subscription` are not base64url"));
    };
    let body =
        encrypt(plain.as_bytes(), &public, &auth).ok_or_else(|| invalid("`subscription.keys.p256dh` is no key"))?;
    let authorization = vapid.authorization(&url).ok_or_else(|| Outcome::retry("no token could be signed"))?;
    let request = request.header(header::AUTHORIZATION, authorization).header("TTL", push.ttl.unwrap_or(DAY));
    let request = push.urgency.iter().fold(request, |request, urgency| request.header("Urgency", urgency.word()));
    Ok(request.header(header::CONTENT_ENCODING, "aes128gcm").body(body))
}

/// Encrypts a message for a browser. <https://www.rfc-editor.org/rfc/rfc8291#section-3.4>
fn encrypt(plain: &[u8], public: &[u8], auth: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let mut salt = [0; 16];
    random.fill(&mut salt).ok()?;
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
    let our_public = ours.compute_public_key().ok()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, public);
    let secret = agree_ephemeral(ours, &theirs, |shared| {
        derive::<32>(auth, shared, &[b"WebPush: info\0", public, our_public.as_ref()])
    });
    let secret = secret.ok()??;
    let key = derive::<16>(&salt, &secret, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = derive::<12>(&salt, &secret, &[b"Content-Encoding: nonce\0"])?;

    // The last record ends with a 2.
    let mut record = [plain, &[2]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record).ok()?;
    let length = u8::try_from(our_public.as_ref().len()).ok()?;
    Some([&salt[..], &RECORD.to_be_bytes(), &[length], our_public.as_ref(), &record].concat())
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const LENGTH: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Option<[u8; LENGTH]> {
    let mut derived = [0; LENGTH];
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    key.expand(info, Length(LENGTH)).ok()?.fill(&mut derived).ok()?;
    Some(derived)
}

/// Browsers leave the padding out, libraries not always.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
