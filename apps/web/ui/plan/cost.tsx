/** What it costs a month by list prices; what is paid by the GB with its price alone. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { Table } from '../table.tsx';
import { providerName } from '../words.ts';
import { PlanPart } from './part.tsx';
import { unitUsd, usd } from './words.ts';

export function PlannedCost({ cost }: { cost: NetworkPlan['cost'] }) {
  if (cost.lines.length === 0 && cost.beforeUsd === 0) return null;
  const moved = cost.afterUsd !== cost.beforeUsd;
  return (
    <PlanPart
      title="Cost"
      open={false}
      about={`${moved ? `${usd(cost.beforeUsd)} → ` : ''}${usd(cost.afterUsd)} a month, an estimate by prices put down on ${cost.pricesOf}`}
    >
      {cost.lines.length === 0 && (
        <p className="px-5 py-3 text-sm text-quiet">Nothing is left that is paid by the hour or the month.</p>
      )}
      {cost.lines.length > 0 && (
        <div className="[&>div]:rounded-none [&>div]:border-0">
          <Table
            caption="Cost a month"
            rows={cost.lines}
            keyOf={(line) => `${line.provider} ${line.region} ${line.what}`}
            columns={[
              { title: 'What', heads: true, cell: (line) => line.what },
              { title: 'Where', cell: (line) => `${providerName(line.provider)}, ${line.region}` },
              { title: 'Price', right: true, cell: (line) => `${unitUsd(line.unitUsd)} / ${line.unit}` },
              {
                title: 'A month',
                right: true,
                cell: (line) => (line.unit === 'GB' ? 'as it flows' : usd(line.monthlyUsd)),
              },
            ]}
          />
        </div>
      )}
      {cost.leftOut.length > 0 && (
        <div className="border-t border-line px-5 py-3 text-sm text-quiet">
          <p>Not counted:</p>
          <ul className="list-disc pl-5">
            {cost.leftOut.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      )}
    </PlanPart>
  );
}
