// Stored recordings by user: sorted by any column, a hundred at a time of up to ten thousand.

import { Button, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { Schemas } from '../../api/client';
import { useDirectory } from '../../calls/directory';
import { Icon } from '../../frame/Icon';
import { length } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { size } from '../size';
import { COLUMNS, type Column, firstOrder, type Order, other, sorted, type UserUsage } from './sorting';

const SHOWN = 100;
const FROM = '/administration/usage';

export function ByUser({ usage }: { usage: Schemas['Usage'] }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  const { q = '', column, order } = useOrder();
  const [most, setMost] = useState(SHOWN);
  const found = useMemo(() => {
    const named = usage.users.map((user) => ({ ...user, name: nameOf(user.user) }));
    return sorted(named, q, column, order, words.locale);
  }, [usage.users, nameOf, q, column, order, words.locale]);
  const shown = found.slice(0, most);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{more.usage.byUser}</h2>
        <span role="status" className="quiet">
          {usage.users.length > 0 && more.usage.shown(shown.length, found.length)}
        </span>
      </div>
      {usage.users.length ? <Find /> : <p>{more.usage.none}</p>}
      {usage.users.length > 0 && !found.length && <p>{more.usage.noneFound}</p>}
      {shown.length > 0 && <Table users={shown} stored={usage.storedBytes} />}
      {shown.length < found.length && (
        <Button variant="default" onClick={() => setMost(most + SHOWN)}>
          {words.more}
        </Button>
      )}
    </section>
  );
}

/** The order that the address names; by default the largest amount first. */
function useOrder(): { q?: string; column: Column; order: Order } {
  const { q, sort, turned } = useSearch({ from: FROM });
  const column = COLUMNS.find((column) => column === sort) ?? 'bytes';
  return { q, column, order: turned ? other(firstOrder(column)) : firstOrder(column) };
}

function Find() {
  const more = useAdministrationWords();
  const { q } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const find = useDebouncedCallback(
    (q: string) => void navigate({ search: (search) => ({ ...search, q: q || undefined }), replace: true }),
    250,
  );
  return (
    <TextInput
      type="search"
      aria-label={more.usage.find}
      placeholder={more.usage.find}
      leftSection={<Icon name="search" />}
      defaultValue={q ?? ''}
      maxLength={100}
      onChange={(event) => find(event.currentTarget.value.trim())}
    />
  );
}

function Table({ users, stored }: { users: UserUsage[]; stored: number }) {
  const words = useWords();
  const more = useAdministrationWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.usage.byUser}>
      <table className="table">
        <thead>
          <tr>
            <Head column="name" name={more.usage.name} />
            <Head column="bytes" name={more.usage.bytes} />
            <th scope="col" className="number">
              {more.usage.share}
            </th>
            <Head column="recordings" name={more.usage.recordings} />
            <Head column="seconds" name={more.usage.time} />
            <Head column="today" name={more.usage.today} />
          </tr>
        </thead>
        <tbody>
          {users.map(({ user, name, storedBytes, storedRecordings, storedSeconds, today }) => (
            <tr key={user}>
              <th scope="row">
                <Link to="/administration/users" search={{ user }}>
                  <bdi>{name}</bdi>
                </Link>
              </th>
              <td className="number">{size(storedBytes, words.locale)}</td>
              <td className="number">{share(storedBytes, stored, words.locale)}</td>
              <td className="number">{storedRecordings.toLocaleString(words.locale)}</td>
              <td className="number">{length(storedSeconds * 1000)}</td>
              <td className="number">{size(today.addedBytes - today.removedBytes, words.locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ column, name }: { column: Column; name: string }) {
  const more = useAdministrationWords();
  const navigate = useNavigate({ from: FROM });
  const { column: by, order } = useOrder();
  const chosen = by === column;
  const turned = chosen && order === firstOrder(column) ? 'yes' : undefined;
  return (
    <th scope="col" className={column === 'name' ? undefined : 'number'} aria-sort={chosen ? order : undefined}>
      <button
        type="button"
        className="sort"
        title={`${more.usage.sortedBy} ${name.toLocaleLowerCase()}`}
        onClick={() => void navigate({ search: (search) => ({ ...search, sort: column, turned }), replace: true })}
      >
        {name} <span aria-hidden="true">{chosen ? (order === 'ascending' ? '↑' : '↓') : '↕'}</span>
      </button>
    </th>
  );
}

function share(part: number, all: number, locale: string): string {
  return all > 0
    ? (Math.max(part, 0) / all).toLocaleString(locale, { style: 'percent', maximumFractionDigits: 1 })
    : '–';
}
