import { isDeepStrictEqual } from 'node:util';
import type { NetworkChange } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { planned } from '../operation/steps/planned.ts';
import type { Operation } from '../operation/view.ts';

/** Changes the ports that are open between clusters. The operation ends when all connected agents have applied it. */
export async function changeNetwork(
  context: Context,
  input: { id: string } & z.infer<typeof NetworkChange>,
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { id, allowedPorts } = input;
  const operation = await context.database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM network WHERE id = ${id} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
    const network = await tx.network.findFirst({
      where: { id, organizationId, deletedAt: null, state: { not: 'deleting' } },
      select: { name: true, allowedPorts: true },
    });
    if (!network) throw new Refusal('not-found', 'There is no such network.');
    await refuseWhileOpen(tx, organizationId, id);
    const head = {
      networkId: id,
      kind: 'change-network' as const,
      title: `Change the allowed ports of ${network.name}`,
    };
    // No map changes, so no agent would ever say that it has applied a new one. Postgres keeps keys in its own order.
    if (allowedPorts === undefined || isDeepStrictEqual(network.allowedPorts, allowedPorts))
      return createOperation(tx, context, { ...head, steps: [], clusterIds: new Map() });
    await tx.network.update({ where: { id, organizationId }, data: { allowedPorts } });
    const revision = await publishRevision(
      tx,
      organizationId,
      id,
      [{ network: true }],
      'allowed ports changed',
    );
    await recordAudit(tx, context, 'network.change', id, { allowedPorts });
    const step = planned('applied', {
      key: 'applied',
      title: 'Wait until every connected agent has applied it',
      cluster: null,
      dependsOn: [],
      input: { revision },
    });
    return createOperation(tx, context, { ...head, steps: [step], clusterIds: new Map() });
  });
  await wakeFor(context, operation);
  return operation;
}
