use std::os::unix::net::UnixStream;
use std::path::Path;

use super::{SOCKET_NAME, Server, fits, programs};

#[test]
fn the_server_answers_until_it_is_dropped_and_leaves_nothing() {
    if programs().is_none() {
        println!("skipped: no postgres on this machine");
        return;
    }
    let server = Server::start(&std::env::temp_dir()).unwrap();
    let folder = server.folder.clone();
    assert!(server.url().contains("host=%2F"));
    assert!(UnixStream::connect(folder.join(SOCKET_NAME)).is_ok());
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_folder_too_deep_for_a_socket_is_not_used() {
    assert!(fits(Path::new("/tmp/xtask-postgres-1")));
    assert!(!fits(Path::new(&format!("/tmp/{}", "x".repeat(90)))));
}
