const SIGNS: Record<string, string> = {
  placing: '◐',
  lifting: '◐',
  moving: '◐',
  erasing: '◐',
  building: '◐',
  held: '●',
  done: '●',
  complete: '●',
};

/** Where an order is: a sign and words, never a colour alone. */
export function OrderState({ state, words }: { state: string; words: Record<string, string> }) {
  return (
    <span className="standing-tag" data-state={state}>
      <span aria-hidden="true">{SIGNS[state] ?? '○'}</span> {words[state] ?? state}
    </span>
  );
}
