import type { Database, Transaction } from '@skein/database/client.ts';
import type { CloudAccount, CloudResource, Cluster, Network } from '@skein/database/generated/client.ts';
import type { AddressRecord, ZoneState } from '@skein/dns/provider.ts';
import { privateZoneRecords, publicZoneRecords } from '@skein/mesh/name/zone.ts';
import { z } from 'zod';
import { loadSnapshot } from '../map/snapshot.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { recordsDigest } from '../operation/step/names.ts';
import { readAddress, readNetwork, readZone } from '../operation/step/states.ts';
import type { Pair } from './differences.ts';

/** One resource that should be there, and as what. */
export interface Entry {
  row: CloudResource;
  account: CloudAccount;
  /** Null for what belongs to the network as a whole. */
  cluster: Pick<Cluster, 'id' | 'name'> | null;
  expected: Expectation;
  /** For records: the zone that holds them. */
  zone: ZoneState | null;
}
export type Expectation = { [K in Pair['kind']]: Omit<Extract<Pair, { kind: K }>, 'found'> }[Pair['kind']];

export interface Books {
  network: Network;
  entries: Entry[];
}

/**
 * What our books say the clouds hold for a network, and what each of it should be: what the steps asked for last, with
 * the very functions that they use. Null where nobody can say, because an operation is changing it or it is not made.
 */
export async function loadBooks(
  database: Database | Transaction,
  organizationId: string,
  networkId: string,
): Promise<Books | null> {
  const network = await database.network.findFirst({
    where: { id: networkId, organizationId, deletedAt: null, state: { in: ['ready', 'degraded'] } },
  });
  const open = await database.operation.count({ where: { networkId, state: { in: [...OPEN_STATES] } } });
  const snapshot = network && (await loadSnapshot(database, networkId));
  if (!network || open > 0 || !snapshot) return null;

  const rows = await database.cloudResource.findMany({
    where: {
      organizationId,
      networkId,
      status: 'present',
      OR: [{ clusterId: null }, { cluster: { deletedAt: null, state: 'ready' } }],
    },
    include: { cluster: { select: { id: true, name: true } } },
    orderBy: [{ key: 'asc' }, { id: 'asc' }],
  });
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId, id: { in: rows.map((row) => row.cloudAccountId) } },
  });
  const peers = await database.peer.findMany({
    where: { networkId, organizationId, removedAt: null, managed: true },
    select: { clusterId: true, name: true },
  });
  const living = new Set(peers.map((peer) => `${peer.clusterId} ${peer.name}`));
  const sibling = (row: CloudResource, key: string) =>
    rows.find((one) => one.clusterId === row.clusterId && one.key === key);
  // What the zones were told is not what the network is now: an operation is about to tell them.
  const namesKnown = recordsDigest(snapshot) === network.recordsDigest;

  const entries = rows.flatMap(({ cluster, ...row }): Entry[] => {
    const account = accounts.find((one) => one.id === row.cloudAccountId);
    if (!account) return [];
    const zoneRow = row.kind === 'record' ? sibling(row, row.key.replace('records/', 'zone/')) : undefined;
    const of = (expected: Expectation, zone: ZoneState | null = null): Entry[] => [
      { row, account, cluster, expected, zone },
    ];
    switch (row.kind) {
      case 'network':
        return of({ kind: 'network', expected: readNetwork(row.state) });
      case 'peering':
        // Its first half was written down before there was a second to carry traffic with.
        return of({ kind: 'peering', expected: { ...Peering.parse(row.state), active: true } });
      case 'firewall':
        return of({
          kind: 'firewall',
          expected: { externalId: row.externalId ?? '', rules: Wanted.parse(row.spec).rules },
        });
      case 'address':
        return of({ kind: 'address', expected: readAddress(row.state) });
      case 'instance': {
        const name = row.key.slice('instance/'.length);
        // One that left by itself: another part of the worker ends its instance.
        if (!living.has(`${row.clusterId} ${name}`)) return [];
        const address = sibling(row, `address/${name}`);
        const { externalId, privateAddress } = Machine.parse(row.state);
        return of({
          kind: 'instance',
          expected: {
            externalId,
            privateAddress,
            role: Role.parse(row.spec).role,
            publicAddress: address ? readAddress(address.state).address : null,
          },
        });
      }
      case 'zone':
        return of({ kind: 'zone', expected: readZone(row.state) });
      case 'record': {
        if (!zoneRow || !namesKnown) return [];
        const wanted: AddressRecord[] =
          row.clusterId === null ? publicZoneRecords(snapshot) : privateZoneRecords(snapshot, row.clusterId);
        return of({ kind: 'record', expected: wanted }, readZone(zoneRow.state));
      }
      default:
        return [];
    }
  });
  return { network, entries };
}

const Machine = z.object({ externalId: z.string(), privateAddress: z.string() });
const Role = z.object({ role: z.enum(['gateway', 'member']) });
const Peering = z.object({ externalId: z.string(), cidrs: z.array(z.string()) });
const Wanted = z.object({
  rules: z.array(
    z.object({
      protocol: z.enum(['udp', 'tcp']),
      fromPort: z.number(),
      toPort: z.number(),
      cidrs: z.array(z.string()),
      description: z.string(),
    }),
  ),
});
