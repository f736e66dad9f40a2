"""Makes the audio of the demo and the tests: real speech in the formats of phones and apps.

It joins prompts of Debian's asterisk-core-sounds-en-wav into calls of 2 seconds to 20 minutes, and
encodes them with ffmpeg into .local/audio, with a manifest. None of it is checked in.
"""

import hashlib
import itertools
import json
import subprocess
import sys
import wave
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".local/audio"
PROMPTS = Path("/usr/share/asterisk/sounds")
RATE = 8000  # of the prompts

WAV, MP3, M4A, OGG = "audio/wav", "audio/mpeg", "audio/mp4", "audio/ogg"
OPUS = ["-c:a", "libopus", "-b:a", "24k"]
FILES = [  # name, seconds, content type, ffmpeg options
    ("2s.wav", 2, WAV, ["-c:a", "pcm_s16le"]),
    ("2s.ogg", 2, OGG, OPUS),
    ("45s-alaw.wav", 45, WAV, ["-c:a", "pcm_alaw"]),
    ("45s-ulaw.wav", 45, WAV, ["-c:a", "pcm_mulaw"]),
    ("90s.mp3", 90, MP3, ["-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000"]),
    ("90s-vbr.mp3", 90, MP3, ["-c:a", "libmp3lame", "-q:a", "5", "-ar", "16000"]),
    ("90s-no-length.mp3", 90, MP3, ["-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000", "-write_xing", "0", "-id3v2_version", "0"]),
    ("5min.ogg", 300, OGG, OPUS),
    ("5min-index-first.m4a", 300, M4A, ["-c:a", "aac", "-b:a", "32k", "-ar", "16000", "-movflags", "+faststart"]),
    ("20min.wav", 1200, WAV, ["-c:a", "pcm_s16le"]),
    ("20min-alaw.wav", 1200, WAV, ["-c:a", "pcm_alaw"]),
    ("20min-ulaw.wav", 1200, WAV, ["-c:a", "pcm_mulaw"]),
    ("20min.mp3", 1200, MP3, ["-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000"]),
    ("20min-no-length.mp3", 1200, MP3, ["-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000", "-write_xing", "0", "-id3v2_version", "0"]),
    ("20min.m4a", 1200, M4A, ["-c:a", "aac", "-b:a", "32k", "-ar", "16000"]),
    ("20min-44100.m4a", 1200, M4A, ["-c:a", "aac", "-b:a", "48k", "-ar", "44100"]),
    ("20min.ogg", 1200, OGG, OPUS),
]


def main():
    manifest = FOLDER / "manifest.json"
    if manifest.exists() and [entry["name"] for entry in json.loads(manifest.read_text())] == [name for name, *_ in FILES]:
        return
    prompts = sorted(PROMPTS.glob("en*/**/*.wav"))
    if not prompts:
        sys.exit("there are no recorded prompts: apt-get install asterisk-core-sounds-en-wav")
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, seconds, content_type, codec in FILES:
        call = FOLDER / f"call-{seconds}.wav"
        if not call.exists():
            join(prompts, seconds, call)
        entries.append(encode(call, FOLDER / name, content_type, codec))
        print(f"  {name}: {entries[-1]['bytes']:,} bytes", flush=True)
    manifest.write_text(json.dumps(entries, indent=2))


def join(prompts, seconds, target):
    """Joins prompts, repeatedly, into a call of `seconds`. One that was interrupted is begun anew."""
    part = target.with_suffix(".part")
    missing = seconds * RATE
    with wave.open(str(part), "wb") as call:
        call.setparams((1, 2, RATE, 0, "NONE", ""))
        for prompt in itertools.cycle(prompts):
            with wave.open(str(prompt)) as recorded:
                if recorded.getparams()[:3] != (1, 2, RATE):
                    continue
                frames = recorded.readframes(min(missing, recorded.getnframes()))
            call.writeframes(frames)
            missing -= len(frames) // 2
            if missing <= 0:
                break
    part.rename(target)


def encode(call, target, content_type, codec):
    exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-i", call, *codec, *exact, target], check=True)
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", target]
    duration = float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)
    audio = target.read_bytes()
    digest = hashlib.sha256(audio).hexdigest()
    return {"name": target.name, "content_type": content_type, "bytes": len(audio), "sha256": digest, "duration": duration}


if __name__ == "__main__":
    main()
