// Every filter of the search as a field.

import '../frame/later.css';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useWords } from '../words/words';
import { useDirectory } from './directory';
import { FIELDS, type Filters, PERIODS, readFilters, STATES } from './filters';
import { useLegend } from './legend';
import { useFilters } from './useFilters';

export default function FilterFields({ done }: { done(): void }) {
  const words = useWords();
  const [filters, , replace] = useFilters();
  const { users } = useDirectory();
  const { marks } = useLegend();
  const [draft, setDraft] = useState<Record<string, string>>(() => written(filters));
  const field = (name: string) => ({
    label: words.filter[name as keyof typeof words.filter] as string,
    value: draft[name] ?? '',
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setDraft((draft) => ({ ...draft, [name]: value }));
    },
  });
  const any = { value: '', label: words.filter.any };
  const options = (names: readonly string[], texts: Record<string, string>) => [
    any,
    ...names.map((name) => ({ value: name, label: texts[name] ?? name })),
  ];
  const search = (event: FormEvent) => {
    event.preventDefault();
    const { fromDay, fromTime, toDay, toTime, minMinutes, maxMinutes, ...rest } = draft;
    const span = rest.period ? {} : { from: moment(fromDay, fromTime), to: moment(toDay, toTime) };
    replace(readFilters({ ...rest, ...span, min: seconds(minMinutes), max: seconds(maxMinutes) }));
    done();
  };
  return (
    <form onSubmit={search}>
      <div className="filter-grid">
        <NativeSelect {...field('period')} data={options(PERIODS, words.period)} className="whole" />
        {!draft.period && (
          <>
            <TextInput type="date" {...field('fromDay')} />
            <TextInput type="time" {...field('fromTime')} />
            <TextInput type="date" {...field('toDay')} />
            <TextInput type="time" {...field('toTime')} />
          </>
        )}
        <TextInput type="number" min={0} max={1440} step="any" inputMode="decimal" {...field('minMinutes')} />
        <TextInput type="number" min={0} max={1440} step="any" inputMode="decimal" {...field('maxMinutes')} />
        {users.length > 1 && (
          <NativeSelect {...field('user')} data={[any, ...users.map(({ id, name }) => ({ value: id, label: name }))]} />
        )}
        <TextInput inputMode="tel" {...field('number')} />
        <NativeSelect {...field('direction')} data={options(['in', 'out'], words.direction)} />
        <NativeSelect
          {...field('mark')}
          data={[
            any,
            { value: 'none', label: words.marking.none },
            ...marks.map(({ mark, label }) => ({ value: mark, label })),
          ]}
        />
        <TextInput {...field('note')} className="whole" />
        {FIELDS.map((name) => (
          <TextInput key={name} {...field(name)} label={words.field[name]} />
        ))}
        <NativeSelect {...field('state')} data={options(STATES, words.state)} />
        <NativeSelect {...field('held')} data={options(['yes', 'no'], words.held)} />
        <NativeSelect
          {...field('order')}
          data={[
            { value: '', label: words.newestFirst },
            { value: 'oldest', label: words.oldestFirst },
          ]}
        />
      </div>
      <div className="filter-foot">
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            replace({});
            done();
          }}
        >
          {words.filter.clear}
        </Button>
        <Button type="submit">{words.filter.search}</Button>
      </div>
    </form>
  );
}

function written({ from, to, min, max, ...rest }: Filters): Record<string, string> {
  const [fromDay = '', fromTime = ''] = from?.split('T') ?? [];
  const [toDay = '', toTime = ''] = to?.split('T') ?? [];
  const minutes = (seconds: number | undefined) => (seconds === undefined ? '' : String(seconds / 60));
  return {
    ...(rest as Record<string, string>),
    fromDay,
    fromTime,
    toDay,
    toTime,
    minMinutes: minutes(min),
    maxMinutes: minutes(max),
  };
}

function moment(day: string | undefined, time: string | undefined): string | undefined {
  return day && time ? `${day}T${time}` : day || undefined;
}

function seconds(minutes: string | undefined): number | undefined {
  return minutes ? Math.round(Number(minutes.replace(',', '.')) * 60) : undefined;
}
