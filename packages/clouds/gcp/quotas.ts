/** How much of what the project may hold is used: Google says both in one answer. */
import type { CallContext, Quota } from '../provider.ts';
import type { Connection } from './connection.ts';

interface GoogleQuota {
  metric?: string;
  limit?: number;
  usage?: number;
}
export interface RegionView {
  status?: string;
  quotas?: GoogleQuota[];
}

const COMPUTE = 'compute.googleapis.com';
const OF_REGION: Readonly<Record<string, Quota['what']>> = {
  INSTANCES: 'instances',
  CPUS: 'vcpus',
  STATIC_ADDRESSES: 'addresses',
};
const OF_PROJECT: Readonly<Record<string, Quota['what']>> = { NETWORKS: 'networks', FIREWALLS: 'firewalls' };

export const readRegion = (connection: Connection, context: CallContext): Promise<RegionView> =>
  connection.read(
    'reading the region',
    COMPUTE,
    `/compute/v1/projects/${connection.project}/regions/${connection.region}`,
    context,
  );

/** @param region what `readRegion` answered */
export async function quotas(
  connection: Connection,
  region: RegionView,
  context: CallContext,
): Promise<Quota[]> {
  const project = await connection.read<{ quotas?: GoogleQuota[] }>(
    'reading the project',
    COMPUTE,
    `/compute/v1/projects/${connection.project}`,
    context,
  );
  return [...named(region.quotas, OF_REGION), ...named(project.quotas, OF_PROJECT)];
}

/** vCPUs of a machine type in our zone. @throws CloudError `not-found` */
export async function vcpusOf(
  connection: Connection,
  machineType: string,
  context: CallContext,
): Promise<number> {
  const found = await connection.read<{ guestCpus?: number }>(
    'reading the machine type',
    COMPUTE,
    `/compute/v1/projects/${connection.project}/zones/${connection.zone}/machineTypes/${encodeURIComponent(machineType)}`,
    context,
  );
  return found.guestCpus ?? 0;
}

const named = (held: readonly GoogleQuota[] | undefined, words: typeof OF_REGION): Quota[] =>
  (held ?? []).flatMap(({ metric = '', limit = 0, usage = 0 }) => {
    const what = words[metric];
    return what ? [{ what, limit, used: usage }] : [];
  });
