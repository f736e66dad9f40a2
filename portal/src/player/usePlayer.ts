import { useEffect, useState, useSyncExternalStore } from 'react';
import { useApp } from '../app';

export function usePlayer() {
  const { player } = useApp();
  const state = useSyncExternalStore(player.subscribe, player.state);
  return { player, state };
}

/** The playback position in seconds, at each of the browser's updates. */
export function usePosition(): number {
  const { audio } = useApp().player;
  const [position, setPosition] = useState(audio.currentTime);
  useEffect(() => {
    const tell = () => setPosition(audio.currentTime);
    tell();
    for (const event of EVENTS) audio.addEventListener(event, tell);
    return () => {
      for (const event of EVENTS) audio.removeEventListener(event, tell);
    };
  }, [audio]);
  return position;
}

const EVENTS = ['timeupdate', 'seeking', 'seeked', 'emptied'];
