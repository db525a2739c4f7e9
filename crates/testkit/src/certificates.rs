use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A certificate authority of one test's own, and a server certificate by it for 127.0.0.1 and `localhost`.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) server_pem: String,
    pub(crate) server_key_pem: String,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let key = || KeyPair::generate().expect("a key pair can be made");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, key()).expect("the parameters are sound");
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let server_key = key();
        let server = CertificateParams::new(names)
            .and_then(|server| server.signed_by(&server_key, &authority))
            .expect("the parameters are sound");
        Self {
            authority_pem: authority.pem(),
            server_pem: server.pem(),
            server_key_pem: server_key.serialize_pem(),
        }
    }
}
