'use client';
/** What one cluster shall be: for the wizard and for adding one later. */
import { ProviderId } from '@skein/contract/primitive.ts';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { NewCluster } from '@skein/contract/rest/network.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import type { z } from 'zod';
import { ClusterMore } from './cluster-more.tsx';
import { SelectField, TextField } from './field.tsx';
import { KubernetesFields, type KubernetesValue, kubernetesWish } from './kubernetes-fields.tsx';

export interface ClusterValue {
  name: string;
  cloudAccountId: string | null;
  region: string;
  nodes: number;
  instanceType: string;
  /** Both or none: a VPC and subnet of one's own. */
  vpc: string;
  subnet: string;
  nodeIdentity: string;
  /** Null for plain hosts. */
  kubernetes: KubernetesValue | null;
}

/** A name server's account runs no machines. */
export function cloudsAmong(accounts: readonly CloudAccount[]): CloudAccount[] {
  return accounts.filter((account) => ProviderId.safeParse(account.provider).success);
}

/** Nothing out of the ordinary. */
export const NO_MORE = { instanceType: '', vpc: '', subnet: '', nodeIdentity: '', kubernetes: null };

/** What is asked of the API: what was left empty is left out. */
export function clusterWish({
  instanceType,
  vpc,
  subnet,
  nodeIdentity,
  kubernetes: chosen,
  ...rest
}: ClusterValue): NewClusterWish {
  const made = rest.cloudAccountId !== null;
  const plain = { ...rest, ...(chosen && { kubernetes: kubernetesWish(chosen, made) }) };
  if (!made) return plain;
  return {
    ...plain,
    ...(instanceType && { instanceType }),
    ...((vpc || subnet) && { existingNetwork: { networkId: vpc, subnetId: subnet } }),
    ...(nodeIdentity && { nodeIdentity }),
  };
}
type NewClusterWish = z.infer<typeof NewCluster>;

export function ClusterFields({
  value,
  accounts,
  providers,
  problemOf,
  onChange,
}: {
  value: ClusterValue;
  accounts: readonly CloudAccount[];
  providers: readonly ProviderInfo[];
  problemOf: (field: string) => string | undefined;
  onChange: (change: Partial<ClusterValue>) => void;
}) {
  const providerOf = (accountId: string | null) =>
    providers.find((one) => one.id === accounts.find((known) => known.id === accountId)?.provider);
  const regionsOf = (accountId: string | null) => providerOf(accountId)?.regions ?? [];
  const clouds = cloudsAmong(accounts);
  const regions = regionsOf(value.cloudAccountId);
  function chooseAccount(chosen: string) {
    const cloudAccountId = chosen === '' ? null : chosen;
    const region = regionsOf(cloudAccountId)[0]?.id ?? 'office';
    const nodes = cloudAccountId === null ? 0 : value.nodes || 2;
    onChange({ cloudAccountId, region, nodes, kubernetes: null });
  }
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-[1fr_1.1fr_1.1fr_6rem]">
        <TextField
          label="Cluster"
          value={value.name}
          problem={problemOf('name')}
          onChange={(event) => onChange({ name: event.target.value })}
        />
        <SelectField
          label="Made in"
          value={value.cloudAccountId ?? ''}
          problem={problemOf('cloudAccountId')}
          onChange={(event) => chooseAccount(event.target.value)}
        >
          {clouds.map((account) => (
            <option key={account.id} value={account.id}>
              {account.name}
            </option>
          ))}
          <option value="">Plain hosts (one-liner)</option>
        </SelectField>
        {regions.length > 0 ? (
          <SelectField
            label="Region"
            value={value.region}
            problem={problemOf('region')}
            onChange={(event) => onChange({ region: event.target.value })}
          >
            {regions.map((region) => (
              <option key={region.id} value={region.id}>
                {region.id} · {region.title}
              </option>
            ))}
          </SelectField>
        ) : (
          <TextField
            label="Place"
            value={value.region}
            problem={problemOf('region')}
            onChange={(event) => onChange({ region: event.target.value })}
          />
        )}
        <TextField
          label="Nodes"
          type="number"
          min={0}
          max={50}
          disabled={value.cloudAccountId === null}
          value={value.nodes}
          problem={problemOf('nodes')}
          onChange={(event) => onChange({ nodes: Number(event.target.value) })}
        />
      </div>
      <KubernetesFields
        value={value.kubernetes}
        made={value.cloudAccountId !== null}
        problemOf={problemOf}
        onChange={(kubernetes) => onChange({ kubernetes })}
      />
      {value.cloudAccountId !== null && (
        <ClusterMore
          value={value}
          defaultType={providerOf(value.cloudAccountId)?.defaultInstanceType ?? ''}
          provider={providerOf(value.cloudAccountId)?.id ?? 'aws'}
          problemOf={problemOf}
          onChange={onChange}
        />
      )}
    </div>
  );
}
