// The bar of the playing call, while the user looks at another call or page. It is fetched when a
// call begins to play.

import { ActionIcon } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { Counterpart } from '../calls/Counterpart';
import { useDirectory } from '../calls/directory';
import { Icon } from '../frame/Icon';
import { length, lengthOf } from '../time';
import { useWords } from '../words/words';
import { usePlayer, usePosition } from './usePlayer';

export default function NowPlaying() {
  const { player, state } = usePlayer();
  const words = useWords();
  const { nameOf } = useDirectory();
  const { id } = useParams({ strict: false });
  const recording = state.recording;
  if (!recording || id === recording.id) return null;
  const playing = state.phase === 'playing';
  return (
    <section className="now-playing" aria-label={words.player.now}>
      <ActionIcon
        variant="filled"
        radius="xl"
        size="lg"
        aria-label={playing ? words.player.pause : words.player.play}
        onClick={() => player.toggle(recording)}
      >
        <Icon name={playing ? 'pause' : 'play'} filled={!playing} />
      </ActionIcon>
      <Link to="/calls/$id" params={{ id: recording.id }} search={(search) => search} className="now-playing-call">
        <bdi>{nameOf(recording.user)}</bdi> <Counterpart recording={recording} />
      </Link>
      <Where end={lengthOf(recording)} />
      <ActionIcon variant="subtle" color="gray" aria-label={words.player.stop} onClick={player.close}>
        <Icon name="close" />
      </ActionIcon>
    </section>
  );
}

function Where({ end }: { end: string }) {
  const position = usePosition();
  return (
    <span className="digits">
      {length(position * 1000)} / {end}
    </span>
  );
}
