export function Brand() {
  return (
    <span className="brand">
      <svg aria-hidden="true" viewBox="0 0 32 32" width="26" height="26">
        <rect width="32" height="32" rx="8" fill="var(--brand)" />
        <g fill="var(--brand-ink)">
          <rect x="6" y="13" width="3" height="6" rx="1.5" />
          <rect x="11" y="8" width="3" height="16" rx="1.5" />
          <rect x="16" y="11" width="3" height="10" rx="1.5" />
          <rect x="23" y="13" width="3" height="6" rx="1.5" fill="var(--brand-spot)" />
        </g>
      </svg>
      Mina sidor
    </span>
  );
}
