/** What a cluster's agent tells of its exports, into the books. */
import {
  type ExportsFrame,
  MOST_ENDPOINTS,
  MOST_EXPORTS,
  ServiceEndpoint,
} from '@skein/contract/agent/service.ts';
import type { Transaction } from '@skein/database/client.ts';
import { keyOf } from '@skein/mesh/services/export.ts';
import { changeEndpoints } from '@skein/mesh/services/news.ts';
import { z } from 'zod';
import type { ChannelContext } from '../peer/enrol.ts';
import { tellServices } from './tell.ts';

/**
 * `unknown`: a change to a listing that is not the newest of the cluster; the agent must list all again, if it reports.
 * `ignored`: the peer is of no Kubernetes cluster. `refused`: more than one cluster may export, or addresses that no service
 * has.
 */
export type Recorded = 'taken' | 'unknown' | 'ignored' | 'refused';

/** Frames of one channel come one after the other; those of two agents of a cluster are told apart by their sessions. */
export async function recordExports(
  context: ChannelContext,
  peerId: string,
  frame: ExportsFrame,
): Promise<Recorded> {
  if (frame.endpoints.some(({ set }) => set.some(({ address }) => !mayServe(address)))) return 'refused';
  return context.database
    .$transaction(async (tx) => {
      const peer = await tx.peer.findFirst({
        where: { id: peerId, removedAt: null, cluster: { deletedAt: null } },
        select: {
          organizationId: true,
          networkId: true,
          clusterId: true,
          cluster: { select: { kubernetes: true } },
        },
      });
      if (!peer) return 'unknown';
      // Plain hosts serve what the API says, and nothing on their own word.
      if (peer.cluster.kubernetes === null) return 'ignored';
      const { organizationId, networkId, clusterId } = peer;
      const at = context.now();
      // Whoever writes exports of this cluster waits here.
      await tx.$queryRaw`SELECT id FROM cluster WHERE id = ${clusterId} FOR NO KEY UPDATE`;
      const reporter = await tx.exportReporter.findUnique({ where: { clusterId } });
      const known = reporter?.peerId === peerId && reporter.session === frame.session;
      if (frame.listing?.part === 0) {
        const now = { peerId, session: frame.session, createdAt: at };
        await tx.exportReporter.upsert({
          where: { clusterId },
          create: { clusterId, organizationId, ...now },
          update: now,
        });
        // It is there, whatever the books say of it: they are written in batches.
        await tx.peer.update({
          where: { id: peerId },
          data: { connectedAt: at, disconnectedAt: null, lastSeenAt: at },
        });
      } else if (!known) return 'unknown';

      const changed = new Set<string>();
      for (const spec of frame.set) {
        const key = keyOf(spec);
        const { session } = frame;
        await tx.clusterExport.upsert({
          where: { clusterId_key: { clusterId, key } },
          create: { organizationId, networkId, clusterId, key, spec, session, updatedAt: at },
          // What a listing says of endpoints is all of them.
          update: { spec, session, updatedAt: at, ...(frame.listing ? { endpoints: [] } : {}) },
        });
        changed.add(key);
      }
      for (const { key, set, removed } of frame.endpoints) {
        const row = await tx.clusterExport.findUnique({ where: { clusterId_key: { clusterId, key } } });
        if (!row) continue;
        const before = z.array(ServiceEndpoint).parse(row.endpoints);
        const endpoints = changeEndpoints(before, { set, removed });
        if (endpoints.length > MOST_ENDPOINTS) throw new TooMany();
        await tx.clusterExport.update({
          where: { clusterId_key: { clusterId, key } },
          data: { endpoints, updatedAt: at },
        });
        changed.add(key);
      }
      for (const key of await removedKeys(tx, clusterId, frame)) changed.add(key);
      if ((await tx.clusterExport.count({ where: { clusterId } })) > MOST_EXPORTS) throw new TooMany();
      // Until a listing is whole, what it says of others is not: nobody is told of it before.
      const begun = frame.listing !== null && !frame.listing.last;
      if (begun) return 'taken';
      // Who reports counts too: a cluster that was gone is there again.
      await tellServices(tx, networkId, frame.listing ? null : [...changed]);
      return 'taken';
    })
    .catch((error) => {
      if (error instanceof TooMany) return 'refused';
      throw error;
    });
}

class TooMany extends Error {}

async function removedKeys(tx: Transaction, clusterId: string, frame: ExportsFrame): Promise<string[]> {
  const gone =
    frame.listing?.last === true
      ? { clusterId, session: { not: frame.session } }
      : { clusterId, key: { in: frame.removed } };
  const rows = await tx.clusterExport.findMany({ where: gone, select: { key: true } });
  if (rows.length > 0) await tx.clusterExport.deleteMany({ where: gone });
  return rows.map(({ key }) => key);
}

/** Not the asker's own host, no metadata service of a cloud, no group of hosts. */
function mayServe(address: string): boolean {
  const first = Number(address.split('.', 1)[0]);
  return first > 0 && first !== 127 && first < 224 && !address.startsWith('169.254.');
}
