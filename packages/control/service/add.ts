import { newId } from '@skein/contract/primitive.ts';
import {
  type HostService,
  MOST_SERVICES_OF_A_NETWORK,
  type NewService,
} from '@skein/contract/rest/service.ts';
import { Prisma } from '@skein/database/generated/client.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { serversOf } from './servers.ts';
import { tellServices } from './tell.ts';
import { hostServiceView } from './view.ts';

/** Exports a service of plain hosts to the whole network. Hosts are asked whether it answers before anybody is sent there. */
export async function addService(
  context: Context,
  input: { networkId: string } & NewService,
): Promise<HostService> {
  const { organizationId } = context.actor;
  const { networkId, namespace, name, peerId, labels, check } = input;
  const ports = input.ports.map((port) => ({ ...port, targetPort: port.targetPort ?? port.port }));
  return context.database.$transaction(async (tx) => {
    await lockNetwork(tx, organizationId, networkId);
    const living = { id: networkId, organizationId, deletedAt: null, state: { not: 'deleting' as const } };
    if ((await tx.network.count({ where: living })) === 0)
      throw new Refusal('not-found', 'There is no such network.');
    const others = await tx.hostService.findMany({ where: { networkId, organizationId } });
    const refuse = (path: string, message: string) =>
      new Refusal('invalid-request', `This service cannot be added: ${path} ${message}.`, [
        { path, message },
      ]);
    if (others.some((other) => other.namespace === namespace && other.name === name))
      throw refuse('name', `is a service’s of ${namespace} already`);
    if (others.length >= MOST_SERVICES_OF_A_NETWORK)
      throw new Refusal('conflict', `A network has ${MOST_SERVICES_OF_A_NETWORK} services at most.`);
    if (peerId !== undefined) {
      const peer = await tx.peer.count({ where: { id: peerId, networkId, organizationId, removedAt: null } });
      if (peer === 0) throw refuse('peerId', 'is no peer of this network');
    }
    const first = ports.find(({ protocol }) => protocol === 'TCP')?.targetPort;
    const row = await tx.hostService.create({
      data: {
        id: newId('service', context.random),
        organizationId,
        networkId,
        namespace,
        name,
        ports,
        peerId: peerId ?? null,
        labels: labels ?? Prisma.DbNull,
        check: check ? { ...check, port: check.port ?? first } : Prisma.DbNull,
        createdAt: context.now(),
      },
    });
    const details = { namespace, name, ports, peerId: peerId ?? null, labels: labels ?? null };
    await recordAudit(tx, context, 'service.add', row.id, details);
    await tellServices(tx, networkId, [`${namespace}/${name}`]);
    const changes = await serversOf(tx, row);
    if (changes.length > 0)
      await publishRevision(tx, organizationId, networkId, changes, `${namespace}/${name} is a service`);
    return hostServiceView(row);
  });
}
