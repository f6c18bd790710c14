/** What things of the ground are called in the kernel, and the addresses that only the ground itself uses. Pure. */
import { createHash } from 'node:crypto';

/** The network namespace in which the clouds meet, its bridge, and the one that stands for the rest of the world. */
export const INTERNET_NAMESPACE = 'internet';
export const INTERNET_BRIDGE = 'internet';
export const OUTSIDE_NAMESPACE = 'outside';
/** A stranger's public address, in no cloud's range. */
export const OUTSIDE_ADDRESS = '198.18.192.10';
/** The bridge in the sealed place's own namespace that leads to the services; and the far end of it in an edge. */
export const SERVICES_LINK = 'services';

/**
 * Link-local addresses, never seen by a node: of the services' bridge, of the edges on it, and one a machine, by which
 * its realm's resolver and the metadata service know who asks (two realms may use the same private addresses).
 */
export const TRANSIT = {
  gateway: '169.254.64.1',
  prefix: 18,
  edges: '169.254.64.0',
  machines: '169.254.192.0',
} as const;
export const METADATA_ADDRESS = '169.254.169.254';

/** Ids are a front end's; a file name must not hold a slash. */
export function edgeNamespace(realmId: string): string {
  return `edge-${encodeURIComponent(realmId)}`;
}

export function machineNamespace(machineId: string): string {
  return `node-${encodeURIComponent(machineId)}`;
}

/** Name of a link (15 bytes at most), the same for the same id; `m…` in an edge leads to a machine, `p…` to a peered realm's edge. */
export function linkName(kind: 'm' | 'i' | 's' | 'p', id: string): string {
  return kind + createHash('sha256').update(id).digest('hex').slice(0, 12);
}

/** The `number`-th address after `base`. */
export function addressAfter(base: string, number: number): string {
  const value = toNumber(base) + number;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** The number behind one of the ground's own addresses; undefined when it is not `base`'s. */
export function numberOf(base: string, address: string): number | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) return undefined;
  const number = toNumber(address) - toNumber(base);
  return number > 0 && number < 1 << (32 - TRANSIT.prefix) ? number : undefined;
}

export function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** A locally administered hardware address of an edge's link. */
export function edgeMac(number: number): string {
  return `02:53:4b:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`;
}
