/** Says what happened or what to know, in place. */
import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const LOOKS = {
  bad: ['text-bad bg-bad-soft', CircleAlert],
  warn: ['text-warn bg-warn-soft', TriangleAlert],
  info: ['text-accent bg-accent-soft', Info],
} as const;

export function Notice({ tone, children }: { tone: keyof typeof LOOKS; children: ReactNode }) {
  const [look, Icon] = LOOKS[tone];
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={`flex gap-2.5 rounded-md px-3.5 py-2.5 text-sm ${look}`}
    >
      <Icon size={17} className="mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0 [overflow-wrap:anywhere]">{children}</div>
    </div>
  );
}
