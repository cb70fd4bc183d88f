//! How much a layer may ask of us. Everything here is far above real images and far below what hurts.

/// Entries in one layer. The largest public images have a few hundred thousand.
pub const ENTRIES: u32 = 1 << 22;
/// Bytes of one index, names and attributes included; the index is built in memory.
pub const INDEX_BYTES: usize = 512 << 20;
/// Bytes of one path: Linux's `PATH_MAX` without the final NUL (limits.h). Longer ones could not be unpacked anywhere.
pub const PATH_BYTES: usize = 4095;
/// Bytes of one path component: `NAME_MAX` of Linux file systems.
pub const NAME_BYTES: usize = 255;
/// Bytes of one long-name or pax header. Go's `archive/tar` has the same limit.
pub const EXTENDED_HEADER_BYTES: u64 = 1 << 20;
/// Bytes of one extended attribute: `XATTR_SIZE_MAX` (linux/limits.h).
pub const XATTR_BYTES: usize = 65536;
/// Bytes of one extended attribute's name: `XATTR_NAME_MAX` (linux/limits.h).
pub const XATTR_NAME_BYTES: usize = 255;
/// Bytes of a file, holes included: 1 PiB, more than any file system the image could come from allows.
pub const FILE_BYTES: u64 = 1 << 50;
/// Device numbers as the kernel packs them into 32 bits (linux/kdev_t.h): 12 bits major, 20 bits minor.
pub const DEVICE_MAJOR: u32 = (1 << 12) - 1;
/// See [`DEVICE_MAJOR`].
pub const DEVICE_MINOR: u32 = (1 << 20) - 1;
