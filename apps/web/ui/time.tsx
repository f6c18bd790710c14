'use client';
/** Times as people say them; the exact one is in the tooltip. */
import { useEffect, useState } from 'react';
import { agoOf, durationOf } from './words.ts';

function useNow(everySeconds: number, running = true): number | null {
  const [now, setNow] = useState<number | null>(null);
  useEffect(() => {
    setNow(Date.now());
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds, running]);
  return now;
}

export function Ago({ at, never = 'never' }: { at: string | null; never?: string }) {
  const now = useNow(10);
  if (at === null) return <span className="text-faint">{never}</span>;
  return (
    <time
      dateTime={at}
      title={at.replace('T', ' ').slice(0, 19).concat(' UTC')}
      className="whitespace-nowrap"
    >
      {now === null ? at.slice(11, 16).concat(' UTC') : agoOf(Date.parse(at), now)}
    </time>
  );
}

/** How long something took, or takes until now. */
export function Duration({ from, to }: { from: string | null; to: string | null }) {
  const now = useNow(1, to === null);
  if (from === null) return null;
  const end = to === null ? now : Date.parse(to);
  return (
    <span className="whitespace-nowrap tabular-nums">
      {end === null ? '…' : durationOf(Math.max(0, end - Date.parse(from)))}
    </span>
  );
}
