import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { serversOf } from './servers.ts';
import { tellServices } from './tell.ts';

/** A service of plain hosts is exported no more. What Kubernetes clusters export ends by their own ServiceExports. */
export async function removeService(context: Context, input: { id: string }): Promise<void> {
  const { organizationId } = context.actor;
  const { id } = input;
  await context.database.$transaction(async (tx) => {
    const found = await tx.hostService.findFirst({ where: { id, organizationId } });
    if (found) await lockNetwork(tx, organizationId, found.networkId);
    const { count } = await tx.hostService.deleteMany({ where: { id, organizationId } });
    if (!found || count === 0) throw new Refusal('not-found', 'There is no such service.');
    const { namespace, name, networkId } = found;
    await recordAudit(tx, context, 'service.remove', id, { namespace, name });
    await tellServices(tx, networkId, [`${namespace}/${name}`]);
    const changes = await serversOf(tx, found);
    if (changes.length > 0)
      await publishRevision(tx, organizationId, networkId, changes, `${namespace}/${name} is no service`);
  });
}
