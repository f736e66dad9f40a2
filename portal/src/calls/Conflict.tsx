// Two people edited a text at once. Shows both side by side; the user chooses one or joins them.

import { Button, Modal, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { type Conflict as Both, joined, textOf, type ValueName, type Values } from './annotation';
import { Marked } from './columns';

export function Conflict({ conflict, settle }: { conflict: Both; settle(values: Values | undefined): void }) {
  const words = useWords();
  const more = useCallWords();
  const names = Object.keys(conflict.mine) as ValueName[];
  const textual = names.filter((name) => name !== 'mark');
  const [together, setTogether] = useState<Values>();
  const join = () =>
    setTogether({
      ...conflict.mine,
      ...Object.fromEntries(
        textual.map((name) => [name, joined(textOf(conflict.theirs, name), conflict.mine[name] ?? '')]),
      ),
    });

  return (
    <Modal
      opened
      onClose={() => settle(undefined)}
      size="xl"
      title={more.conflict.title}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <p>{more.conflict.text}</p>
      {names.map((name) => (
        <section key={name} className="conflict">
          <Side title={more.conflict.theirs} name={name} text={textOf(conflict.theirs, name)} />
          <Side title={more.conflict.mine} name={name} text={conflict.mine[name] ?? ''} />
          {together && name !== 'mark' && (
            <Textarea
              className="conflict-joined"
              label={more.conflict.joined}
              autosize
              dir="auto"
              data-autofocus
              value={together[name] ?? ''}
              onChange={(event) => setTogether({ ...together, [name]: event.currentTarget.value })}
            />
          )}
        </section>
      ))}
      <div className="conflict-foot">
        <Button variant="default" onClick={() => settle(undefined)}>
          {more.conflict.keepTheirs}
        </Button>
        <Button variant={together ? 'default' : 'filled'} onClick={() => settle(conflict.mine)}>
          {more.conflict.keepMine}
        </Button>
        {textual.length > 0 &&
          (together ? (
            <Button onClick={() => settle(together)}>{more.conflict.keepJoined}</Button>
          ) : (
            <Button variant="light" onClick={join}>
              {more.conflict.join}
            </Button>
          ))}
      </div>
    </Modal>
  );
}

function Side({ title, name, text }: { title: string; name: ValueName; text: string }) {
  const more = useCallWords();
  return (
    <div className="conflict-side">
      <h3>{title}</h3>
      {text ? (
        name === 'mark' ? (
          <Marked mark={text} />
        ) : (
          <p dir="auto">{text}</p>
        )
      ) : (
        <p className="quiet">{more.conflict.nothing}</p>
      )}
    </div>
  );
}
