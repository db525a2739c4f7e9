//! F60: the origin answers with too much.

use std::time::Duration;

use flate2::{Compression, FlushCompress};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::report::{keep_logs, seen};
use super::script::{Script, pour};
use crate::node::eventually;
use crate::world::World;

/// A gigabyte of zeros, as gzip: one block that is repeated, without a word of its length.
fn bomb_block() -> Vec<u8> {
    let mut deflate = flate2::Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(64 << 10);
    let zeros = vec![0; 1 << 20];
    deflate
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .unwrap();
    assert_eq!(deflate.total_in(), 1 << 20);
    block
}

/// The most memory that this process ever took, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1_024
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f60_oversized_bodies_are_cut_while_they_are_read() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    keep_logs();
    let world = World::start().await;
    let kib = vec![b' '; 64 << 10];
    let chunk = [b"10000\r\n", kib.as_slice(), b"\r\n"].concat();
    let gzip_header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let bomb = bomb_block();
    let endless = 100_000;
    // Name, headers, what comes first, what is repeated, how often.
    let bodies = [
        (
            "no length",
            "connection: close\r\n\r\n",
            vec![],
            kib.clone(),
            endless,
        ),
        (
            "chunked",
            "transfer-encoding: chunked\r\n\r\n",
            vec![],
            chunk,
            endless,
        ),
        (
            "5 GB",
            "content-length: 5000000000\r\n\r\n",
            vec![],
            kib,
            endless,
        ),
        (
            "gzip bomb",
            "content-encoding: gzip\r\nconnection: close\r\n\r\n",
            gzip_header.to_vec(),
            bomb,
            1_024,
        ),
        (
            "longer than said",
            "content-length: 100000\r\n\r\n",
            vec![],
            vec![b' '; 10],
            1,
        ),
        (
            "shorter than said",
            "content-length: 3\r\n\r\n",
            vec![],
            b"{\"as_of\":1}".to_vec(),
            1,
        ),
    ];
    let before = peak_mib();
    let mut figures = Vec::new();
    for (name, headers, first, block, times) in bodies {
        let head = format!("{OK}content-type: application/json\r\n{headers}");
        let origin = Script::raw(move |mut stream| {
            let (head, first, block) = (head.clone(), first.clone(), block.clone());
            async move {
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&first).await?;
                pour(stream, "", &block, times, Duration::ZERO).await
            }
        })
        .await;
        let node = world.node(&[("UPSTREAM_URL", &origin.url)]).await;
        let begun = Instant::now();
        // Several at once: memory is bounded by the bodies that are read, not by what is sent.
        let paths = [
            "/dashboard/kpis",
            "/dashboard/trends",
            "/dashboard/alerts",
            "/products",
        ];
        for reply in join_all(paths.map(|path| node.get("tenant-001", path))).await {
            reply.problem(502, "origin-failed");
        }
        figures.push(format!("{name} {} ms", begun.elapsed().as_millis()));
        assert_eq!(node.get("tenant-001", paths[0]).await.status, 502, "cached");
        eventually("permits are back", async || {
            let under_way = node.figure("tenantcache_loads_under_way").await;
            (under_way == 0.0).then_some(())
        })
        .await;
        node.stop().await;
    }
    let grown = peak_mib() - before;
    // Four bodies of 16 MiB, each in a vector that doubles.
    assert!(grown < 256, "{grown} MiB for four bodies of 16 MiB");
    seen(
        "F60",
        format!(
            "502, 4 at once: {}; memory +{grown} MiB",
            figures.join(", ")
        ),
    );
}
