/** What would be made, cluster by cluster, with the firewall's rules in words. */
import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { NetworkPlan, PlannedResource } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { KIND_NAMES, KindIcon } from '../../../../ui/kinds.tsx';
import { Notice } from '../../../../ui/notice.tsx';
import { Figure, Mono } from '../../../../ui/page.tsx';
import { plural, providerName } from '../../../../ui/words.ts';
import type { ClusterDraft } from './cluster-rows.tsx';

type Planned = z.infer<typeof PlannedResource>;

export function PlanView({
  plan,
  clusters,
  accounts,
  ports,
}: {
  plan: NetworkPlan;
  clusters: readonly ClusterDraft[];
  accounts: readonly CloudAccount[];
  ports: readonly AllowedPort[];
}) {
  const made = plan.resources.filter((one) => one.action === 'create').length;
  const shared = plan.resources.filter((one) => one.cluster === null);
  return (
    <div className="space-y-6">
      <dl className="grid grid-cols-2 divide-line rounded-lg border border-line bg-raised max-lg:divide-y lg:grid-cols-4 lg:divide-x">
        <Figure label="Clusters" value={plan.clusters.length} note="hybrid topology" />
        <Figure label="To be made" value={made} note="cloud resources" />
        <Figure label="Overlay range" value={<Mono>{plan.cidr}</Mono>} note="IPv4 addresses" />
        <Figure label="Steps" value={plan.steps.length} note="many at the same time" />
      </dl>
      {plan.warnings.map((warning) => (
        <Notice key={warning.message} tone="warn">
          {warning.message}
        </Notice>
      ))}
      <div className="grid items-start gap-5 xl:grid-cols-2">
        {plan.clusters.map((cluster) => {
          const draft = clusters.find((one) => one.name === cluster.name);
          const account = accounts.find((one) => one.id === draft?.cloudAccountId);
          return (
            <section key={cluster.name} className="rounded-lg border border-line bg-raised">
              <header className="border-b border-line px-5 py-4">
                <h2 className="text-lg font-semibold tracking-tight">{cluster.name}</h2>
                <p className="text-sm text-quiet">
                  {providerName(account?.provider ?? null)}, {draft?.region} ·{' '}
                  {plural(draft?.nodes ?? 0, 'node')}
                </p>
                <dl className="mt-3 flex flex-wrap gap-x-8 gap-y-1 text-sm">
                  <Range label="Overlay" cidr={cluster.overlayCidr} />
                  {cluster.vpcCidr && <Range label="Cloud network" cidr={cluster.vpcCidr} />}
                </dl>
              </header>
              <ResourceList resources={plan.resources.filter((one) => one.cluster === cluster.name)} />
            </section>
          );
        })}
        {shared.length > 0 && (
          <section className="rounded-lg border border-line bg-raised">
            <header className="border-b border-line px-5 py-4">
              <h2 className="text-lg font-semibold tracking-tight">The whole network</h2>
              <p className="text-sm text-quiet">Shared by all clusters</p>
            </header>
            <ResourceList resources={shared} />
          </section>
        )}
      </div>
      <p className="text-sm text-quiet">
        Between clusters, ping
        {ports.length > 0 &&
          ` and ${ports.map((one) => `${one.protocol.toUpperCase()} ${one.port}`).join(', ')}`}{' '}
        will be open; everything else from another cluster is refused on each node. Nothing is opened to the
        world.
      </p>
    </div>
  );
}

function Range({ label, cidr }: { label: string; cidr: string }) {
  return (
    <div className="flex gap-2">
      <dt className="text-faint">{label}</dt>
      <dd>
        <Mono>{cidr}</Mono>
      </dd>
    </div>
  );
}

function ResourceList({ resources }: { resources: readonly Planned[] }) {
  if (resources.length === 0)
    return <p className="px-5 py-4 text-sm text-quiet">Nothing in a cloud. Nodes join by the one-liner.</p>;
  return (
    <ul className="divide-y divide-line">
      {resources.map((one) => (
        <li key={one.key} className="flex items-start gap-3 px-5 py-2.5 text-sm">
          <span className="mt-0.5">
            <KindIcon kind={one.kind} />
          </span>
          <span className="w-32 shrink-0 font-medium max-sm:w-28">{KIND_NAMES[one.kind]}</span>
          <span className="min-w-0 text-quiet [overflow-wrap:anywhere]">{one.summary}</span>
        </li>
      ))}
    </ul>
  );
}
