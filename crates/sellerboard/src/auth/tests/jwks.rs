//! Key sets over HTTP, well and ill.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use parking_lot::Mutex;

use super::keys::Pair;
use super::*;

/// A server of one document, which can be changed, and which counts how often it was asked.
#[derive(Clone)]
struct KeyServer {
    addr: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Answer {
    Document(String),
    Hang,
    Redirect,
    Status(StatusCode),
}

impl KeyServer {
    async fn start(keys: &[Value]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            addr: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(document(keys))),
            asked: Arc::default(),
        };
        let router = Router::new()
            .route("/keys", get(Self::respond))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    async fn respond(State(server): State<Self>) -> Response {
        server.asked.fetch_add(1, Ordering::SeqCst);
        let answer = server.answer.lock().clone();
        match answer {
            Answer::Document(text) => text.into_response(),
            Answer::Hang => std::future::pending().await,
            Answer::Redirect => (StatusCode::FOUND, [("location", "/keys")]).into_response(),
            Answer::Status(status) => status.into_response(),
        }
    }

    fn set(&self, answer: Answer) {
        *self.answer.lock() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn verifier(&self, options: JwksOptions) -> Verifier {
        let settings = AuthSettings {
            jwks_url: Some(format!("http://{}/keys", self.addr).parse().unwrap()),
            ..AuthSettings::default()
        };
        Verifier::with_options(&settings, options).unwrap()
    }
}

fn document(keys: &[Value]) -> Answer {
    Answer::Document(json!({"keys": keys}).to_string())
}

/// Fetches whenever a key is unknown, so that tests need not wait a minute.
fn eager() -> JwksOptions {
    JwksOptions::default()
        .with_refetch_min(Duration::ZERO)
        .with_timeout(Duration::from_millis(500))
}

#[tokio::test]
async fn tokens_of_every_kind_of_key_are_verified_with_one_fetch() {
    let pairs = [("a", Pair::rsa()), ("b", Pair::ec()), ("c", Pair::ed())];
    let keys: Vec<Value> = pairs.iter().map(|(kid, pair)| pair.jwk(kid)).collect();
    let server = KeyServer::start(&keys).await;
    let verifier = server.verifier(JwksOptions::default());
    for (kid, pair) in &pairs {
        let claims = verifier.verify(&pair.token(kid)).await.unwrap();
        assert_eq!(claims.tenant.as_str(), "tenant-001");
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_most_once_a_minute() {
    let pair = Pair::ed();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(JwksOptions::default());
    for kid in ["b", "../../etc/passwd", "' OR 1=1 --", "b"] {
        let refused = verifier.verify(&pair.token(kid)).await;
        assert_eq!(refused, Err(AuthError::UnknownKey));
    }
    assert!(verifier.verify(&pair.token("a")).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn simultaneous_tokens_share_one_fetch() {
    let pair = Pair::ed();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(JwksOptions::default());
    let token = pair.token("a");
    let (one, two, three) = tokio::join!(
        verifier.verify(&token),
        verifier.verify(&token),
        verifier.verify(&token)
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_the_old_one_forgotten() {
    let (old, new) = (Pair::ec(), Pair::ec());
    let server = KeyServer::start(&[old.jwk("old")]).await;
    let verifier = server.verifier(eager());
    assert!(verifier.verify(&old.token("old")).await.is_ok());
    server.set(document(&[new.jwk("new")]));
    assert!(verifier.verify(&new.token("new")).await.is_ok());
    assert_eq!(
        verifier.verify(&old.token("old")).await,
        Err(AuthError::UnknownKey)
    );
}

#[tokio::test]
async fn a_token_is_remembered_no_longer_than_its_key_is_in_the_set() {
    let (old, new) = (Pair::ec(), Pair::ec());
    let server = KeyServer::start(&[old.jwk("old")]).await;
    let verifier = server.verifier(eager());
    let token = old.token("old");
    verifier.verify(&token).await.unwrap();
    assert!(verifier.recall(token.as_bytes()).is_some());
    server.set(document(&[new.jwk("new")]));
    verifier.verify(&new.token("new")).await.unwrap();
    assert_eq!(verifier.recall(token.as_bytes()), None);
    assert_eq!(verifier.verify(&token).await, Err(AuthError::UnknownKey));
}

#[tokio::test]
async fn the_last_good_set_is_kept_whatever_the_server_does() {
    let pair = Pair::ec();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(eager());
    assert!(verifier.verify(&pair.token("a")).await.is_ok());
    let huge = format!("{{\"keys\":[],\"padding\":\"{}\"}}", "x".repeat(2 << 20));
    let poison = json!({"kty": "oct", "kid": "evil", "alg": "HS256", "k": encode(SECRET)});
    for answer in [
        Answer::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Answer::Document(huge),
        Answer::Document("<html>".to_owned()),
        document(&[poison]),
        Answer::Redirect,
        Answer::Hang,
    ] {
        let asked = server.asked();
        server.set(answer);
        let unknown = verifier.verify(&pair.token("unknown")).await;
        assert_eq!(unknown, Err(AuthError::UnknownKey));
        assert_eq!(server.asked(), asked + 1, "no redirect is followed");
        assert!(verifier.verify(&pair.token("a")).await.is_ok());
    }
}

#[tokio::test]
async fn the_last_good_set_is_not_kept_for_ever() {
    let pair = Pair::ec();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(eager().with_keep(Duration::ZERO));
    let refused = verifier.verify(&pair.token("a")).await;
    assert_eq!(refused, Err(AuthError::UnknownKey));
}

#[tokio::test]
async fn a_symmetric_key_in_the_set_verifies_nothing() {
    let pair = Pair::ec();
    let poison = json!({"kty": "oct", "kid": "evil", "alg": "HS256", "k": encode(SECRET)});
    let server = KeyServer::start(&[poison, pair.jwk("a")]).await;
    let verifier = server.verifier(eager());
    let header = r#"{"alg":"HS256","kid":"evil"}"#;
    let forged = token(header, &claims().to_string(), hmac_with(SECRET.as_bytes()));
    assert_eq!(verifier.verify(&forged).await, Err(AuthError::Algorithm));
    let header = r#"{"alg":"ES256","kid":"evil"}"#;
    let forged = token(header, &claims().to_string(), hmac_with(SECRET.as_bytes()));
    assert_eq!(verifier.verify(&forged).await, Err(AuthError::UnknownKey));
}

/// The classic confusion: the public key, which everybody knows, used as an HMAC secret.
#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let pair = Pair::rsa();
    let jwk = pair.jwk("a");
    let server = KeyServer::start(std::slice::from_ref(&jwk)).await;
    let verifier = server.verifier(eager());
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [modulus, jwk.to_string().into_bytes()] {
        let header = r#"{"alg":"HS256","kid":"a"}"#;
        let forged = token(header, &claims().to_string(), hmac_with(&secret));
        assert_eq!(verifier.verify(&forged).await, Err(AuthError::Algorithm));
        let header = r#"{"alg":"RS256","kid":"a"}"#;
        let forged = token(header, &claims().to_string(), hmac_with(&secret));
        assert_eq!(verifier.verify(&forged).await, Err(AuthError::Signature));
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_key_works_with_its_own_algorithm_only() {
    let (rsa, ec) = (Pair::rsa(), Pair::ec());
    let server = KeyServer::start(&[rsa.jwk("rsa"), ec.jwk("ec")]).await;
    let verifier = server.verifier(eager());
    for (alg, kid) in [("ES256", "rsa"), ("RS256", "ec"), ("EdDSA", "ec")] {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let forged = token(&header, &claims().to_string(), |message| ec.sign(message));
        assert_eq!(
            verifier.verify(&forged).await,
            Err(AuthError::Algorithm),
            "{alg} {kid}"
        );
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_fits_a_set_of_one_key() {
    let (one, two) = (Pair::ed(), Pair::ed());
    let server = KeyServer::start(&[one.jwk("a")]).await;
    let verifier = server.verifier(eager());
    let anonymous = token(r#"{"alg":"EdDSA"}"#, &claims().to_string(), |m| one.sign(m));
    assert!(verifier.verify(&anonymous).await.is_ok());

    server.set(document(&[one.jwk("a"), two.jwk("b")]));
    let verifier = server.verifier(eager());
    assert_eq!(
        verifier.verify(&anonymous).await,
        Err(AuthError::UnknownKey)
    );
}

#[tokio::test]
async fn the_tokens_own_key_addresses_are_never_asked() {
    let pair = Pair::ed();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let trap = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(eager());
    let address = format!("http://{}/keys", trap.addr);
    let header = json!({"alg": "EdDSA", "kid": "b", "jku": address, "x5u": address}).to_string();
    let forged = token(&header, &claims().to_string(), |message| pair.sign(message));
    assert_eq!(verifier.verify(&forged).await, Err(AuthError::Header));
    assert_eq!(trap.asked(), 0);
}

#[tokio::test]
async fn the_background_refresh_brings_the_keys_before_the_first_token() {
    let pair = Pair::ed();
    let server = KeyServer::start(&[pair.jwk("a")]).await;
    let verifier = server.verifier(JwksOptions::default());
    let refresh = verifier.refresh().unwrap();
    while server.asked() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(verifier.verify(&pair.token("a")).await.is_ok());
    assert_eq!(server.asked(), 1);
    drop(refresh);
    assert!(Verifier::new(&settings()).unwrap().refresh().is_none());
}
