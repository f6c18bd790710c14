/** A plan in one line: how much comes, changes and goes, and what it costs. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { Figure, Figures } from '../page.tsx';
import { plural } from '../words.ts';
import { ActionCounts } from './action.tsx';
import { usd } from './words.ts';

export function PlanSummary({ plan }: { plan: NetworkPlan }) {
  const { cost, resources, rules, records, blastRadius } = plan;
  const more = cost.afterUsd - cost.beforeUsd;
  return (
    <Figures>
      <Figure label="In the clouds" value={<ActionCounts items={resources} />} note="resources" />
      <Figure
        label="Rules and names"
        value={<ActionCounts items={[...rules, ...records]} />}
        note={`of ${plural(rules.length, 'rule')}, ${plural(records.length, 'name')}`}
      />
      <Figure
        label="A month"
        value={usd(cost.afterUsd)}
        note={
          more === 0
            ? 'as now, without traffic'
            : `${more > 0 ? '+' : '−'}${usd(Math.abs(more))}, without traffic`
        }
      />
      <Figure
        label="Peers that feel it"
        value={blastRadius.peers.length}
        note={plural(plan.steps.length, 'step')}
      />
    </Figures>
  );
}
