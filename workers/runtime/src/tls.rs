//! TLS to whom the machine trusts, for AWS and whom else a worker speaks HTTP to.
//!
//! A company's own authority counts here as it does for the machine's other programs. `SSL_CERT_FILE` and `SSL_CERT_DIR`
//! name certificates in the place of the machine's.

use std::sync::{Arc, LazyLock};

use rustls::{ClientConfig, Error, RootCertStore};

/// Certificates are read when the first connection needs them: a cold start must not pay for them.
static CLIENT: LazyLock<Result<ClientConfig, Error>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let errors = found.errors;
        tracing::warn!(?errors, "no certificates to trust: install the machine's, or name a file in SSL_CERT_FILE");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
});

/// What a client needs.
///
/// # Errors
/// The TLS library cannot be set up.
pub fn client() -> Result<ClientConfig, Error> {
    CLIENT.clone()
}
