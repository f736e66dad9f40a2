/** Fetches the style for forced system colours, only if they are in use. */
export function followForcedColours() {
  const forced = matchMedia('(forced-colors: active)');
  const dress = () => forced.matches && void import('./forced.css');
  forced.addEventListener('change', dress);
  dress();
}
