// The organisation's marks: a colour, a shape and a label.

import { Button, Modal, Switch, TextInput, UnstyledButton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { COLOURS, type Mark, SHAPES, useLegend } from '../../calls/legend';
import { MarkSign } from '../../calls/MarkSign';
import { useComplain } from '../../frame/complain';
import { Icon } from '../../frame/Icon';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { named } from '../named';

const FRESH: Mark = { mark: '', label: '', colour: 'teal', shape: 'star', retired: false };

export function Marks() {
  const words = useWords();
  const more = useAdministrationWords();
  const { marks } = useLegend();
  const [editing, setEditing] = useState<Mark>();
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.marks}</h1>
        <Button leftSection={<Icon name="plus" />} onClick={() => setEditing(FRESH)}>
          {more.marks.add}
        </Button>
      </div>
      <p className="quiet">{more.marks.text}</p>
      <ul className="plain legend">
        {marks.map((mark) => (
          <li key={mark.mark}>
            <MarkSign mark={mark} />
            {mark.retired && <span className="tag">{more.marks.retired}</span>}
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() => setEditing(mark)}
              aria-label={`${words.change} ${mark.label}`}
            >
              {words.change}
            </Button>
          </li>
        ))}
      </ul>
      {editing && (
        <MarkDialog mark={editing} taken={marks.map(({ mark }) => mark)} close={() => setEditing(undefined)} />
      )}
    </>
  );
}

function MarkDialog({ mark, taken, close }: { mark: Mark; taken: string[]; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const complain = useComplain();
  const client = useQueryClient();
  const [draft, setDraft] = useState(mark);
  const put = useMutation({
    mutationFn: () => {
      const { mark: id, ...shown } = draft;
      const path = { mark: id || named(draft.label, taken) };
      return answered(api.PUT('/v1/marks/{mark}', { params: { path }, body: { ...shown, label: draft.label.trim() } }));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['marks'] });
      close();
    },
    onError: complain,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate();
  };
  const lacks = !draft.label.trim() && more.lacks.label;
  return (
    <Modal
      opened
      onClose={close}
      title={mark.mark ? more.marks.change : more.marks.add}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <form onSubmit={submit} className="stack">
        <TextInput
          data-autofocus
          label={more.marks.label}
          maxLength={100}
          value={draft.label}
          onChange={(event) => setDraft({ ...draft, label: event.currentTarget.value })}
        />
        <Choice
          title={more.marks.colour}
          names={COLOURS}
          chosen={draft.colour}
          nameOf={(colour) => more.colour[colour]}
          choose={(colour) => setDraft({ ...draft, colour })}
          show={(colour) => <MarkSign bare mark={{ ...draft, colour, label: '' }} />}
        />
        <Choice
          title={more.marks.shape}
          names={Object.keys(SHAPES) as Mark['shape'][]}
          chosen={draft.shape}
          nameOf={(shape) => more.shape[shape]}
          choose={(shape) => setDraft({ ...draft, shape })}
          show={(shape) => <MarkSign bare mark={{ ...draft, shape, label: '' }} />}
        />
        {mark.mark && (
          <Switch
            label={more.marks.retire}
            description={more.marks.retireText}
            checked={draft.retired}
            onChange={(event) => setDraft({ ...draft, retired: event.currentTarget.checked })}
          />
        )}
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <Button type="submit" disabled={Boolean(lacks)} loading={put.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

type ChoiceProps<Name extends string> = {
  title: string;
  names: Name[];
  chosen: Name;
  nameOf(name: Name): string;
  choose(name: Name): void;
  show(name: Name): React.ReactNode;
};

function Choice<Name extends string>({ title, names, chosen, nameOf, choose, show }: ChoiceProps<Name>) {
  return (
    <fieldset className="choice">
      <legend>{title}</legend>
      {names.map((name) => (
        <UnstyledButton
          key={name}
          className="choice-one"
          aria-pressed={name === chosen}
          aria-label={nameOf(name)}
          title={nameOf(name)}
          onClick={() => choose(name)}
        >
          {show(name)}
        </UnstyledButton>
      ))}
    </fieldset>
  );
}
