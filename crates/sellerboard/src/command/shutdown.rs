use tokio::signal::ctrl_c;

/// The exit code of a process that was told twice to stop.
const IMPATIENT: i32 = 130;

/// Completes when the process is told to stop, by Ctrl-C or SIGTERM. A second time ends the process at once, for
/// those who do not want to wait for the requests that still run.
pub(super) async fn requested() {
    signal().await;
    tracing::info!("stopping; requests that run may finish");
    tokio::spawn(async {
        signal().await;
        std::process::exit(IMPATIENT);
    });
}

/// Completes at Ctrl-C or SIGTERM. Without a handler, which a process may be denied, the signal ends the process as it does by default.
pub(super) async fn signal() {
    let interrupt = async {
        if ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<Option<()>>();
    tokio::select! {
        () = interrupt => {}
        _ = terminate => {}
    }
}
