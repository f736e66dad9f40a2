import { Tooltip } from '@mantine/core';
import type { Recording } from '../api/problem';
import { Icon } from '../frame/Icon';
import { dateAndClock } from '../time';
import { useLanguage, useWords } from '../words/words';
import type { Sound } from './sound';

/** Whether the audio is byte for byte what the service stored. */
export function Seal({ recording, sound }: { recording: Recording; sound: Sound | undefined }) {
  const words = useWords();
  const { language } = useLanguage();
  const seal = sound?.seal;
  const sealed = recording.storedAt ? dateAndClock(new Date(recording.storedAt), language) : '';
  const texts = {
    unchanged: `${words.seal.unchanged} ${sealed}`,
    altered: words.seal.altered,
    fetching: `${words.seal.fetching} ${Math.round((sound?.fetched ?? 0) * 100)} %`,
    'too-large': words.seal.tooLarge,
    unread: words.seal.unread,
  };
  return (
    <Tooltip multiline w={320} label={`SHA-256 ${recording.sha256}`}>
      <span className="seal" data-seal={seal ?? 'none'} role={seal === 'altered' ? 'alert' : undefined}>
        {seal === 'unchanged' && <Icon name="check" size={16} />}
        {seal === 'altered' && <Icon name="warning" size={16} />}
        {seal ? texts[seal] : words.seal.none}
      </span>
    </Tooltip>
  );
}
