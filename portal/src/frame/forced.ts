/** Fetches the style for the system's own colours where they are in force: nobody else needs it. */
export function followForcedColours() {
  const forced = matchMedia('(forced-colors: active)');
  const dress = () => forced.matches && void import('./forced.css');
  forced.addEventListener('change', dress);
  dress();
}
