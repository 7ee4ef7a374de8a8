//! The socket: a unix socket where only its owner can reach it, or else a port of the loopback.

mod leftovers;

use std::fmt;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};
use tracing::warn;
use uuid::Uuid;

use super::env::Env;
use super::incoming::Io;
use crate::framework::error::{Context as _, Error, Result};

/// The longest path that the system takes for a socket, in bytes, less the NUL at its end.
const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Where a host finds us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl Address {
    /// The network, as Go names it.
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// A socket that listens, and what to remove when it no longer does.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    address: Address,
    files: SocketFiles,
}

/// The half of a [`Listener`] that takes connections.
#[derive(Debug)]
pub(super) enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Binds where `env` says: in the folder that the host names, else in `TMPDIR`, else in `/tmp`,
    /// else on the loopback. A folder of the host's choice has no substitute, since the host may
    /// see nothing else. Needs a runtime.
    pub(super) fn bind(env: &Env) -> Result<Self> {
        if let Some(dir) = env.socket_dir() {
            return Self::bind_in_dir_of_host(dir, env.socket_group()).context(|| {
                format!("binding a socket in PLUGIN_UNIX_SOCKET_DIR {}", dir.display())
            });
        }
        let mut dirs = vec![env.temp_dir()];
        dirs.extend((env.temp_dir() != Path::new("/tmp")).then_some(Path::new("/tmp")));
        for dir in dirs {
            match Self::bind_in_private_dir(dir, env.socket_group()) {
                Ok(listener) => return Ok(listener),
                Err(error) => warn!(%error, dir = %dir.display(), "cannot have a socket here"),
            }
        }
        Self::bind_port(env).context(|| "binding a port of 127.0.0.1")
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The socket, and a guard that removes its files when dropped.
    pub(super) fn into_parts(self) -> (Socket, SocketFiles) {
        (self.socket, self.files)
    }

    fn bind_in_dir_of_host(dir: &Path, group: Option<&str>) -> Result<Self> {
        Self::bind_unix(dir.join(unique_name()), None, group)
    }

    /// In a folder of its own that only its owner may enter: a socket is born with the permissions
    /// of the umask, and would be open to others until they are tightened.
    fn bind_in_private_dir(dir: &Path, group: Option<&str>) -> Result<Self> {
        let dir = dir.join(unique_name());
        let path = dir.join(SOCKET);
        check_path(&path)?;
        DirBuilder::new().mode(0o700).create(&dir).map_err(failed)?;
        Self::bind_unix(path, Some(dir), group)
    }

    fn bind_unix(path: PathBuf, dir: Option<PathBuf>, group: Option<&str>) -> Result<Self> {
        // First the guard: whatever fails below leaves nothing behind.
        let lock = dir.as_deref().and_then(leftovers::lock);
        let files = SocketFiles { socket: Some(path.clone()), dir, _lock: lock };
        check_path(&path)?;
        let socket = UnixListener::bind(&path).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        if let Some(group) = group {
            open_to_group(&path, files.dir.as_deref(), group)
                .context(|| format!("opening the socket to the group {group:?}"))?;
        }
        Ok(Self { socket: Socket::Unix(socket), address: Address::Unix(path), files })
    }

    fn bind_port(env: &Env) -> Result<Self> {
        if env.client_cert().is_none() {
            warn!("without TLS, every user of this machine can reach the provider");
        }
        let mut last = None;
        for port in env.ports()? {
            let bound = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|tcp| {
                tcp.set_nonblocking(true)?;
                Ok((tcp.local_addr()?, TcpListener::from_std(tcp)?))
            });
            match bound {
                Ok((address, socket)) => {
                    return Ok(Self {
                        socket: Socket::Tcp(socket),
                        address: Address::Tcp(address),
                        files: SocketFiles { socket: None, dir: None, _lock: None },
                    });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(failed(last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())))
    }
}

impl Socket {
    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Io>> {
        match self {
            Self::Unix(socket) => Ok(Box::new(socket.accept().await?.0)),
            Self::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // Small messages both ways: waiting to fill a packet would only cost time.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// Removes the files of a socket when dropped.
#[derive(Debug)]
pub(super) struct SocketFiles {
    socket: Option<PathBuf>,
    dir: Option<PathBuf>,
    /// Says that the folder is in use, for as long as the process lives.
    _lock: Option<File>,
}

impl SocketFiles {
    /// Work that removes what providers before this one could not, because they were killed.
    pub(super) fn tidy(&self) -> impl FnOnce() + Send + 'static {
        let own = self.dir.clone();
        move || {
            own.as_deref().map(leftovers::remove_beside);
        }
    }
}

impl Drop for SocketFiles {
    fn drop(&mut self) {
        // Nothing can be done about what cannot be removed, and the host may have been faster.
        let _ = self.socket.as_deref().map(fs::remove_file);
        let _ = self.dir.as_deref().map(fs::remove_dir);
    }
}

/// The name of a socket in a folder of its own.
const SOCKET: &str = "socket";

/// How the names of sockets and their folders begin: as those of providers in Go, for those who tidy
/// up temporary folders.
const PREFIX: &str = "plugin";

fn unique_name() -> String {
    format!("{PREFIX}{:x}", Uuid::new_v4().as_u64_pair().0)
}

/// A path must fit into a socket's address and into a field of the handshake line.
fn check_path(path: &Path) -> Result<()> {
    let length = path.as_os_str().as_bytes().len();
    if length > MAX_PATH {
        return Err(Error::invalid(format!(
            "the path {} has {length} bytes, expected at most {MAX_PATH} for a socket",
            path.display()
        )));
    }
    if path.to_str().is_none_or(|path| path.contains(['|', '\n', '\r'])) {
        return Err(Error::invalid(format!(
            "the path {} cannot be told to the host, expected UTF-8 without `|` and line ends",
            path.display()
        )));
    }
    Ok(())
}

fn open_to_group(socket: &Path, dir: Option<&Path>, group: &str) -> Result<()> {
    let id = group_id(group, || fs::read_to_string("/etc/group"))?;
    chown(socket, None, Some(id)).map_err(failed)?;
    fs::set_permissions(socket, Permissions::from_mode(0o660)).map_err(failed)?;
    if let Some(dir) = dir {
        chown(dir, None, Some(id)).map_err(failed)?;
        fs::set_permissions(dir, Permissions::from_mode(0o710)).map_err(failed)?;
    }
    Ok(())
}

/// The number of a group given by number or by name.
fn group_id(group: &str, groups: impl FnOnce() -> io::Result<String>) -> Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    // name:password:id:members
    let groups = groups().map_err(failed)?;
    let lines = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let id =
        lines.filter(|fields| fields[0] == group).find_map(|fields| fields.get(2)?.parse().ok());
    id.ok_or_else(|| {
        Error::invalid(format!("no group {group:?} in /etc/group, expected its name or number"))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` has it")]
fn failed(error: io::Error) -> Error {
    Error::failed(error.to_string())
}

#[cfg(test)]
mod tests;
