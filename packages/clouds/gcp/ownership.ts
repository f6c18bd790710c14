/**
 * Whose a Google Cloud resource is. Networks, firewall rules and fresh addresses take no labels, so the owner stands in
 * the description, and the name is derived from the owner: a second one cannot even be made. Pure.
 */
import { createHash } from 'node:crypto';
import type { Keyed } from '../provider.ts';
import { within } from '../within.ts';

/** `skein-<key>-<16 hex>`: at most 47 of the 63 characters that Google allows, starting with a letter. */
export function nameFor({ owner, key }: Keyed): string {
  const subject = JSON.stringify([owner.organizationId, owner.networkId, owner.clusterId, key]);
  const hash = createHash('sha256').update(subject).digest('hex').slice(0, 16);
  const words = key
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 24)
    .replace(/-$/, '');
  return `skein-${words}-${hash}`;
}

const FORM = /^skein organization=(\S+) network=(\S+) cluster=(\S+) key=(\S+) region=(\S+)(?: \| (.*))?$/s;

/** @param note is for people, and may be anything. The region tells whose list a global resource belongs to. */
export function describe({ owner, key }: Keyed, region: string, note: string): string {
  const { organizationId, networkId, clusterId } = owner;
  return `skein organization=${organizationId} network=${networkId} cluster=${clusterId} key=${key} region=${region} | ${note}`;
}

export function ownerIn(
  description: string | null | undefined,
): (Keyed & { region: string; note: string }) | undefined {
  const [, organizationId, networkId, clusterId, key, region, note] = FORM.exec(description ?? '') ?? [];
  if (!organizationId || !networkId || !clusterId || !key || !region) return undefined;
  return { owner: { organizationId, networkId, clusterId }, key, region, note: note ?? '' };
}

export function isOf(description: string | null | undefined, at: Keyed): boolean {
  const found = ownerIn(description);
  return found !== undefined && found.key === at.key && within(found.owner, at.owner);
}

const labelValue = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .slice(0, 63);

/** Where labels are taken, for people's own filters and ours; the description decides. */
export function labelsFor({ owner, key }: Keyed, name: string): Record<string, string> {
  return {
    'skein-organization': labelValue(owner.organizationId),
    'skein-network': labelValue(owner.networkId),
    'skein-cluster': labelValue(owner.clusterId),
    'skein-key': labelValue(key),
    'skein-name': labelValue(name),
  };
}

export const labelFilter = (organizationId: string) =>
  `labels.skein-organization = ${labelValue(organizationId)}`;
