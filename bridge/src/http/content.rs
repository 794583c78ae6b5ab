//! The file system for [`ServeDir`], with a hash of each file's content instead of its time of modification.
//!
//! `ServeDir` derives an ETag from a file's length and time of modification, and evaluates `If-Match` and
//! `If-None-Match` by it. Two builds of a page may agree in both, because a reproducible build or an unpacked
//! archive sets the time. Then a browser would keep the older one. So this backend reads a file when it
//! is opened, and reports a time that encodes the hash of its content. [`files`](super::files) removes that time from
//! `Last-Modified`, and removes conditions on times from requests.
//!
//! [`ServeDir`]: tower_http::services::ServeDir

use std::collections::HashMap;
use std::fs;
use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _, ReadBuf};
use tokio::sync::Semaphore;
use tower_http::services::fs::{Backend, File, Metadata};

/// How much of a file is read and hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Maximum number of cached hashes. When there would be more, the cache is cleared.
const REMEMBERED_MAX: usize = 1024;

/// A file's hash is cached only if the file was last changed longer ago than this. A change that
/// follows within the same tick of the file system's clock leaves the time as it was (FAT has the
/// coarsest clock, of two seconds).
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Opens a file for reading, without waiting for a writer if it is a FIFO.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK);

/// How many files are opened and hashed at once, each of which may block a thread.
const OPENING_MAX: usize = 16;

/// Files whose content is hashed as they are opened.
#[derive(Debug, Clone)]
pub(crate) struct HashedFiles {
    /// The directory out of which no link may lead.
    within: Option<PathBuf>,
    opening: Arc<Semaphore>,
    remembered: Arc<Mutex<HashMap<Version, ContentHash>>>,
}

/// The first 64 bits of the SHA-256 of a file's content.
type ContentHash = u64;

/// One version of one file. Length and time of modification do not tell versions apart, because the
/// time can be set. The inode differs when a file is replaced by another, and the time of the last
/// change (`ctime`) is the kernel's own: no program can set it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Version {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a later change of the file would be seen in its `ctime`.
    fn is_settled(&self, now: SystemTime) -> bool {
        let changed = u64::try_from(self.changed.0).unwrap_or(0);
        now.duration_since(SystemTime::UNIX_EPOCH + Duration::from_secs(changed)).is_ok_and(|age| age > SETTLED_AFTER)
    }
}

impl HashedFiles {
    /// Files anywhere, or only those `within` a directory.
    pub(crate) fn new(within: Option<PathBuf>) -> Self {
        Self { within, opening: Arc::new(Semaphore::new(OPENING_MAX)), remembered: Arc::default() }
    }

    async fn open_hashed(self, path: PathBuf) -> io::Result<HashedFile> {
        let _permit = self.opening.acquire().await.expect("this semaphore is never closed");
        let mut file = tokio::fs::File::from_std(self.open_file(path, READ).await?);
        let metadata = file.metadata().await?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let version = Version::of(&metadata);
        let remembered = self.remembered().get(&version).copied();
        let hash = match remembered {
            Some(hash) => hash,
            None => {
                let settled = version.is_settled(SystemTime::now());
                let hash = hash(&mut file).await?;
                file.rewind().await?;
                if settled {
                    self.remember(version, hash);
                }
                hash
            }
        };
        Ok(HashedFile { file, metadata: FileMetadata { metadata, moment: Some(moment(hash)) } })
    }

    /// Opens a file with `flags`.
    async fn open_file(&self, path: PathBuf, flags: OFlags) -> io::Result<fs::File> {
        let within = self.within.clone();
        let flags = flags | OFlags::CLOEXEC;
        let opening = tokio::task::spawn_blocking(move || match within {
            Some(directory) => open_within(&directory, &path, flags),
            None => Ok(open(path, flags, Mode::empty())?.into()),
        });
        opening.await.map_err(io::Error::other)?.map_err(not_found_if_invalid)
    }

    fn remember(&self, version: Version, hash: ContentHash) {
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(version, hash);
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Version, ContentHash>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file in `directory`. The system refuses a path on which a link leads out of it, or is absolute (openat2(2)), so
/// that no link can be exchanged between a check and the opening.
fn open_within(directory: &Path, path: &Path, flags: OFlags) -> io::Result<fs::File> {
    let relative = path.strip_prefix(directory).map_err(|_| io::ErrorKind::NotFound)?;
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    let root = open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match openat2(root, relative, flags, Mode::empty(), resolve) {
        // Linux before 5.6, and some sandboxes.
        Err(Errno::NOSYS) => check_and_open(directory, path, flags),
        opened => Ok(opened?.into()),
    }
}

/// Opens a file in `directory`, where the system cannot check it.
fn check_and_open(directory: &Path, path: &Path, flags: OFlags) -> io::Result<fs::File> {
    let path = path.canonicalize()?;
    if !path.starts_with(directory.canonicalize()?) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(open(path, flags | OFlags::NOFOLLOW, Mode::empty())?.into())
}

/// Returns `NotFound` for a path that cannot lead to a regular file: a name over the system's limit, a path through a file, a
/// loop of links, a link out of the directory, or a Unix socket. Other errors stay as they are.
fn not_found_if_invalid(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::NAMETOOLONG | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NXIO) => {
            io::ErrorKind::NotFound.into()
        }
        _ => error,
    }
}

async fn hash(file: &mut tokio::fs::File) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
    }
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hasher.finalize());
    Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// The moment that stands for a hash, another one for each: 36 bits are its seconds, which end before
/// the year 9999, the last that HTTP can write; 28 bits are its nanoseconds, fewer than a second has.
fn moment(hash: ContentHash) -> SystemTime {
    let nanoseconds = (hash & 0x0FFF_FFFF) as u32;
    SystemTime::UNIX_EPOCH + Duration::new(hash >> 28, nanoseconds)
}

impl Backend for HashedFiles {
    type File = HashedFile;
    type Metadata = FileMetadata;
    type OpenFuture = BoxFuture<'static, io::Result<HashedFile>>;
    type MetadataFuture = BoxFuture<'static, io::Result<FileMetadata>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        Box::pin(self.clone().open_hashed(path))
    }

    /// Reads no content: `ServeDir` calls this for GET only to tell directories from files.
    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let files = self.clone();
        Box::pin(async move {
            let file = files.open_file(path, OFlags::PATH).await?;
            Ok(FileMetadata { metadata: file.metadata()?, moment: None })
        })
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is known of a file or a directory.
pub(crate) struct FileMetadata {
    metadata: fs::Metadata,
    /// None unless the content was hashed.
    moment: Option<SystemTime>,
}

impl Metadata for FileMetadata {
    fn is_dir(&self) -> bool {
        self.metadata.is_dir()
    }

    fn modified(&self) -> io::Result<SystemTime> {
        self.moment.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> u64 {
        self.metadata.len()
    }
}

/// An open file whose content has been hashed.
pub(crate) struct HashedFile {
    file: tokio::fs::File,
    metadata: FileMetadata,
}

impl File for HashedFile {
    type Metadata = FileMetadata;
    type MetadataFuture<'a> = std::future::Ready<io::Result<FileMetadata>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        let FileMetadata { metadata, moment } = &self.metadata;
        std::future::ready(Ok(FileMetadata { metadata: metadata.clone(), moment: *moment }))
    }
}

impl AsyncRead for HashedFile {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(context, into)
    }
}

impl AsyncSeek for HashedFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.file).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(changed: i64) -> Version {
        Version { device: 1, inode: 2, length: 3, modified: (4, 0), changed: (changed, 0) }
    }

    #[test]
    fn each_hash_has_its_own_moment_before_the_year_9999() {
        let year_9999 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_370_764_800);
        for hash in [0, 1, 0x0FFF_FFFF, 0x1000_0000, u64::MAX] {
            let since = moment(hash).duration_since(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(since.as_secs() << 28 | u64::from(since.subsec_nanos()), hash);
            assert!(moment(hash) < year_9999, "{hash:x}");
        }
    }

    #[test]
    fn a_file_is_settled_when_its_last_change_is_past() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        for (changed, settled) in [(0, true), (996, true), (997, false), (1000, false), (1001, false), (9999, false)] {
            assert_eq!(version(changed).is_settled(now), settled, "changed at {changed}");
        }
    }

    #[tokio::test]
    async fn the_hash_of_a_settled_file_is_cached() {
        let files = HashedFiles::new(None);
        let settled = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let version = Version::of(&fs::metadata(&settled).unwrap());
        files.clone().open_hashed(settled.clone()).await.unwrap();
        assert!(files.remembered().contains_key(&version));
        files.remember(version, 7);
        let file = files.open_hashed(settled).await.unwrap();
        assert_eq!(file.metadata.moment, Some(moment(7)));
    }

    #[test]
    fn links_out_of_the_directory_are_refused_also_where_the_system_cannot_do_it() {
        let [directory, outside] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [file, secret] = [directory.path().join("file"), outside.path().join("secret")];
        fs::write(&file, "file").unwrap();
        fs::write(&secret, "secret").unwrap();
        let [within, out] = [directory.path().join("within"), directory.path().join("out")];
        std::os::unix::fs::symlink("file", &within).unwrap();
        std::os::unix::fs::symlink(&secret, &out).unwrap();
        for open in [open_within, check_and_open] {
            assert!(open(directory.path(), &file, READ).is_ok());
            assert!(open(directory.path(), &within, READ).is_ok());
            assert!(open(directory.path(), &out, READ).is_err());
            assert!(open(directory.path(), directory.path(), OFlags::PATH).is_ok());
        }
    }

    #[test]
    fn a_bounded_number_of_hashes_is_cached() {
        let files = HashedFiles::new(None);
        for changed in 0..3000 {
            files.remember(version(changed), 0);
            assert!(files.remembered().len() <= REMEMBERED_MAX);
        }
    }
}
