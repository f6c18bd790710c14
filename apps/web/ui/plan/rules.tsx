/** Who may reach the nodes from outside: every permission of every security group that comes or goes. */
import type { PlannedRule } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { Mono } from '../page.tsx';
import { plural } from '../words.ts';
import { ActionCounts, ActionSign } from './action.tsx';
import { PlanPart, PlanRow, PlanRows, PlanWords } from './part.tsx';

type Rule = z.infer<typeof PlannedRule>;

export function PlannedRules({ rules }: { rules: readonly Rule[] }) {
  const moved = rules.filter((one) => one.action !== 'keep');
  if (moved.length === 0) return null;
  return (
    <PlanPart title="Security group rules" about={<ActionCounts items={rules} />} open={false}>
      <PlanRows>
        {moved.map((one) => (
          <PlanRow key={`${one.cluster} ${one.group} ${one.protocol} ${one.fromPort} ${one.source}`}>
            <ActionSign action={one.action} />
            <PlanWords what={`${one.cluster}, ${one.group}s`}>
              {one.protocol.toUpperCase()} {portsOf(one)} from <Source text={one.source} />
            </PlanWords>
          </PlanRow>
        ))}
      </PlanRows>
      {moved.length < rules.length && (
        <p className="border-t border-line px-5 py-2 text-sm text-faint">
          {plural(rules.length - moved.length, 'rule')} kept
        </p>
      )}
    </PlanPart>
  );
}

function portsOf(rule: Rule): string {
  return rule.fromPort === rule.toPort ? `${rule.fromPort}` : `${rule.fromPort}–${rule.toPort}`;
}

/** A range as a range, words as words. */
export function Source({ text }: { text: string }) {
  return /^[\d./]+$/.test(text) ? <Mono>{text}</Mono> : text;
}
