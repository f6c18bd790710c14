/** How much of what a subscription may hold in a region is used. Compute and Network each answer for their own. */
import type { CallContext, Quota } from '../provider.ts';
import type { Connection } from './connection.ts';

interface Usage {
  name?: { value?: string };
  currentValue?: number;
  limit?: number;
}

/** Several limits may stand in the way of one thing; the tightest counts. Names are Azure's, in lower case. */
const NAMES: Readonly<Record<Quota['what'], readonly string[]>> = {
  instances: ['virtualmachines'],
  vcpus: ['cores'],
  addresses: ['ipv4standardskupublicipaddresses', 'standardskupublicipaddresses', 'publicipaddresses'],
  networks: ['virtualnetworks'],
  firewalls: ['networksecuritygroups'],
};

export async function usages(connection: Connection, context: CallContext): Promise<Usage[]> {
  const { region } = connection;
  const [compute, network] = await Promise.all([
    connection.askAll('compute', 'asking for compute quotas', context, (on, o) => on.usage.list(region, o)),
    connection.askAll('network', 'asking for network quotas', context, (on, o) => on.usages.list(region, o)),
  ]);
  return [...compute, ...network];
}

/** Pure. */
export function quotasIn(all: readonly Usage[]): Quota[] {
  return (Object.keys(NAMES) as Quota['what'][]).flatMap((what) => {
    const found = all.flatMap(({ name, limit, currentValue = 0 }) =>
      limit !== undefined && NAMES[what].includes(name?.value?.toLowerCase() ?? '')
        ? [{ what, limit, used: currentValue }]
        : [],
    );
    const [tightest] = found.sort((a, b) => a.limit - a.used - (b.limit - b.used));
    return tightest ? [tightest] : [];
  });
}

/** What is left of the vCPUs of one family of sizes (`standardBSFamily`), which Azure counts apart. Pure. */
export function familyRoom(
  all: readonly Usage[],
  family: string,
): { limit: number; used: number } | undefined {
  const found = all.find((one) => one.name?.value?.toLowerCase() === family.toLowerCase());
  return found?.limit === undefined ? undefined : { limit: found.limit, used: found.currentValue ?? 0 };
}
