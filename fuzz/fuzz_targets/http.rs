//! Whatever bytes a client sends, no byte of another tenant comes back, and the service goes on.
//!
//! A service with two shops, in this process, without Redis. The input is a request as it stands, or what follows the
//! beginning of one with a seller's token.

#![no_main]

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use seller_data::{Store, import};
use sellerboard::app::Service;
use sellerboard::auth::{NewToken, Verifier, sign};
use sellerboard::config::{Loaded, Sources};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// Whose token the input gets, and who must not be seen.
const CALLER: &str = "fuzz-caller";
const OTHER: &str = "fuzz-other";
const MARK: &[u8] = b"MARK OF THE OTHER";
/// How long an answer may take to begin; an unfinished request has none.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long the first answers may take.
const WARM_UP: Duration = Duration::from_secs(10);

struct World {
    runtime: Runtime,
    addr: SocketAddr,
    tokens: [String; 2],
    _folder: TempDir,
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let folder = TempDir::new().expect("there is room for a folder");
        let started = runtime.block_on(start(&folder));
        let (addr, tokens) = started.expect("the service starts");
        let world = Self {
            runtime,
            addr,
            tokens,
            _folder: folder,
        };
        for (token, is_other) in [(&world.tokens[0], false), (&world.tokens[1], true)] {
            let rest = "products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let answer = world.send(&request(token, rest), WARM_UP);
            assert_eq!(
                shows_mark(&answer),
                is_other,
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
        world
    }

    /// Sends the bytes, and gives what comes back.
    fn send(&self, bytes: &[u8], patience: Duration) -> Vec<u8> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.addr).await?;
            // No port waits for late packets: there are too many connections for that.
            stream.set_zero_linger()?;
            let mut answer = Vec::new();
            let _refused = stream.write_all(bytes).await;
            let _ended = tokio::time::timeout(patience, stream.read_to_end(&mut answer)).await;
            Ok::<_, std::io::Error>(answer)
        };
        self.runtime
            .block_on(exchange)
            .expect("the service listens")
    }
}

async fn start(folder: &TempDir) -> Result<(SocketAddr, [String; 2]), Box<dyn std::error::Error>> {
    let url = format!("sqlite://{}/shops.db", folder.path().display());
    let store = Store::open(&url).await?;
    for (tenant, product) in [(CALLER, "MUG"), (OTHER, "MARK OF THE OTHER")] {
        let file = folder.path().join("shop.csv");
        let rows = format!(
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
             600001,101,{product},3,2026-11-20 00:00:00,2.55,17850,United Kingdom\n"
        );
        std::fs::write(&file, rows)?;
        let options = import::Options::new(tenant).with_currency("EUR");
        import::online_retail(&store, &file, &options, &mut |_| {}).await?;
    }
    store.close().await;
    let home = folder.path().display().to_string();
    let sources = [
        ("HOME", home.as_str()),
        ("SELLERBOARD_ADDR", "127.0.0.1:0"),
        (
            "JWT_SECRET",
            "a secret of the fuzzer, long enough for HS256",
        ),
        ("REDIS_URL", "none"),
        ("DATA_SOURCE", "sql"),
        ("DATABASE_URL", &url),
    ]
    .into_iter()
    .fold(Sources::none(), |sources, (name, value)| {
        sources.with_environment(name, value)
    });
    let config = Loaded::from_sources(&sources)?.config;
    let now = std::time::SystemTime::now();
    let token = |tenant| sign(&config.auth, &NewToken::new(tenant, "a@shop.example"), now);
    let tokens = [token(CALLER)?, token(OTHER)?];
    let service = Service::start(&config, Verifier::new(&config.auth)?).await?;
    let addr = service.addr()?;
    tokio::spawn(service.run(std::future::pending()));
    Ok((addr, tokens))
}

fn request(token: &str, rest: impl AsRef<[u8]>) -> Vec<u8> {
    let mut request = b"GET /api/v1/".to_vec();
    let rest = rest.as_ref();
    // The token goes after the first line.
    let line = rest.iter().position(|byte| *byte == b'\n');
    let (line, headers) = rest.split_at(line.map_or(rest.len(), |at| at + 1));
    request.extend_from_slice(line);
    request.extend_from_slice(format!("Authorization: Bearer {token}\r\n").as_bytes());
    request.extend_from_slice(headers);
    request
}

fn shows_mark(answer: &[u8]) -> bool {
    answer.windows(MARK.len()).any(|window| window == MARK)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    WORLD.with(|world| {
        let world = world.get_or_init(World::new);
        let answer = if kind % 4 == 0 {
            world.send(rest, PATIENCE)
        } else {
            let mut rest = rest.to_vec();
            if kind % 4 > 1 {
                rest.extend_from_slice(b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            }
            world.send(&request(&world.tokens[0], rest), PATIENCE)
        };
        assert!(!shows_mark(&answer), "{}", String::from_utf8_lossy(&answer));
    });
});
