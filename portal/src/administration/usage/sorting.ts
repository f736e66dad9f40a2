// Sorts the users of the usage page. One response has all of them, up to ten thousand.

import type { Schemas } from '../../api/client';

export type UserUsage = Schemas['UserUsage'] & { name: string };
export const COLUMNS = ['name', 'bytes', 'recordings', 'seconds', 'today'] as const;
export type Column = (typeof COLUMNS)[number];
export type Order = 'ascending' | 'descending';

const VALUES: Record<Exclude<Column, 'name'>, (user: UserUsage) => number> = {
  bytes: (user) => user.storedBytes,
  recordings: (user) => user.storedRecordings,
  seconds: (user) => user.storedSeconds,
  today: (user) => user.today.addedBytes - user.today.removedBytes,
};

/** Names sort ascending by default, amounts descending. */
export function firstOrder(column: Column): Order {
  return column === 'name' ? 'ascending' : 'descending';
}

export function other(order: Order): Order {
  return order === 'ascending' ? 'descending' : 'ascending';
}

/** The users whose name or id contains the text, sorted; the name breaks ties. */
export function sorted(users: UserUsage[], text: string, column: Column, order: Order, locale: string): UserUsage[] {
  const names = new Intl.Collator(locale, { numeric: true });
  const byName = (one: UserUsage, other: UserUsage) => names.compare(one.name, other.name);
  const value = column === 'name' ? undefined : VALUES[column];
  const sign = order === 'ascending' ? 1 : -1;
  const part = text.trim().toLocaleLowerCase(locale);
  const has = ({ name, user }: UserUsage) => `${name}\n${user}`.toLocaleLowerCase(locale).includes(part);
  return users
    .filter((user) => !part || has(user))
    .sort((one, other) =>
      value ? sign * (value(one) - value(other)) || byName(one, other) : sign * byName(one, other),
    );
}
