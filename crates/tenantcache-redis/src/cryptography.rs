/// The client takes the process's default provider, and panics where there is none and the build has several.
pub(crate) fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _another_was_faster = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
