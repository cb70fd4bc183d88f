//! Architectures as seccomp sees them: the number in `seccomp_data.arch` and how arguments are laid out.

use super::SeccompError;

/// Bit that marks a call of the x32 ABI, which shares its architecture number with x86_64
/// (arch/x86/include/uapi/asm/unistd.h).
pub(super) const X32_BIT: u32 = 0x4000_0000;

/// An architecture with a table of numbers, in the order of that table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit x86 with 32-bit pointers.
    X32,
    /// 32-bit x86.
    X86,
    /// 64-bit Arm.
    Aarch64,
    /// 32-bit Arm.
    Arm,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit IBM Z, big-endian.
    S390x,
    /// 64-bit POWER, little-endian.
    Ppc64le,
    /// 64-bit LoongArch.
    Loongarch64,
}

impl Arch {
    /// The architecture this program was built for.
    ///
    /// # Errors
    /// One without a table.
    pub fn native() -> Result<Self, SeccompError> {
        Ok(match std::env::consts::ARCH {
            "x86_64" => Arch::X86_64,
            "x86" => Arch::X86,
            "aarch64" => Arch::Aarch64,
            "arm" => Arch::Arm,
            "riscv64" => Arch::Riscv64,
            "s390x" => Arch::S390x,
            "powerpc64" if cfg!(target_endian = "little") => Arch::Ppc64le,
            "loongarch64" => Arch::Loongarch64,
            _ => return Err(SeccompError::Unsupported),
        })
    }

    /// Its ABIs for programs of 32 bits, which a filter must cover too.
    pub fn with_subarchitectures(self) -> &'static [Arch] {
        match self {
            Arch::X86_64 | Arch::X32 => &[Arch::X86_64, Arch::X32, Arch::X86],
            Arch::Aarch64 => &[Arch::Aarch64, Arch::Arm],
            Arch::X86 => &[Arch::X86],
            Arch::Arm => &[Arch::Arm],
            Arch::Riscv64 => &[Arch::Riscv64],
            Arch::S390x => &[Arch::S390x],
            Arch::Ppc64le => &[Arch::Ppc64le],
            Arch::Loongarch64 => &[Arch::Loongarch64],
        }
    }

    /// The `AUDIT_ARCH_*` number (include/uapi/linux/audit.h).
    pub(super) fn audit_number(self) -> u32 {
        match self {
            Arch::X86_64 | Arch::X32 => 0xc000_003e,
            Arch::X86 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
            Arch::Arm => 0x4000_0028,
            Arch::Riscv64 => 0xc000_00f3,
            Arch::S390x => 0x8000_0016,
            Arch::Ppc64le => 0xc000_0015,
            Arch::Loongarch64 => 0xc000_0102,
        }
    }

    /// The column in the table of numbers.
    pub(super) fn column(self) -> usize {
        self as usize
    }

    /// What is added to a number of the table.
    pub(super) fn marker(self) -> u32 {
        if self == Arch::X32 { X32_BIT } else { 0 }
    }

    /// Whether only the lower half of an argument counts.
    pub(super) fn is_32_bit(self) -> bool {
        matches!(self, Arch::X86 | Arch::Arm | Arch::X32)
    }

    /// Whether the upper half of an argument comes first in memory.
    pub(super) fn is_big_endian(self) -> bool {
        self == Arch::S390x
    }

    /// The name that `includes.arches` of a profile uses (Go's names).
    pub(super) fn go_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "amd64",
            Arch::X32 => "x32",
            Arch::X86 => "x86",
            Arch::Aarch64 => "arm64",
            Arch::Arm => "arm",
            Arch::Riscv64 => "riscv64",
            Arch::S390x => "s390x",
            Arch::Ppc64le => "ppc64le",
            Arch::Loongarch64 => "loong64",
        }
    }

    /// Reads libseccomp's `SCMP_ARCH_*`. `Ok(None)` is an architecture that exists but has no table here.
    pub(super) fn from_profile_name(name: &str, native: Arch) -> Result<Option<Self>, SeccompError> {
        let known = name.strip_prefix("SCMP_ARCH_").unwrap_or_default();
        Ok(Some(match known {
            "NATIVE" => native,
            "X86_64" => Arch::X86_64,
            "X32" => Arch::X32,
            "X86" => Arch::X86,
            "AARCH64" => Arch::Aarch64,
            "ARM" => Arch::Arm,
            "RISCV64" => Arch::Riscv64,
            "S390X" => Arch::S390x,
            "PPC64LE" => Arch::Ppc64le,
            "LOONGARCH64" => Arch::Loongarch64,
            "MIPS" | "MIPS64" | "MIPS64N32" | "MIPSEL" | "MIPSEL64" | "MIPSEL64N32" | "PPC" | "PPC64" | "S390"
            | "PARISC" | "PARISC64" | "M68K" | "SH" | "SHEB" => return Ok(None),
            _ => return Err(SeccompError::UnknownArchitecture(name.to_owned())),
        }))
    }
}
