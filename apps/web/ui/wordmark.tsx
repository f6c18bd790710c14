/** Three threads that cross: the sign of the house. */
export function Wordmark({ small = false }: { small?: boolean }) {
  const size = small ? 22 : 28;
  return (
    <span className="inline-flex items-center gap-2">
      <svg
        width={size}
        height={size}
        viewBox="0 0 32 32"
        fill="none"
        strokeWidth="2.4"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d="M4 8c9 0 15 16 24 16" className="stroke-accent" />
        <path d="M4 16h24" className="stroke-ink" opacity="0.45" />
        <path d="M4 24C13 24 19 8 28 8" className="stroke-accent" />
      </svg>
      <span className={`font-semibold tracking-tight ${small ? 'text-lg' : 'text-xl'}`}>Skein</span>
    </span>
  );
}
