// Makes the id of a group or a mark from its name: a-z, 0-9 and '-', and unused.

/** A mark's id has at most 32 characters; the rest is for the number that makes it unique. */
const LONGEST = 28;

export function named(name: string, taken: string[]): string {
  const plain = name
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, LONGEST);
  const base = plain || 'x';
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
