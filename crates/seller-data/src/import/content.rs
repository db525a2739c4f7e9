//! The bytes of a file: plain or gzip, from the start as often as needed.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::Reader;
use flate2::bufread::MultiGzDecoder;

use super::summary::Stage;
use crate::error::{Error, ErrorKind};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 16;

/// The longest row in bytes: a quotation mark without its partner would take in the rest of the file.
const ROW_MAX: u64 = 1 << 20;

/// Where a file comes from.
pub enum Input {
    /// A file by its path.
    File(PathBuf),
    /// Whatever a reader gives, such as standard input. It is copied into a temporary file first.
    Reader(Box<dyn Read + Send>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Reader(_) => f.debug_tuple("Reader").finish_non_exhaustive(),
        }
    }
}

impl Input {
    /// What tells an import that was interrupted from others of the same shop and format.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => {
                let absolute = std::path::absolute(path);
                absolute.as_ref().unwrap_or(path).display().to_string()
            }
            Self::Reader(_) => "-".to_owned(),
        }
    }
}

/// A file that can be read again.
pub(super) struct Content {
    file: File,
    pub(super) length: u64,
    position: Arc<AtomicU64>,
}

impl Content {
    /// Opens a file. What cannot be read twice is copied; `progress` is told how far that is.
    pub(super) fn open(input: Input, progress: impl FnMut(Stage, u64)) -> Result<Self, Error> {
        let file = match input {
            Input::File(path) => {
                let file = File::open(path).map_err(cannot_read)?;
                if file.metadata().map_err(cannot_read)?.is_file() {
                    file
                } else {
                    copy(file, progress)?
                }
            }
            Input::Reader(reader) => copy(reader, progress)?,
        };
        let length = file.metadata().map_err(cannot_read)?.len();
        let position = Arc::default();
        Ok(Self {
            file,
            length,
            position,
        })
    }

    /// Bytes of the file read so far, compressed if it is.
    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// The rows from the first one, the header included.
    pub(super) fn rows(&self) -> Result<Rows, Error> {
        self.position.store(0, Ordering::Relaxed);
        let mut file = self.file.try_clone().map_err(cannot_read)?;
        file.rewind().map_err(cannot_read)?;
        let counting = Counting {
            file,
            position: Arc::clone(&self.position),
        };
        let mut buffered = BufReader::with_capacity(BUFFER, counting);
        let is_gzip = buffered
            .fill_buf()
            .map_err(cannot_read)?
            .starts_with(&GZIP_MAGIC);
        let bytes: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(buffered))
        } else {
            Box::new(buffered)
        };
        let in_row = Arc::default();
        let guarded = Guarded {
            bytes,
            in_row: Arc::clone(&in_row),
        };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(guarded);
        Ok(Rows { reader, in_row })
    }
}

/// The rows of a file.
pub(super) struct Rows {
    reader: Reader<Guarded>,
    in_row: Arc<AtomicU64>,
}

impl Rows {
    /// Reads the next row; `false` at the end.
    pub(super) fn next(&mut self, record: &mut csv::ByteRecord) -> Result<bool, csv::Error> {
        self.in_row.store(0, Ordering::Relaxed);
        self.reader.read_byte_record(record)
    }
}

/// Copies into a nameless temporary file.
fn copy(mut from: impl Read, mut progress: impl FnMut(Stage, u64)) -> Result<File, Error> {
    let mut file = tempfile::tempfile().map_err(super::scratch::failed)?;
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(cannot_read(error)),
        };
        file.write_all(&buffer[..read])
            .map_err(super::scratch::failed)?;
        length += as_u64(read);
        progress(Stage::Receiving, length);
    }
}

struct Counting {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(as_u64(read), Ordering::Relaxed);
        Ok(read)
    }
}

/// Ends a row that does not end.
struct Guarded {
    bytes: Box<dyn Read + Send>,
    in_row: Arc<AtomicU64>,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.in_row.load(Ordering::Relaxed) > ROW_MAX {
            let message = "a row is longer than 1 MB; a quotation mark may lack its partner";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let read = self.bytes.read(buffer)?;
        self.in_row.fetch_add(as_u64(read), Ordering::Relaxed);
        Ok(read)
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn cannot_read(error: io::Error) -> Error {
    Error::with_source(ErrorKind::Unavailable, "failed to read the file", error)
}
