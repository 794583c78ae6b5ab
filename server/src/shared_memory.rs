//! Memory that processes share, for counting in it together.
//!
//! The one place in the server that needs `unsafe`: the compiler cannot know what lies in memory
//! that other processes write.

#![expect(unsafe_code, reason = "shared memory is bytes until somebody says what they are")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use memmap2::MmapRaw;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

use crate::statistics::Tally;

/// Tallies that several processes can count in at once.
#[derive(Debug)]
pub(crate) struct SharedTallies {
    memory: File,
    map: MmapRaw,
    count: usize,
}

/// Nobody who has the memory can make it smaller or larger, so no access can miss it.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

impl SharedTallies {
    /// So many, all zero.
    pub(crate) fn new(count: usize) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = File::from(memfd_create("launcelot statistics", flags)?);
        memory.set_len((count * size_of::<Tally>()) as u64)?;
        fcntl_add_seals(&memory, SEALS)?;
        Self::from_memory(memory.into())
    }

    /// Those of another process.
    pub(crate) fn from_memory(memory: OwnedFd) -> io::Result<Self> {
        if !fcntl_get_seals(&memory)?.contains(SEALS) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let map = MmapRaw::map_raw(&memory)?;
        let count = map.len() / size_of::<Tally>();
        Ok(Self { memory: memory.into(), map, count })
    }

    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(crate) fn as_slice(&self) -> &[Tally] {
        // SAFETY: the map has at least `count` tallies, because it cannot shrink (see SEALS), and begins
        // at a page, which is aligned for them. It lives as long as `self`. A tally is made of atomic
        // integers only: every pattern of bits is one, and others may write them at any time.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.count) }
    }
}
