// The waveform with a cursor. Before the audio has been read it is a line, which can already seek.

import { useComputedColorScheme } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import type WaveSurfer from 'wavesurfer.js';
import type { Recording } from '../api/problem';
import { length } from '../time';
import { useWords } from '../words/words';
import { barsOf } from './silence';
import { usePlayer, usePosition } from './usePlayer';

/** About as many bars as a wide panel has room for. */
const BARS = 240;
const LINE = new Float32Array(BARS);

export function Waveform({ recording, seek }: { recording: Recording; seek(to: number): void }) {
  const words = useWords();
  const { state } = usePlayer();
  const loaded = state.recording?.id === recording.id;
  const position = usePosition();
  const at = loaded ? position : 0;
  const seconds = recording.durationMs / 1000;
  const drawn = useDrawn(recording, loaded, (loaded && state.sound?.loudness) || undefined);

  const point = (event: PointerEvent) => {
    if (event.type === 'pointermove' && !event.buttons) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (event.type === 'pointerdown') event.currentTarget.setPointerCapture(event.pointerId);
    seek(Math.max(0, Math.min(1, (event.clientX - left) / width)) * seconds);
  };
  const step = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: at - 5,
      ArrowDown: at - 5,
      ArrowRight: at + 5,
      ArrowUp: at + 5,
      PageUp: at + 30,
      PageDown: at - 30,
      Home: 0,
      End: seconds,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    seek(Math.max(0, Math.min(to, seconds)));
  };

  return (
    <div
      className="waveform"
      role="slider"
      tabIndex={0}
      aria-label={words.player.position}
      aria-valuemin={0}
      aria-valuemax={Math.round(seconds)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={`${length(at * 1000)} ${words.player.of} ${length(recording.durationMs)}`}
      onPointerDown={point}
      onPointerMove={point}
      onKeyDown={step}
    >
      <div ref={drawn} className="waveform-drawn" />
    </div>
  );
}

/** Draws into the returned element. The cursor follows the audio element of this recording. */
function useDrawn(recording: Recording, loaded: boolean, loudness: Float32Array | undefined) {
  const { player } = usePlayer();
  const scheme = useComputedColorScheme('light');
  const element = useRef<HTMLDivElement>(null);
  const drawing = useRef<WaveSurfer>(undefined);
  const seconds = Math.max(recording.durationMs / 1000, 0.1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another scheme has other colours
  useEffect(() => {
    let gone = false;
    import('wavesurfer.js').then(({ default: WaveSurfer }) => {
      if (gone || !element.current) return;
      drawing.current = WaveSurfer.create({
        container: element.current,
        height: 'auto',
        interact: false,
        hideScrollbar: true,
        normalize: true,
        barWidth: 2,
        barGap: 1.5,
        barRadius: 2,
        barMinHeight: 2,
        cursorWidth: 2,
        cursorColor: shade('--accent'),
        progressColor: shade('--accent'),
        waveColor: shade('--wave'),
        peaks: loudness ? [barsOf(loudness, BARS)] : [LINE],
        duration: seconds,
        media: loaded ? player.audio : document.createElement('audio'),
      });
    });
    return () => {
      gone = true;
      drawing.current?.destroy();
      drawing.current = undefined;
    };
  }, [loaded, player, seconds, loudness, scheme]);
  return element;
}

function shade(name: string): string {
  return getComputedStyle(document.body).getPropertyValue(name);
}
