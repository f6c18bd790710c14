/** What is done, step by step, in an order in which it can be. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { plural } from '../words.ts';
import { PlanPart } from './part.tsx';

export function PlannedSteps({ steps }: { steps: NetworkPlan['steps'] }) {
  if (steps.length === 0) return null;
  return (
    <PlanPart title="How" open={false} about={plural(steps.length, 'step')}>
      <ol className="divide-y divide-line text-sm">
        {steps.map((step, at) => (
          <li key={step.key} className="flex gap-3 px-5 py-2">
            <span className="w-5 shrink-0 text-right font-mono text-faint tabular-nums">{at + 1}</span>
            <span className="min-w-0 [overflow-wrap:anywhere]">{step.title}</span>
          </li>
        ))}
      </ol>
    </PlanPart>
  );
}
