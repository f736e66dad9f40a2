import './signs.css';
import { type Mark, SHAPES } from './legend';

/** A mark: its shape in its colour, and its label. */
export function MarkSign({ mark, bare = false }: { mark: Mark; bare?: boolean }) {
  return (
    <span className="mark" data-colour={mark.colour}>
      <span aria-hidden="true" className="mark-shape">
        {SHAPES[mark.shape] ?? '●'}
      </span>
      {bare ? <span className="unseen">{mark.label}</span> : <bdi>{mark.label}</bdi>}
    </span>
  );
}
