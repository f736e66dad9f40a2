// Plays one recording at a time, on every page, with Range requests to a link that lasts minutes.
// An expired link is renewed in place. Each link is an audit event, so it is requested on play.

import { type Api, answered } from '../api/client';
import { Problem, type Recording } from '../api/problem';
import { prefer, preferences } from '../preferences';
import { silenceAt } from './silence';
import { type Sound, soundOf } from './sound';

export type Phase = 'idle' | 'starting' | 'playing' | 'paused' | 'failed';
export type PlayerState = {
  recording: Recording | undefined;
  phase: Phase;
  error: unknown;
  /** The browser requires another press before it plays. */
  barred: boolean;
  speed: number;
  volume: number;
  skipSilence: boolean;
  sound: Sound | undefined;
};

export type Player = ReturnType<typeof createPlayer>;

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const SPARE_MS = 5_000;
const RENEWALS_APART_MS = 3_000;

export function createPlayer(api: Api, audio: HTMLAudioElement) {
  const preferred = preferences();
  let state: PlayerState = {
    recording: undefined,
    phase: 'idle',
    error: undefined,
    barred: false,
    speed: SPEEDS.includes(preferred.speed ?? 1) ? (preferred.speed ?? 1) : 1,
    volume: preferred.volume ?? 1,
    skipSilence: preferred.skipSilence ?? false,
    sound: undefined,
  };
  const listeners = new Set<() => void>();
  let link: { url: string; expires: number; got: number } | undefined;
  let reason: string | undefined;
  let fetching: AbortController | undefined;

  const become = (changed: Partial<PlayerState>) => {
    state = { ...state, ...changed };
    for (const listener of listeners) listener();
  };

  // The audio is fetched twice, to play and to check, and the second may come from the cache. In
  // the same CORS mode, the cached response has the headers that let the page read it.
  audio.crossOrigin = 'anonymous';
  audio.hidden = true;
  audio.preload = 'auto';
  audio.volume = state.volume;
  document.body.append(audio);

  audio.addEventListener('playing', () => {
    become({ phase: 'playing', barred: false });
    readSound();
  });
  audio.addEventListener('pause', () => state.phase === 'playing' && become({ phase: 'paused' }));
  audio.addEventListener('ended', () => become({ phase: 'paused' }));
  audio.addEventListener('error', () => state.recording && audio.getAttribute('src') && renew());
  audio.addEventListener('timeupdate', () => {
    const loudness = state.skipSilence && state.phase === 'playing' ? state.sound?.loudness : undefined;
    const end = loudness && silenceAt(loudness, audio.currentTime);
    if (end) audio.currentTime = end;
  });

  /** Gets a link and continues at `at`. Does nothing if another recording was played meanwhile. */
  async function follow(at: number, play: boolean) {
    const recording = state.recording as Recording;
    try {
      const path = { params: { path: { id: recording.id } }, body: reason ? { reason } : undefined };
      const { url, expiresAt } = await answered(api.POST('/v1/recordings/{id}/playback', path));
      if (state.recording?.id !== recording.id) return;
      link = { url, expires: Date.parse(expiresAt), got: Date.now() };
      audio.src = url;
      audio.currentTime = at;
      audio.defaultPlaybackRate = state.speed;
      audio.playbackRate = state.speed;
      if (play) await begin();
    } catch (error) {
      if (state.recording?.id === recording.id) become({ phase: 'failed', error });
    }
  }

  /** Starts playback. If the link took too long for the browser, another press is required. */
  async function begin() {
    try {
      await audio.play();
    } catch (error) {
      // An interrupted play is no failure. A bad source is an `error` event of its own.
      if (!(error instanceof DOMException)) throw error;
      if (error.name === 'NotAllowedError') become({ phase: 'paused', barred: true });
    }
  }

  function renew() {
    const fresh = link && Date.now() - link.got < RENEWALS_APART_MS;
    if (fresh) return become({ phase: 'failed', error: audio.error });
    return follow(audio.currentTime, state.phase === 'playing' || state.phase === 'starting');
  }

  function readSound() {
    if (state.sound || !link || !state.recording) return;
    fetching = new AbortController();
    const { id } = state.recording;
    soundOf(state.recording, link.url, fetching.signal, (sound) => state.recording?.id === id && become({ sound }));
  }

  const player = {
    audio,
    /** The recording that plays once its panel appears, because the key was pressed earlier. */
    wanted: undefined as string | undefined,
    state: () => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** Plays the recording, from `at` seconds if given. `why` is the reason for the audit log. */
    async play(recording: Recording, at?: number, why?: string) {
      if (state.recording?.id !== recording.id || state.phase === 'failed') {
        fetching?.abort();
        audio.pause();
        audio.removeAttribute('src');
        link = undefined;
        reason = why;
        become({ recording, phase: 'starting', error: undefined, barred: false, sound: undefined });
        return follow(at ?? 0, true);
      }
      if (at !== undefined) audio.currentTime = at;
      if (link && Date.now() > link.expires - SPARE_MS) {
        become({ phase: 'starting' });
        return follow(audio.ended ? 0 : audio.currentTime, true);
      }
      return begin();
    },
    pause: () => audio.pause(),
    toggle(recording: Recording) {
      const playing = state.recording?.id === recording.id && state.phase === 'playing';
      return playing ? audio.pause() : player.play(recording);
    },
    seek(to: number) {
      const end = Number.isFinite(audio.duration) ? audio.duration : (state.recording?.durationMs ?? 0) / 1000;
      audio.currentTime = Math.max(0, Math.min(to, end));
    },
    skip: (seconds: number) => player.seek(audio.currentTime + seconds),
    setSpeed(speed: number) {
      audio.playbackRate = speed;
      prefer({ speed });
      become({ speed });
    },
    faster(steps: number) {
      const next = SPEEDS[SPEEDS.indexOf(state.speed) + steps];
      if (next) player.setSpeed(next);
    },
    setVolume(volume: number) {
      audio.volume = volume;
      prefer({ volume });
      become({ volume });
    },
    setSkipSilence(skipSilence: boolean) {
      prefer({ skipSilence });
      become({ skipSilence });
    },
    /** Stops, and forgets the recording. */
    close() {
      fetching?.abort();
      audio.pause();
      audio.removeAttribute('src');
      audio.load();
      link = undefined;
      become({ recording: undefined, phase: 'idle', error: undefined, barred: false, sound: undefined });
    },
    /** Whether the request was refused for lack of a reason. */
    asksReason: () => state.error instanceof Problem && state.error.kind === 'reason-missing',
  };
  return player;
}
