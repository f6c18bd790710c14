'use client';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { Plus, X } from 'lucide-react';
import { Button } from '../../../../ui/button.tsx';
import { ClusterFields, type ClusterValue, cloudsAmong, NO_MORE } from '../../../../ui/cluster-fields.tsx';

export interface ClusterDraft extends ClusterValue {
  /** For React alone. */
  key: number;
}

const NAMES = ['production', 'recovery', 'development', 'staging'];

/** The next cluster to suggest: a name and a region not taken yet. */
export function newCluster(
  account: CloudAccount | undefined,
  providers: readonly ProviderInfo[],
  others: readonly ClusterDraft[],
): ClusterDraft {
  const regions = providers.find((one) => one.id === account?.provider)?.regions ?? [];
  const free = regions.find(
    (region) => !others.some((one) => one.cloudAccountId === account?.id && one.region === region.id),
  );
  return {
    key: Math.max(0, ...others.map((one) => one.key)) + 1,
    name: NAMES.find((name) => !others.some((one) => one.name === name)) ?? `cluster-${others.length + 1}`,
    cloudAccountId: account?.id ?? null,
    region: (free ?? regions[0])?.id ?? 'office',
    nodes: account ? 2 : 0,
    ...NO_MORE,
  };
}

export function ClusterRows({
  clusters,
  accounts,
  providers,
  problems,
  onChange,
}: {
  clusters: ClusterDraft[];
  accounts: readonly CloudAccount[];
  providers: readonly ProviderInfo[];
  problems: Record<string, string>;
  onChange: (clusters: ClusterDraft[]) => void;
}) {
  const clouds = cloudsAmong(accounts);
  return (
    <div className="space-y-5">
      {clusters.map((cluster, at) => (
        <fieldset key={cluster.key} className="relative border-b border-line pb-5">
          <legend className="sr-only">Cluster {cluster.name}</legend>
          <ClusterFields
            value={cluster}
            accounts={accounts}
            providers={providers}
            problemOf={(field) => problems[`clusters.${at}.${field}`]}
            onChange={(change) =>
              onChange(clusters.map((one) => (one.key === cluster.key ? { ...one, ...change } : one)))
            }
          />
          {clusters.length > 1 && (
            <button
              type="button"
              aria-label={`Take ${cluster.name} out`}
              onClick={() => onChange(clusters.filter((one) => one.key !== cluster.key))}
              className="absolute -top-2 -right-2 rounded-md p-1.5 text-faint hover:text-bad"
            >
              <X size={15} aria-hidden />
            </button>
          )}
        </fieldset>
      ))}
      <Button
        onClick={() =>
          onChange([
            ...clusters,
            newCluster(clouds[clusters.length % (clouds.length || 1)], providers, clusters),
          ])
        }
      >
        <Plus size={15} aria-hidden /> Add a cluster
      </Button>
    </div>
  );
}
