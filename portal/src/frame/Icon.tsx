// The icons of the portal, drawn as strokes on a grid of 20.

const PATHS = {
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17',
  refresh: 'M16 8A6.3 6.3 0 0 0 4.6 6.3M4 12a6.3 6.3 0 0 0 11.4 1.7M4.2 3v3.6h3.6M15.8 17v-3.6h-3.6',
  download: 'M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13',
  play: 'M6.5 4.2v11.6l9.3-5.8z',
  pause: 'M6.8 4.5v11M13.2 4.5v11',
  back: 'M4.5 4.5v4h4M5 8.3a6 6 0 1 1-.9 3.6',
  forward: 'M15.5 4.5v4h-4M15 8.3a6 6 0 1 0 .9 3.6',
  close: 'M5 5l10 10M15 5 5 15',
  incoming: 'M14.5 5.5l-9 9M5.5 8v6.5H12',
  outgoing: 'M5.5 14.5l9-9M14.5 12V5.5H8',
  filter: 'M3 5h14M5.5 10h9M8 15h4',
  columns: 'M3.5 4h13v12h-13zM8 4v12M12.5 4v12',
  check: 'M4 10.5l4 4 8-9',
  warning: 'M10 3.5 17.5 16h-15zM10 8.2v3.6M10 13.9v.1',
  person: 'M10 3.5a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM3.8 16.8c.6-3.3 3-5 6.2-5s5.6 1.7 6.2 5',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1',
  moon: 'M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z',
  keys: 'M2.5 5.5h15v9h-15zM5.5 8.5h.1M8.5 8.5h.1M11.5 8.5h.1M14.5 8.5h.1M6 11.7h8',
  bookmark: 'M5.5 3.5h9v13L10 13l-4.5 3.5z',
  note: 'M4 4h12v8.5L12.5 16H4zM12.5 16v-3.5H16M7 7.5h6M7 10.5h3.5',
  volume: 'M3.5 8v4H6l4 3.5v-11L6 8zM13 7.5a3.5 3.5 0 0 1 0 5M15 5a7 7 0 0 1 0 10',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  link: 'M8.5 11.5a3 3 0 0 0 4.2 0l3-3a3 3 0 0 0-4.2-4.2l-1 1M11.5 8.5a3 3 0 0 0-4.2 0l-3 3a3 3 0 0 0 4.2 4.2l1-1',
  plus: 'M10 4v12M4 10h12',
  more: 'M4.5 10h.1M10 10h.1M15.5 10h.1',
  edit: 'M4 16l.8-3.5L13 4.3l2.7 2.7-8.2 8.2z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18, filled = false }: { name: IconName; size?: number; filled?: boolean }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
