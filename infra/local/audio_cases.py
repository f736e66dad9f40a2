"""Makes difficult audio files from one recording of speech: cut, without an index, chained, rare codecs.

It needs ffmpeg, and writes the files and `cases.json` into .local/audio/cases: for each file its
name, a content type, its row in docs/cases.md, and the seconds that a full decode gives (null
where there is nothing to decode).
"""

import json
import struct
import subprocess
from pathlib import Path

SECONDS = 20
AUDIO = Path(__file__).resolve().parents[2] / ".local/audio"
SPEECH, FOLDER = AUDIO / "call-45.wav", AUDIO / "cases"


def main(speech, folder):
    if (folder / "cases.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    make = Maker(folder)
    call = make.ffmpeg("call.wav", "-t", str(SECONDS), "-i", speech, "-c:a", "pcm_s16le", "-ar", "8000", "-ac", "1", "-bitexact")
    wav, data = call.read_bytes(), 40  # the size of the data chunk is at byte 40 of a plain header
    for name, size in {"7fffffff": 0x7FFFFFFF, "ffffffdb": 0xFFFFFFDB, "80000000": 0x80000000}.items():
        make.case(f"wav-size-{name}.wav", "audio/wav", "A1", wav[:data] + struct.pack("<I", size) + wav[44:])
    real = struct.unpack("<I", wav[40:44])[0]
    make.case("wav-size-plus-16.wav", "audio/wav", "A1", wav[:data] + struct.pack("<I", real + 16) + wav[44:])
    make.case("wav-size-hour.wav", "audio/wav", "A1", wav[:data] + struct.pack("<I", real + 57_600_000) + wav[44:])
    make.case("wav-short-by-one.wav", "audio/wav", "A1", wav[:-1])
    empty = wav[:data] + struct.pack("<I", 0) + b"LIST" + struct.pack("<I", 26) + b"INFOISFT\x0e\x00\x00\x00Lavf60.16.100\x00"
    make.case("wav-no-sound.wav", "audio/wav", "A2", empty, decodes=False)

    aac = ["-c:a", "aac", "-b:a", "32k", "-ar", "16000"]
    fragmented = "frag_keyframe+empty_moov+default_base_moof"
    for name, micros in {"10": 2_000_000, "many": 64_000}.items():
        path = make.ffmpeg(f"mp4-fragments-{name}.m4a", "-i", call, *aac, "-movflags", fragmented, "-frag_duration", str(micros))
        make.known(path, "audio/mp4", "A3")
        make.case(f"mp4-fragments-{name}-cut.m4a", "audio/mp4", "A3", cut(path))
    first = make.ffmpeg("mp4-index-first.m4a", "-i", call, *aac, "-movflags", "+faststart")
    make.case("mp4-index-first-cut.m4a", "audio/mp4", "A4", cut(first))
    last = make.ffmpeg("mp4-index-last.m4a", "-i", call, *aac)
    make.case("mp4-without-index.m4a", "audio/mp4", "A5", cut(last), decodes=False)
    make.case("mp4-stub.m4a", "audio/mp4", "A9", stub(last), decodes=False)
    mp3 = make.ffmpeg("length-header.mp3", "-i", call, "-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000")
    make.case("mp3-length-header-cut.mp3", "audio/mpeg", "A4", cut(mp3))
    make.case("mp3-trailing-100k.mp3", "audio/mpeg", "A8", mp3.read_bytes() + bytes(100_000))
    make.case("mp3-id3-3m.mp3", "audio/mpeg", "A8", id3(3_000_000) + mp3.read_bytes())
    opus = make.ffmpeg("call.ogg", "-i", call, "-c:a", "libopus", "-b:a", "24k")
    make.case("ogg-cut.ogg", "audio/ogg", "A4", cut(opus))
    for seconds in (3, 300):
        tail = make.ffmpeg(f"tail-{seconds}.ogg", "-stream_loop", "-1", "-t", str(seconds), "-i", call, "-c:a", "libopus", "-b:a", "24k")
        make.case(f"ogg-chained-{seconds}.ogg", "audio/ogg", "A6", opus.read_bytes() + tail.read_bytes(), seconds=SECONDS + seconds)
    make.case("ogg-granules-0.ogg", "audio/ogg", "A7", without_granules(opus.read_bytes()), seconds=SECONDS)

    amr = b"#!AMR\n" + (b"\x3c" + bytes(31)) * (50 * SECONDS)  # 12.2 kbit/s, 20 ms a frame
    make.case("amr.amr", "audio/amr", "A10", amr)
    for name, kind in {"amr.3gp": "audio/3gpp", "amr.m4a": "audio/mp4"}.items():
        make.known(make.ffmpeg(name, "-f", "amr", "-i", folder / "amr.amr", "-c", "copy", "-f", "3gp"), kind, "A10")
    codecs = {
        "aac.aac": ("audio/aac", [*aac, "-f", "adts"]),
        "flac.flac": ("audio/flac", ["-c:a", "flac"]),
        "opus.webm": ("audio/webm", ["-c:a", "libopus", "-b:a", "24k"]),
        "opus.caf": ("audio/x-caf", ["-c:a", "libopus", "-b:a", "24k"]),
        "gsm.wav": ("audio/wav", ["-c:a", "libgsm_ms"]),
        "adpcm.wav": ("audio/wav", ["-c:a", "adpcm_ima_wav"]),
        "speex.ogg": ("audio/ogg", ["-c:a", "libspeex"]),
        "ogg-as-mp4.ogg": ("audio/mp4", ["-c:a", "libopus", "-b:a", "24k"]),
    }
    for name, (kind, options) in codecs.items():
        make.known(make.ffmpeg(name, "-i", call, *options), kind, "U2" if name.startswith("ogg-as") else "A10")
    silent = ["-af", f"volume=enable='lt(t,{SECONDS // 2})':volume=0"]
    vbr = ["-c:a", "libmp3lame", "-q:a", "5", "-ar", "16000", "-write_xing", "0", "-id3v2_version", "0"]
    make.known(make.ffmpeg("mp3-vbr-half-silent.mp3", "-i", call, *silent, *vbr), "audio/mpeg", "A11")
    (folder / "cases.json").write_text(json.dumps(make.cases, indent=1))
    print(f"{len(make.cases)} files in {folder}")


class Maker:
    def __init__(self, folder):
        self.folder, self.cases = folder, []

    def ffmpeg(self, name, *options):
        path = self.folder / name
        subprocess.run(["ffmpeg", "-y", "-v", "error", *map(str, options), str(path)], check=True)
        return path

    def case(self, name, kind, row, content, decodes=True, seconds=None):
        path = self.folder / name
        path.write_bytes(content)
        self.known(path, kind, row, decodes, seconds)

    def known(self, path, kind, row, decodes=True, seconds=None):
        length = seconds if seconds is not None else (decoded(path) if decodes else None)
        self.cases.append({"file": path.name, "contentType": kind, "row": row, "seconds": length})


def decoded(path):
    command = ["ffmpeg", "-nostdin", "-v", "quiet", "-i", str(path), "-map", "0:a:0", "-f", "null", "-", "-progress", "pipe:1"]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    times = [line.partition("=")[2] for line in output.splitlines() if line.startswith("out_time_us=")]
    return round(int(times[-1]) / 1e6, 3) if times and times[-1].lstrip("-").isdigit() else None


def cut(path):
    content = path.read_bytes()
    return content[: len(content) * 6 // 10]


def id3(size):
    """An ID3v2.4 tag of `size` bytes of padding."""
    return b"ID3\x04\x00\x00" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


def stub(path):
    """The index of the whole call, over 64 bytes of audio."""
    content, out, at = path.read_bytes(), b"", 0
    while at + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        box = content[at : at + size]
        out += struct.pack(">I4s", 72, b"mdat") + box[8:72] if kind == b"mdat" else box
        at += size
    return out


def without_granules(content):
    """Every Ogg page but the first two with granule 0, and its checksum right again."""
    out, at, page = bytearray(), 0, 0
    while at < len(content):
        segments = content[at + 26]
        end = at + 27 + segments + sum(content[at + 27 : at + 27 + segments])
        body = bytearray(content[at:end])
        if page >= 2:
            body[6:14] = bytes(8)
        body[22:26] = bytes(4)
        body[22:26] = struct.pack("<I", crc(body))
        out += body
        at, page = end, page + 1
    return bytes(out)


def crc(page):
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected, nothing inverted (RFC 3533)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


if __name__ == "__main__":
    main(SPEECH, FOLDER)
