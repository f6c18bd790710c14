/** Who changed a resource last, from the project's list of operations, which Compute Engine keeps for 14 days. */
import type { protos } from '@google-cloud/compute';
import type { CallContext, Cloud } from '../provider.ts';
import type { Connection } from './connection.ts';

type At = Parameters<Cloud['lastChange']>[0];
type LastChange = Awaited<ReturnType<Cloud['lastChange']>>;
type Operation = protos.google.cloud.compute.v1.IOperation;

/** A firewall of ours is several objects, whose names begin with its own. */
const TARGETS: Record<At['kind'], (name: string) => string> = {
  network: (name) => `.*/networks/${name}`,
  firewall: (name) => `.*/firewalls/${name}-.*`,
  address: (name) => `.*/addresses/${name}`,
  instance: (name) => `.*/instances/${name}`,
};

export async function lastChange(
  connection: Connection,
  { kind, externalId }: At,
  since: Date,
  context: CallContext,
): Promise<LastChange> {
  const { project, region, zone } = connection;
  const name = externalId.slice(externalId.lastIndexOf('/') + 1);
  const filter = `targetLink eq ${TARGETS[kind](name)}`;
  const operations = await connection.askAll<Operation>('asking who changed it', context, (on, options) => {
    if (kind === 'address') return on.regionOperations.listAsync({ project, region, filter }, options);
    if (kind === 'instance') return on.zoneOperations.listAsync({ project, zone, filter }, options);
    return on.globalOperations.listAsync({ project, filter }, options);
  });
  const [last] = operations
    .map((one) => ({ ...one, at: new Date(one.insertTime ?? 0) }))
    .filter((one) => one.user && one.at > since && !one.error?.errors?.length)
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  return last ? { who: last.user ?? '', action: last.operationType ?? 'changed it', at: last.at } : null;
}
