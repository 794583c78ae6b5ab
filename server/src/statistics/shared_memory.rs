//! Tallies in memory that several processes share.
//!
//! This is the one module of the server with `unsafe` code: the compiler cannot know the contents of memory that other
//! processes write.

#![expect(unsafe_code, reason = "shared memory is untyped until this module gives it a type")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use memmap2::MmapRaw;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

use crate::statistics::tally::Tally;

/// Tallies in which several processes may count at the same time.
#[derive(Debug)]
pub(crate) struct SharedTallies {
    memory: File,
    map: MmapRaw,
    count: usize,
}

/// The seals that fix the size of the memory. Otherwise a process could shrink it, and the accesses of others would fault.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

impl SharedTallies {
    /// Creates `count` tallies that are zero.
    pub(crate) fn new(count: usize) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = File::from(memfd_create("launcelot statistics", flags)?);
        memory.set_len((count * size_of::<Tally>()) as u64)?;
        fcntl_add_seals(&memory, SEALS)?;
        Self::from_memory(memory.into())
    }

    /// Maps the memory that another process has created for its tallies.
    pub(crate) fn from_memory(memory: OwnedFd) -> io::Result<Self> {
        if !fcntl_get_seals(&memory)?.contains(SEALS) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the size of the shared memory is not sealed"));
        }
        let map = MmapRaw::map_raw(&memory)?;
        let count = map.len() / size_of::<Tally>();
        Ok(Self { memory: memory.into(), map, count })
    }

    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(crate) fn as_slice(&self) -> &[Tally] {
        // SAFETY: the map has room for `count` tallies, because its size is sealed (SEALS), and begins at a page, which
        // is aligned for a tally. It lives as long as `self`. A tally consists of atomic integers only: every bit pattern
        // is a valid value, and other processes may write it at any time.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.count) }
    }
}
