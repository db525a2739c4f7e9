//! A marketplace of the test's own.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use seller_data::{Store, import};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Error, Options, listen, run};

/// The tenant that has a shop.
pub(super) const TENANT: &str = "shop-a";

/// A read that waits as any other and is refused before the store is asked. For a paused clock, which would
/// run out the store's own time-outs while its threads work.
pub(super) const WITHOUT_STORE: &str = "/dashboard/trends?days=0";

/// Two products, three days of trade.
const SHOP: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,A1,RED MUG,4,2011-03-01 08:26:00,2.55,17850,United Kingdom
536365,B2,BLUE LAMP,1,2011-03-01 08:26:00,10.00,17850,United Kingdom
536366,A1,RED MUG,2,2011-03-02 09:00:00,2.55,17851,United Kingdom
C536367,B2,BLUE LAMP,-1,2011-03-03 10:00:00,10.00,17850,United Kingdom
536368,B2,BLUE LAMP,3,2011-03-03 11:00:00,9.50,,France
";

/// A running marketplace over [`SHOP`].
pub(super) struct Marketplace {
    pub(super) store: Store,
    base: String,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), Error>>,
    folder: TempDir,
}

impl Marketplace {
    /// Starts one that answers reads without delay.
    pub(super) async fn start() -> Self {
        Self::start_with_latency(Duration::ZERO).await
    }

    pub(super) async fn start_with_latency(latency: Duration) -> Self {
        Self::start_with(Options::default().with_latency(latency)).await
    }

    /// Starts one on a port of its own, whatever address the options name.
    pub(super) async fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        import_shop(&store, folder.path(), TENANT).await;
        Self::run(folder, store, options).await
    }

    /// Stops it and starts another over the same store.
    pub(super) async fn restart(mut self, options: Options) -> Self {
        self.stop();
        self.server.await.unwrap().unwrap();
        self.store.close().await;
        let store = open(self.folder.path()).await;
        Self::run(self.folder, store, options).await
    }

    async fn run(folder: TempDir, store: Store, options: Options) -> Self {
        let options = options.with_addr(([127, 0, 0, 1], 0).into());
        let listener = listen(&options).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let serve = run(listener, store.clone(), options, async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(serve);
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            store,
            base,
            client,
            stop: Some(stop),
            server,
            folder,
        }
    }

    /// Asks for the marketplace to stop.
    pub(super) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has stopped.
    pub(super) async fn join(self) -> Result<(), Error> {
        self.server.await.unwrap()
    }

    /// Gives another tenant the same shop.
    pub(super) async fn add_shop(&self, tenant: &str) {
        import_shop(&self.store, self.folder.path(), tenant).await;
    }

    /// A request without a tenant.
    pub(super) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request below `/api/v1` for [`TENANT`].
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, &format!("/api/v1{path}"))
            .header("X-Tenant-Id", TENANT)
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        self.request(method, path)
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    pub(super) async fn set_faults(&self, faults: &Value) -> Response {
        self.bare(Method::POST, "/faults")
            .body(faults.to_string())
            .send()
            .await
            .unwrap()
    }

    pub(super) async fn heal(&self) {
        let healed = self.bare(Method::DELETE, "/faults").send().await.unwrap();
        assert_eq!(healed.status(), 204);
    }

    pub(super) async fn calls(&self) -> Value {
        json(self.bare(Method::GET, "/calls").send().await.unwrap()).await
    }
}

pub(super) async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Checks that a response is a problem of that status, and returns it.
pub(super) async fn problem(response: Response, status: u16) -> Value {
    assert_eq!(response.status(), status);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/problem+json");
    let request_id = header("x-request-id");
    let body = json(response).await;
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], request_id);
    assert!(
        body["title"].is_string() && body["detail"].is_string(),
        "{body}"
    );
    body
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite://{}/shop.db", folder.display());
    Store::open(&url).await.unwrap()
}

async fn import_shop(store: &Store, folder: &Path, tenant: &str) {
    let file = folder.join("shop.csv");
    std::fs::write(&file, SHOP).unwrap();
    let options = import::Options::new(tenant);
    import::online_retail(store, &file, &options, &mut |_| {})
        .await
        .unwrap();
}
