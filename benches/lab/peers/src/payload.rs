//! The payload of every message: see `common/payload.h`.

fn tag(number: u32) -> u64 {
    let mut x = u64::from(number);
    x = (x | (x << 16)) & 0x0000_FFFF_0000_FFFF;
    x = (x | (x << 8)) & 0x00FF_00FF_00FF_00FF;
    x = (x | (x << 4)) & 0x0F0F_0F0F_0F0F_0F0F;
    x + 0x4141_4141_4141_4141
}

fn check(number: u32) -> u64 {
    tag(number.wrapping_mul(2_654_435_761))
}

pub fn filled(size: usize) -> Vec<u8> {
    assert!(size >= 16, "a message has at least 16 bytes");
    (0..size).map(|i| b'a' + (i * 7 % 26) as u8).collect()
}

pub fn stamp(payload: &mut [u8], number: u32) {
    let end = payload.len() - 8;
    payload[..8].copy_from_slice(&tag(number).to_ne_bytes());
    payload[end..].copy_from_slice(&check(number).to_ne_bytes());
}

pub fn is(payload: &[u8], size: usize, number: u32) -> bool {
    payload.len() == size
        && payload[..8] == tag(number).to_ne_bytes()
        && payload[size - 8..] == check(number).to_ne_bytes()
}
