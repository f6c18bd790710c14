/**
 * What things are called in Azure. Names are derived from the owner and key, and unique where they stand, so a second
 * of one thing cannot even be made. Pure.
 */
import { createHash } from 'node:crypto';
import type { Owner } from '../provider.ts';

const digest = (text: string, length: number) =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

/** The resource group that holds all of a cluster, at most 90 characters: `skein-<cluster>-<8 hex>`. */
export function groupNameFor({ organizationId, networkId, clusterId }: Owner): string {
  const hash = digest(JSON.stringify([organizationId, networkId, clusterId]), 8);
  return `skein-${clusterId.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 60)}-${hash}`;
}

const LONGEST = 50;

/** A resource's name within its group and kind: `firewall/gateway` is called `firewall-gateway`. At most 50 characters. */
export function nameFor(key: string): string {
  const plain = key.replaceAll('/', '-');
  if (plain.length <= LONGEST && /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(plain) && !plain.endsWith('-'))
    return plain;
  const words = plain
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, LONGEST - 11)
    .replace(/-$/, '');
  return `k-${words}-${digest(key, 8)}`;
}

/** `gw-1` of `instance/gw-1`: what a person calls it. */
export const ownName = (key: string) => key.slice(key.lastIndexOf('/') + 1);

export interface ResourceId {
  subscriptionId: string;
  group: string;
  /** `Microsoft.Network/virtualNetworks`, `Microsoft.Network/virtualNetworks/subnets`. */
  type: string;
  /** One for each part of the type behind the provider. */
  names: string[];
}

/** An ARM id in its usual spelling; Azure itself spells ids now one way, now another. */
export function idOf({ subscriptionId, group, type, names }: ResourceId): string {
  const [provider, ...kinds] = type.split('/');
  const path = kinds.map((kind, i) => `${kind}/${names[i]}`).join('/');
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/${provider}/${path}`;
}

const ID = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)((?:\/[^/]+\/[^/]+)+)\/?$/i;

/** Takes an ARM id of a resource in a group apart; undefined when it is none. */
export function parseId(id: string): ResourceId | undefined {
  const [, subscriptionId, group, provider, path] = ID.exec(id.trim()) ?? [];
  if (!subscriptionId || !group || !provider || !path) return undefined;
  const parts = path.split('/').filter(Boolean);
  const even = parts.filter((_, i) => i % 2 === 0);
  return {
    subscriptionId,
    group,
    type: [provider, ...even].join('/'),
    names: parts.filter((_, i) => i % 2 === 1),
  };
}

/** ARM ids are the same whatever their case. */
export const sameId = (a: string | undefined, b: string | undefined) =>
  a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
