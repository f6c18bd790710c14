/** What clouds hold, cluster by cluster: what comes, changes, goes; what stays is folded away. */
import type { PlannedResource } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { KIND_NAMES, KindIcon } from '../kinds.tsx';
import { plural, providerName } from '../words.ts';
import { ActionCounts, ActionSign } from './action.tsx';
import { PlanPart, PlanRow, PlanRows, PlanWords } from './part.tsx';

type Resource = z.infer<typeof PlannedResource>;

export function PlannedResources({ resources }: { resources: readonly Resource[] }) {
  const clusters = [...new Set(resources.map((one) => one.cluster))];
  if (clusters.length === 0)
    return <p className="text-sm text-quiet">Nothing in a cloud. Nodes join by the one-liner.</p>;
  return clusters.map((cluster) => {
    const own = resources.filter((one) => one.cluster === cluster);
    const moved = own.filter((one) => one.action !== 'keep');
    const kept = own.filter((one) => one.action === 'keep');
    const told = [...moved, ...kept.filter((one) => one.kind === 'network')];
    const [first] = own;
    return (
      <PlanPart
        key={cluster ?? ''}
        title={cluster ?? 'The whole network'}
        open={moved.length > 0}
        about={
          <>
            <span>
              {first && providerName(first.provider)}
              {cluster !== null && first && `, ${first.region}`} ·
            </span>
            <ActionCounts items={own} />
          </>
        }
      >
        {told.length > 0 && (
          <PlanRows>
            {told.map((one) => (
              <ResourceRow key={one.key} resource={one} />
            ))}
          </PlanRows>
        )}
        {kept.length > 0 && (
          <p className="border-line px-5 py-2 text-sm text-faint not-first:border-t">
            {plural(kept.length, 'resource')} kept as {kept.length === 1 ? 'it is' : 'they are'}
          </p>
        )}
      </PlanPart>
    );
  });
}

function ResourceRow({ resource }: { resource: Resource }) {
  return (
    <PlanRow>
      <ActionSign action={resource.action} />
      <span className="mt-0.5">
        <KindIcon kind={resource.kind} />
      </span>
      <PlanWords what={KIND_NAMES[resource.kind]}>
        {/* A cluster has two groups, and only their keys tell which is which. */}
        {resource.kind === 'firewall' && `${resource.key.slice('firewall/'.length)}s: `}
        {resource.summary}
      </PlanWords>
    </PlanRow>
  );
}
