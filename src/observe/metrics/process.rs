//! What the kernel says of this process. Linux only; elsewhere the figure is absent.

/// Resident memory in bytes, from `/proc/self/status`.
pub fn resident_bytes() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_resident_size_in_bytes() {
        assert_eq!(parse("VmPeak:\t 10 kB\nVmRSS:\t  2048 kB\n"), Some(2 << 20));
        assert_eq!(parse("VmRSS: lots kB\n"), None);
        assert_eq!(parse(""), None);
    }
}
