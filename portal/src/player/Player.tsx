// The player of one call: playback, seeking, and the comparison with the stored digest.

import { ActionIcon, Button, Menu, Slider, Switch, TextInput, Tooltip } from '@mantine/core';
import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { Recording } from '../api/problem';
import { Failed } from '../frame/Failed';
import { Icon } from '../frame/Icon';
import { useKeys } from '../frame/keys';
import { saysWhy } from '../reason';
import { useMe } from '../session/me';
import { length, lengthOf } from '../time';
import { useWords } from '../words/words';
import { Download } from './Download';
import { SPEEDS } from './player';
import { Seal } from './Seal';
import { silenceUnknown } from './sound';
import { usePlayer, usePosition } from './usePlayer';
import { Waveform } from './Waveform';

const STEP = 10;
const KEY_STEP = 5;

type Props = { recording: Recording; mayListen: boolean; mayDownload: boolean };

export function Player({ recording, mayListen, mayDownload }: Props) {
  const { player, state } = usePlayer();
  const words = useWords();
  const { organisation } = useMe();
  const loaded = state.recording?.id === recording.id;
  const phase = loaded ? state.phase : 'idle';
  const [asking, setAsking] = useState<{ at: number } | undefined>();
  const asked = useRef<HTMLFormElement>(null);

  const play = (at?: number) => {
    if (at === undefined && asked.current) return asked.current.requestSubmit();
    if (organisation.asksReason && !loaded) return setAsking({ at: at ?? 0 });
    return player.play(recording, at);
  };
  const seek = (to: number) => (loaded && phase !== 'failed' ? player.seek(to) : play(to));
  const toggle = () => (phase === 'playing' ? player.pause() : play());
  usePlayWanted(recording.id, mayListen, toggle);
  const unknown = silenceUnknown(recording, loaded ? state.sound : undefined);
  useKeys(
    mayListen
      ? {
          Space: toggle,
          arrowLeft: () => player.skip(-KEY_STEP),
          arrowRight: () => player.skip(KEY_STEP),
          ',': () => player.faster(-1),
          '.': () => player.faster(1),
          s: () => unknown || player.setSkipSilence(!player.state().skipSilence),
        }
      : {},
  );
  if (!mayListen && !mayDownload) return <p className="quiet">{words.player.mayNot}</p>;

  return (
    <div className="player-card">
      <section className="player" aria-label={words.player.label}>
        {mayListen && <Waveform recording={recording} seek={seek} />}
        {mayListen && <Times recording={recording} loaded={loaded} />}
        <div className="player-controls">
          {mayListen && (
            <>
              <Around label={words.player.back}>
                <ActionIcon
                  className="skip-by"
                  size="lg"
                  variant="subtle"
                  color="gray"
                  aria-label={words.player.back}
                  onClick={() => player.skip(-STEP)}
                  disabled={!loaded}
                  title={loaded ? undefined : words.player.first}
                >
                  <Icon name="back" size={22} />
                </ActionIcon>
              </Around>
              <Around label={`${phase === 'playing' ? words.player.pause : words.player.play} (${words.key.space})`}>
                <ActionIcon
                  className="play"
                  size={52}
                  radius="xl"
                  variant="filled"
                  loading={phase === 'starting'}
                  aria-label={phase === 'playing' ? words.player.pause : words.player.play}
                  onClick={toggle}
                >
                  <Icon name={phase === 'playing' ? 'pause' : 'play'} size={26} filled={phase !== 'playing'} />
                </ActionIcon>
              </Around>
              <Around label={words.player.forward}>
                <ActionIcon
                  className="skip-by"
                  size="lg"
                  variant="subtle"
                  color="gray"
                  aria-label={words.player.forward}
                  onClick={() => player.skip(STEP)}
                  disabled={!loaded}
                  title={loaded ? undefined : words.player.first}
                >
                  <Icon name="forward" size={22} />
                </ActionIcon>
              </Around>
              <Speed />
            </>
          )}
          <span className="spring" />
          {mayListen && <Volume />}
          {mayDownload && <Download recording={recording} />}
        </div>
      </section>
      {asking && (
        <Reason
          form={asked}
          give={(why) => {
            setAsking(undefined);
            player.play(recording, asking.at, why);
          }}
        />
      )}
      {loaded && state.barred && <p role="alert">{words.player.barred}</p>}
      {mayListen && (
        <div className="player-foot">
          <Switch
            size="sm"
            label={words.player.skipSilence}
            description={unknown && words.silence[unknown]}
            disabled={unknown !== undefined}
            checked={state.skipSilence && !unknown}
            onChange={(event) => player.setSkipSilence(event.currentTarget.checked)}
          />
          <Seal recording={recording} sound={loaded ? state.sound : undefined} />
        </div>
      )}
      {phase === 'failed' && <Failed error={state.error} again={() => play()} />}
    </div>
  );
}

/** Plays if the key was pressed before the player was rendered. */
function usePlayWanted(id: string, mayListen: boolean, play: () => void) {
  const { player } = usePlayer();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the player appears
  useEffect(() => {
    const wanted = player.wanted === id;
    player.wanted = undefined;
    if (wanted && mayListen) play();
  }, [id]);
}

function Times({ recording, loaded }: { recording: Recording; loaded: boolean }) {
  const position = usePosition();
  return (
    <div className="player-times">
      <span data-testid="position">{length(loaded ? position * 1000 : 0)}</span>
      <span>{lengthOf(recording)}</span>
    </div>
  );
}

function Speed() {
  const words = useWords();
  const { player, state } = usePlayer();
  const shown = (speed: number) => `${speed.toLocaleString(words.locale)}×`;
  return (
    <Menu position="bottom" width={96}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-md"
          aria-label={`${words.player.speed}: ${shown(state.speed)}`}
        >
          {shown(state.speed)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {SPEEDS.map((speed) => (
          <Menu.Item
            key={speed}
            onClick={() => player.setSpeed(speed)}
            aria-current={speed === state.speed || undefined}
          >
            {shown(speed)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Volume() {
  const words = useWords();
  const { player, state } = usePlayer();
  return (
    <span className="volume">
      <Icon name="volume" />
      <Slider
        size="sm"
        w={72}
        min={0}
        max={1}
        step={0.05}
        label={null}
        thumbLabel={words.player.volume}
        value={state.volume}
        onChange={player.setVolume}
      />
    </span>
  );
}

/** Asks why the user listens. The reason goes to the audit log, which the recorded user reads. */
function Reason({ form, give }: { form: RefObject<HTMLFormElement | null>; give(why: string): void }) {
  const words = useWords();
  const [why, setWhy] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saysWhy(why)) give(why.trim());
  };
  return (
    <form className="reason" ref={form} onSubmit={submit}>
      <TextInput
        data-autofocus
        autoFocus
        label={words.player.why}
        description={words.player.whyText}
        maxLength={200}
        value={why}
        onChange={(event) => setWhy(event.currentTarget.value)}
      />
      <Button type="submit" disabled={!saysWhy(why)}>
        {words.player.play}
      </Button>
    </form>
  );
}

function Around({ label, children }: { label: string; children: React.ReactElement }) {
  return <Tooltip label={label}>{children}</Tooltip>;
}
