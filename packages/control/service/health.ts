import type { HealthFrame } from '@skein/contract/agent/service.ts';
import type { ChannelContext } from '../peer/enrol.ts';
import { tellServices } from './tell.ts';

/** What an agent found of the services that its own host serves; says nothing of any other host. */
export async function recordHealth(
  context: ChannelContext,
  peerId: string,
  results: HealthFrame['results'],
): Promise<void> {
  await context.database.$transaction(async (tx) => {
    const peer = await tx.peer.findFirst({ where: { id: peerId, removedAt: null } });
    if (!peer) return;
    const { networkId, organizationId } = peer;
    const ids = results.map(({ id }) => id).sort();
    // They may be removed at this very moment: whoever removes one waits, or was before us.
    const services = await tx.$queryRaw<{ id: string; namespace: string; name: string }[]>`
      SELECT id, namespace, name FROM host_service WHERE "networkId" = ${networkId} AND id = ANY(${ids})
      ORDER BY id FOR KEY SHARE`;
    const known = new Map(
      (await tx.hostHealth.findMany({ where: { peerId } })).map((row) => [row.serviceId, row]),
    );
    const changed: string[] = [];
    for (const { id: serviceId, namespace, name } of services) {
      const result = results.find(({ id }) => id === serviceId);
      const before = known.get(serviceId);
      if (!result || (before && before.ready === result.ready && before.problem === result.problem)) continue;
      const now = { ready: result.ready, problem: result.problem, at: context.now() };
      await tx.hostHealth.upsert({
        where: { serviceId_peerId: { serviceId, peerId } },
        create: { serviceId, peerId, organizationId, ...now },
        update: now,
      });
      if (before?.ready !== result.ready) changed.push(`${namespace}/${name}`);
    }
    await tellServices(tx, networkId, changed);
  });
}
