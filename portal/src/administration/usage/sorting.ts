// The users of the usage in the order that was asked for. They come all at once, up to ten thousand of them.

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

/** Names begin at their first letter, amounts at the largest. */
export function firstOrder(column: Column): Order {
  return column === 'name' ? 'ascending' : 'descending';
}

export function other(order: Order): Order {
  return order === 'ascending' ? 'descending' : 'ascending';
}

/** Those whose name or id has the text; of two that are equal the name decides. */
export function sorted(users: UserUsage[], text: string, column: Column, order: Order, locale: string): UserUsage[] {
  const names = new Intl.Collator(locale, { numeric: true });
  const byName = (one: UserUsage, other: UserUsage) => names.compare(one.name, other.name);
  const value = column === 'name' ? undefined : VALUES[column];
  const sign = order === 'ascending' ? 1 : -1;
  const sought = text.trim().toLocaleLowerCase(locale);
  const has = ({ name, user }: UserUsage) => `${name}\n${user}`.toLocaleLowerCase(locale).includes(sought);
  return users
    .filter((user) => !sought || has(user))
    .sort((one, other) =>
      value ? sign * (value(one) - value(other)) || byName(one, other) : sign * byName(one, other),
    );
}
