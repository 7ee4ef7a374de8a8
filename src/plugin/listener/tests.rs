use std::os::unix::net::UnixStream;

use super::*;

fn env(variables: &[(&str, &str)]) -> Env {
    Env::read("gitops", |name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

fn socket_of(listener: &Listener) -> PathBuf {
    match listener.address() {
        Address::Unix(path) => path.clone(),
        Address::Tcp(address) => panic!("bound {address}"),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_socket_is_its_owner_s_alone_and_leaves_nothing_behind() {
    let temp = tempfile::tempdir().unwrap();
    let listener = Listener::bind(&env(&[("TMPDIR", temp.path().to_str().unwrap())])).unwrap();
    let socket = socket_of(&listener);
    assert!(socket.starts_with(temp.path()));
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    UnixStream::connect(&socket).unwrap();

    drop(listener);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn every_socket_has_a_name_of_its_own() {
    let temp = tempfile::tempdir().unwrap();
    let env = env(&[("TMPDIR", temp.path().to_str().unwrap())]);
    let (one, two) = (Listener::bind(&env).unwrap(), Listener::bind(&env).unwrap());
    assert_ne!(one.address(), two.address());
}

#[tokio::test]
async fn a_temporary_folder_that_will_not_do_is_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let long = temp.path().join("x".repeat(100));
    let strange = temp.path().join("a|b");
    fs::create_dir(&long).unwrap();
    fs::create_dir(&strange).unwrap();
    for dir in [&long, &strange, &temp.path().join("missing")] {
        let listener = Listener::bind(&env(&[("TMPDIR", dir.to_str().unwrap())])).unwrap();
        let socket = socket_of(&listener);
        assert!(!socket.starts_with(temp.path()) && socket.starts_with("/tmp"), "{socket:?}");
    }
    for dir in [&long, &strange] {
        assert_eq!(fs::read_dir(dir).unwrap().count(), 0, "{dir:?}");
    }
}

#[tokio::test]
async fn the_folder_of_the_host_holds_the_socket_itself() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().to_str().unwrap();
    let listener = Listener::bind(&env(&[("PLUGIN_UNIX_SOCKET_DIR", dir)])).unwrap();
    let socket = socket_of(&listener);
    assert_eq!((socket.parent(), mode(&socket)), (Some(temp.path()), 0o600));

    drop(listener);
    assert!(temp.path().exists() && !socket.exists());
}

#[tokio::test]
async fn the_folder_of_the_host_has_no_substitute() {
    let error = Listener::bind(&env(&[("PLUGIN_UNIX_SOCKET_DIR", "/nonexistent")])).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("PLUGIN_UNIX_SOCKET_DIR /nonexistent"), "{text}");
}

#[tokio::test]
async fn a_group_that_is_named_reaches_the_socket() {
    let temp = tempfile::tempdir().unwrap();
    // A group that this process is in, so that the test needs no privilege.
    let own = std::os::unix::fs::MetadataExt::gid(&fs::metadata(temp.path()).unwrap()).to_string();
    let dir = temp.path().to_str().unwrap();
    let listener =
        Listener::bind(&env(&[("TMPDIR", dir), ("PLUGIN_UNIX_SOCKET_GROUP", &own)])).unwrap();
    let socket = socket_of(&listener);
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o660, 0o710));
}

#[test]
fn a_group_is_known_by_number_or_name() {
    let groups = || Ok("root:x:0:\nbuilders:x:2001:ada,bob\n".to_owned());
    assert_eq!(group_id("17", groups).unwrap(), 17);
    assert_eq!(group_id("builders", groups).unwrap(), 2001);
    let error = group_id("ada", groups).unwrap_err().to_string();
    assert!(error.contains("no group \"ada\""), "{error}");
}

#[tokio::test]
async fn a_port_is_taken_from_the_host_s_range() {
    // The system knows a free port; the one below it is in the range but taken, or free as well.
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let min = taken.local_addr().unwrap().port();
    let max = min.saturating_add(50).to_string();
    let env = env(&[("PLUGIN_MIN_PORT", &min.to_string()), ("PLUGIN_MAX_PORT", &max)]);
    let listener = Listener::bind_port(&env).unwrap();
    let Address::Tcp(address) = listener.address() else { panic!("{:?}", listener.address()) };
    assert!(address.ip().is_loopback());
    assert!(address.port() > min && address.port() <= max.parse().unwrap(), "{address}");
}

#[tokio::test]
async fn a_range_without_a_free_port_is_an_error() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let env = env(&[("PLUGIN_MIN_PORT", &port), ("PLUGIN_MAX_PORT", &port)]);
    assert!(Listener::bind_port(&env).is_err());
}
