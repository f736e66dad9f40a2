//! Calls to register. A call is valid as built; a test states only what matters to it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::recording::Sha256;
use serde_json::{Value, json};

/// The present moment in the router tests.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_521_600, 0).expect("a valid moment") // 2026-11-24 12:00 UTC
}

/// A call with the call id `id` that began an hour ago and promises `audio`.
pub fn call(id: &str, content_type: &str, audio: &[u8]) -> Value {
    json!({
        "callId": id,
        "direction": "in",
        "counterpart": "+46701234567",
        "startedAt": now() - TimeDelta::hours(1),
        "durationMs": 93_000,
        "contentType": content_type,
        "contentLength": audio.len(),
        "sha256": sha256(audio),
    })
}

/// `call` with its members replaced by those of `other`.
pub fn with(mut call: Value, other: Value) -> Value {
    if let (Value::Object(call), Value::Object(other)) = (&mut call, other) {
        call.extend(other);
    }
    call
}

/// The SHA-256 of `audio` as the API writes it.
pub fn sha256(audio: &[u8]) -> String {
    Sha256::of(audio).into()
}

/// A WAV file of `seconds` of silence: PCM, 8 kHz, 16 bits, one channel.
pub fn silence(seconds: u32) -> Vec<u8> {
    let data = seconds * 16_000;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + data).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    wav.resize(wav.len() + data as usize, 0);
    wav
}
