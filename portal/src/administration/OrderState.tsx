const SIGNS: Record<string, string> = {
  placing: '◐',
  lifting: '◐',
  moving: '◐',
  erasing: '◐',
  building: '◐',
  held: '●',
  done: '●',
  complete: '●',
  mended: '●',
};

/** Where an order is, or a finding: a sign and words, never a colour alone. */
export function OrderState({ state, words }: { state: string; words: Record<string, string> }) {
  return (
    <span className="standing-tag" data-state={state}>
      <span aria-hidden="true">{SIGNS[state] ?? '○'}</span> {words[state] ?? state}
    </span>
  );
}
