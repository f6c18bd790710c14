/** A plan for people: warnings first, then what comes, changes and goes, what it costs and who feels it. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { Notice } from '../notice.tsx';
import { PlannedBlastRadius } from './blast-radius.tsx';
import { PlannedCost } from './cost.tsx';
import { PlannedRecords } from './records.tsx';
import { PlannedResources } from './resources.tsx';
import { PlannedRules } from './rules.tsx';
import { PlanSummary } from './summary.tsx';

export function PlanView({ plan }: { plan: NetworkPlan }) {
  return (
    <div className="space-y-4">
      <PlanSummary plan={plan} />
      {plan.warnings.map((warning) => (
        <Notice key={warning.message} tone="warn">
          {warning.message}
        </Notice>
      ))}
      <PlannedResources resources={plan.resources} />
      <PlannedRules rules={plan.rules} />
      <PlannedRecords records={plan.records} />
      <PlannedCost cost={plan.cost} />
      <PlannedBlastRadius blastRadius={plan.blastRadius} />
    </div>
  );
}
