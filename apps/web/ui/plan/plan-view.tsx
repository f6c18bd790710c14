/** A plan for people: warnings first, then what comes, changes and goes, what it costs, who feels it and how it is done. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { Notice } from '../notice.tsx';
import { PlannedBlastRadius } from './blast-radius.tsx';
import { PlannedCost } from './cost.tsx';
import { PlannedRecords } from './records.tsx';
import { PlannedResources } from './resources.tsx';
import { PlannedRules } from './rules.tsx';
import { PlannedSteps } from './steps.tsx';
import { PlanSummary } from './summary.tsx';

export function PlanView({ plan }: { plan: NetworkPlan }) {
  return (
    <div className="space-y-4">
      <PlanSummary plan={plan} />
      {plan.warnings.length > 0 && (
        <Notice tone="warn">
          <ul className="space-y-1">
            {plan.warnings.map((warning) => (
              <li key={warning.message}>{warning.message}</li>
            ))}
          </ul>
        </Notice>
      )}
      <PlannedResources resources={plan.resources} />
      <PlannedRules rules={plan.rules} />
      <PlannedRecords records={plan.records} />
      <PlannedCost cost={plan.cost} />
      <PlannedBlastRadius blastRadius={plan.blastRadius} />
      <PlannedSteps steps={plan.steps} />
    </div>
  );
}
