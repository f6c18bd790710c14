/** Whose a zone is, in the words that stand in its comment or description. Pure. */
import { createHash } from 'node:crypto';

export interface ZoneOwner {
  organizationId: string;
  networkId: string;
  key: string;
}

const FORM = /^skein organization=(\S+) network=(\S+) key=(\S+)$/;

export const ownerText = ({ organizationId, networkId, key }: ZoneOwner) =>
  `skein organization=${organizationId} network=${networkId} key=${key}`;

export function ownerIn(text: string | null | undefined): ZoneOwner | undefined {
  const [, organizationId, networkId, key] = FORM.exec(text ?? '') ?? [];
  return organizationId && networkId && key ? { organizationId, networkId, key } : undefined;
}

export const sameOwner = (a: ZoneOwner | undefined, b: ZoneOwner) =>
  a !== undefined && a.organizationId === b.organizationId && a.networkId === b.networkId && a.key === b.key;

/** 24 hex digits that stand for the owner where only a short word fits. */
export const ownerHash = ({ organizationId, networkId, key }: ZoneOwner) =>
  createHash('sha256')
    .update(JSON.stringify([organizationId, networkId, key]))
    .digest('hex')
    .slice(0, 24);
