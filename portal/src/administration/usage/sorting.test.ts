import { expect, it } from 'vitest';
import { firstOrder, sorted, type UserUsage } from './sorting';

const user = (name: string, storedBytes: number, addedBytes = 0, removedBytes = 0): UserUsage => ({
  user: name.toLowerCase(),
  name,
  storedBytes,
  storedRecordings: storedBytes / 10,
  storedSeconds: 1000 - storedBytes,
  today: { recordings: 0, seconds: 0, addedBytes, removedBytes },
});
const USERS = [user('Östen', 30), user('Anna', 10, 5, 9), user('Åke', 30, 7), user('Zoe', 20)];
const names = (...[text, column, order]: [string, Parameters<typeof sorted>[2], Parameters<typeof sorted>[3]]) =>
  sorted(USERS, text, column, order, 'sv-SE').map(({ name }) => name);

it('names sort by the language, and break ties', () => {
  expect(names('', 'name', 'ascending')).toEqual(['Anna', 'Zoe', 'Åke', 'Östen']);
  expect(names('', 'bytes', 'descending')).toEqual(['Åke', 'Östen', 'Zoe', 'Anna']);
  expect(names('', 'seconds', 'ascending')).toEqual(['Åke', 'Östen', 'Zoe', 'Anna']);
});

it('today counts added less removed bytes', () => {
  expect(names('', 'today', 'ascending')).toEqual(['Anna', 'Zoe', 'Östen', 'Åke']);
});

it('a part of a name finds it, however it is written', () => {
  expect(names(' ÖST ', 'name', 'ascending')).toEqual(['Östen']);
  expect(names('nobody', 'name', 'ascending')).toEqual([]);
});

it('amounts sort descending, names ascending', () => {
  expect([firstOrder('name'), firstOrder('bytes')]).toEqual(['ascending', 'descending']);
});

it('ten thousand are sorted, and none is lost', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => user(`user ${(index * 7919) % 10_000}`, index));
  const found = sorted(many, '', 'name', 'ascending', 'sv-SE');
  expect(found.map(({ name }) => name)).toEqual(Array.from({ length: 10_000 }, (_, index) => `user ${index}`));
});
