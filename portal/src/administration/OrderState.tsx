const SIGNS: Record<string, string> = {
  placing: '◐',
  lifting: '◐',
  moving: '◐',
  erasing: '◐',
  building: '◐',
  held: '●',
  done: '●',
  complete: '●',
  repaired: '●',
};

/** The state of a job or finding, as a sign and words; colour is never the only sign. */
export function OrderState<State extends string>({ state, words }: { state: State; words: Record<State, string> }) {
  return (
    <span className="standing-tag" data-state={state}>
      <span aria-hidden="true">{SIGNS[state] ?? '○'}</span> {words[state] ?? state}
    </span>
  );
}
