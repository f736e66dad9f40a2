// The lines of a statement, a hundred at a time; a large company has tens of thousands.

import { Button } from '@mantine/core';
import { useState } from 'react';
import { useDirectory } from '../../calls/directory';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { kronor } from '../kronor';
import { FactsOf } from './FactsOf';
import type { Line } from './facts';

const SHOWN = 100;

export function Lines({ lines, label }: { lines: Line[]; label: string }) {
  const words = useWords();
  const more = useAdministrationWords();
  const [most, setMost] = useState(SHOWN);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
      <div className="sideways" tabIndex={0} role="region" aria-label={label}>
        <table className="table table-few lines">
          <thead>
            <tr>
              <th scope="col">{more.statements.what}</th>
              <th scope="col">{more.statements.who}</th>
              <th scope="col" className="number wide-only">
                {more.statements.quantity}
              </th>
              <th scope="col" className="number wide-only">
                {more.statements.price}
              </th>
              <th scope="col" className="number">
                {more.statements.amount}
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, most).map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a statement is immutable, and a line has no id
              <Row key={index} line={line} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > most && (
        <Button variant="default" onClick={() => setMost(most + SHOWN)}>
          {words.more}
        </Button>
      )}
    </>
  );
}

function Row({ line }: { line: Line }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  const [open, setOpen] = useState(false);
  const named: Record<string, string> = more.rule;
  const what = named[line.rule] ?? line.rule;
  const who = line.user ? nameOf(line.user) : undefined;
  return (
    <>
      <tr>
        <th scope="row">
          <button
            type="button"
            className="text-button"
            aria-expanded={open}
            aria-label={[more.statements.open, what, who].filter(Boolean).join(' ')}
            onClick={() => setOpen(!open)}
          >
            <span aria-hidden="true">{open ? '▾' : '▸'}</span> {what}
          </button>
          {line.quantity < 0 && <span className="tag">{more.statements.takenBack}</span>}
        </th>
        <td>{who ? <bdi>{who}</bdi> : '–'}</td>
        <td className="number wide-only">{line.quantity.toLocaleString(words.locale)}</td>
        <td className="number wide-only">{line.price ? kronor(line.price, words.locale) : '–'}</td>
        <td className="number">{kronor(line.amount, words.locale)}</td>
      </tr>
      {open && (
        <tr className="opened">
          <td colSpan={5}>
            <FactsOf line={line} />
          </td>
        </tr>
      )}
    </>
  );
}
