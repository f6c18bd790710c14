/** What is done to one thing: a sign and a word; the colour only helps. */
import type { PlanAction } from '@skein/contract/rest/network.ts';
import { Equal, type LucideIcon, Minus, Plus, RefreshCw } from 'lucide-react';
import type { z } from 'zod';

export type Action = z.infer<typeof PlanAction>;

const LOOKS: Record<Action, [icon: LucideIcon, word: string, look: string]> = {
  create: [Plus, 'Create', 'text-good bg-good-soft'],
  change: [RefreshCw, 'Change', 'text-warn bg-warn-soft'],
  destroy: [Minus, 'Destroy', 'text-bad bg-bad-soft'],
  keep: [Equal, 'Keep', 'text-quiet bg-sunken'],
};

export function ActionSign({ action }: { action: Action }) {
  const [Icon, word, look] = LOOKS[action];
  return (
    <span
      data-action={action}
      title={word}
      className={`inline-flex size-5 shrink-0 items-center justify-center rounded-sm ${look}`}
    >
      <Icon size={13} strokeWidth={2.6} role="img" aria-label={word} />
    </span>
  );
}

/** How many of each action, in the words of a summary: “+12 ~3 −1”. */
export function ActionCounts({ items }: { items: readonly { action: Action }[] }) {
  const count = (action: Action) => items.filter((one) => one.action === action).length;
  const parts = (['create', 'change', 'destroy'] as const).map((action) => ({ action, many: count(action) }));
  const some = parts.filter((one) => one.many > 0);
  if (some.length === 0) return <span className="text-quiet">nothing</span>;
  return (
    <span className="inline-flex flex-wrap gap-x-3 gap-y-1">
      {some.map(({ action, many }) => (
        <span key={action} className="inline-flex items-center gap-1.5 tabular-nums">
          <ActionSign action={action} />
          {many}
        </span>
      ))}
    </span>
  );
}
