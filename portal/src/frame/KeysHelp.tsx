import './later.css';
import { Kbd, Modal, Switch } from '@mantine/core';
import { useWords } from '../words/words';
import { useKeysOn } from './keys';

/** The list of keyboard shortcuts, in the order of the work: find, open, listen, annotate. */
const KEYS = [
  ['/', 'search'],
  ['j k', 'rows'],
  ['Enter', 'open'],
  ['Esc', 'close'],
  ['r', 'refresh'],
  ['Space', 'play'],
  ['← →', 'seek'],
  [', .', 'speed'],
  ['s', 'silence'],
  ['n', 'note'],
  ['1 – 8', 'mark'],
  ['0', 'unmark'],
  ['d', 'download'],
  ['?', 'help'],
] as const;

export default function KeysHelp({ close }: { close(): void }) {
  const words = useWords();
  const [on, setOn] = useKeysOn();
  return (
    <Modal opened onClose={close} title={words.keys.title} closeButtonProps={{ 'aria-label': words.close }}>
      <dl className="keys">
        {KEYS.map(([key, name]) => (
          <div key={name}>
            <dt>
              {key.split(/ (?!–|8)/).map((part) => (
                <Kbd key={part}>{part}</Kbd>
              ))}
            </dt>
            <dd>{words.keys[name]}</dd>
          </div>
        ))}
      </dl>
      <Switch checked={on} onChange={(event) => setOn(event.currentTarget.checked)} label={words.keys.on} />
    </Modal>
  );
}
