/** The pages before sign-in: threads on one side, a form on the other. */
import type { ReactNode } from 'react';
import { Wordmark } from './wordmark.tsx';

const THREADS = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export function Entrance({
  title,
  lead,
  children,
}: {
  title: string;
  lead: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="grid min-h-dvh lg:grid-cols-[minmax(26rem,34rem)_1fr]">
      <main className="flex flex-col justify-center px-6 py-12 sm:px-14">
        <Wordmark />
        <h1 className="mt-10 text-2xl font-semibold tracking-tight">{title}</h1>
        <div className="mt-2 max-w-[48ch] text-quiet">{lead}</div>
        {children && <div className="mt-7 max-w-[24rem]">{children}</div>}
      </main>
      <div aria-hidden className="relative hidden overflow-hidden border-l border-line bg-sunken lg:block">
        <svg
          viewBox="0 0 900 900"
          preserveAspectRatio="xMidYMid slice"
          className="absolute inset-0 size-full"
          fill="none"
          aria-hidden="true"
        >
          {THREADS.map((at) => (
            <path
              key={at}
              d={`M-40 ${130 + at * 80} C 260 ${130 + at * 80}, 330 ${770 - at * 80}, 470 ${450 + (at - 4) * 16} S 700 ${80 + ((at * 5) % 9) * 92}, 960 ${90 + ((at * 5) % 9) * 90}`}
              stroke={at % 3 === 0 ? 'var(--accent)' : 'var(--line-strong)'}
              strokeWidth={at % 3 === 0 ? 2 : 1.4}
              opacity={at % 3 === 0 ? 0.85 : 0.7}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}
