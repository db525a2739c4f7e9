//! The bytes of a file: plain or gzip, and how many of them were read.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, ErrorKind};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file that is open for reading.
pub(super) struct Source {
    pub(super) reader: Box<dyn Read + Send>,
    /// Bytes of the file read so far.
    pub(super) position: Arc<AtomicU64>,
    pub(super) length: u64,
}

impl Source {
    /// Opens a file and sees by its first bytes whether it is compressed.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let cannot_read =
            |error| Error::with_source(ErrorKind::Unavailable, "failed to read the file", error);
        let file = File::open(path).map_err(cannot_read)?;
        let length = file.metadata().map_err(cannot_read)?.len();
        let position = Arc::new(AtomicU64::new(0));
        let counting = Counting {
            file,
            position: Arc::clone(&position),
        };
        let mut buffered = BufReader::with_capacity(1 << 16, counting);
        let is_gzip = buffered
            .fill_buf()
            .map_err(cannot_read)?
            .starts_with(&GZIP_MAGIC);
        let reader: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(buffered))
        } else {
            Box::new(buffered)
        };
        Ok(Self {
            reader,
            position,
            length,
        })
    }
}

struct Counting {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position
            .fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}
