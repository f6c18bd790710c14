/** The resource group of a cluster: everything of ours stands in it, and it goes when it is empty. */
import type { ResourceGroup } from '@azure/arm-resources';
import { backOff, pause, waitFor } from '../bounded-wait.ts';
import { type CallContext, CloudError, type Owner } from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { remove, type Subject } from './ensure.ts';
import { isDoubtful } from './errors.ts';
import { groupNameFor } from './names.ts';
import { groupFilter, groupTags, ownerIn } from './tags.ts';

const MAKING_TRIES = 4;

type Group = ResourceGroup & { provisioningState?: string };

const flat = (group: ResourceGroup): Group => {
  const state = group.properties?.provisioningState;
  return state === undefined ? group : { ...group, provisioningState: state };
};

function subjectOf(connection: Connection, owner: Owner, context: CallContext): Subject<'resources', Group> {
  const name = groupNameFor(owner);
  return {
    family: 'resources',
    what: `the resource group ${name}`,
    id: `/subscriptions/${connection.subscriptionId}/resourceGroups/${name}`,
    get: async () => {
      const found = await connection.askUnlessGone(
        'resources',
        'reading the resource group',
        context,
        (on, o) => on.resourceGroups.get(name, o),
      );
      return found && flat(found);
    },
    ours: (one) => {
      const by = ownerIn(one.tags);
      return by !== undefined && within(by, owner);
    },
  };
}

/** Finds or makes the group. @throws CloudError `not-ours`, or `conflict` where it stands in another region. */
export async function ensureGroup(
  connection: Connection,
  owner: Owner,
  context: CallContext,
): Promise<{ changed: boolean }> {
  const subject = subjectOf(connection, owner, context);
  const name = groupNameFor(owner);
  const there = await waitFor(
    async () => {
      const found = await subject.get();
      return found && /^Deleting$/i.test(found.provisioningState ?? '') ? undefined : { found };
    },
    { what: `${subject.what} to be gone before it is made anew`, limitSeconds: 600, context },
  );
  const found = there.found ?? (await makeGroup(connection, owner, context));
  if (!subject.ours(found)) {
    throw new CloudError(
      'not-ours',
      `Resource group ${name} has our name but not our tags; it is left alone.`,
      { remedy: 'Delete it, or give it the tags skein-organization, skein-network and skein-cluster.' },
    );
  }
  if (!inRegion(connection, found)) {
    throw new CloudError(
      'conflict',
      `Resource group ${name} is in ${found.location}, not ${connection.region}.`,
    );
  }
  return { changed: there.found === undefined };
}

/** A plain PUT that changes nothing when it is repeated, so one that got no answer is sent again. */
async function makeGroup(connection: Connection, owner: Owner, context: CallContext): Promise<Group> {
  const body = { location: connection.region, tags: groupTags(owner) };
  for (let attempt = 0; ; attempt++) {
    try {
      return await connection.ask('resources', 'making the resource group', context, (on, o) =>
        on.resourceGroups.createOrUpdate(groupNameFor(owner), body, o),
      );
    } catch (error) {
      if (!isDoubtful(error) || attempt === MAKING_TRIES) throw error;
      await pause(backOff(attempt, 300, 4_000), context.signal);
    }
  }
}

/** Azure spells a region now `westeurope`, now `West Europe`. */
export const inRegion = (connection: Connection, one: { location?: string }) =>
  (one.location ?? '').replaceAll(' ', '').toLowerCase() === connection.region.toLowerCase();

/** Names of the owner's groups in this region. */
export async function groupsOf(
  connection: Connection,
  owner: Partial<Owner> & { organizationId: string },
  context: CallContext,
): Promise<string[]> {
  const filter = groupFilter(owner.organizationId);
  const all = await connection.askAll('resources', 'listing resource groups', context, (on, o) =>
    on.resourceGroups.list({ filter, ...o }),
  );
  return all.flatMap((one) => {
    const by = ownerIn(one.tags);
    return one.name && by && within(by, owner) && inRegion(connection, one) ? [one.name] : [];
  });
}

/** Ids of what stands in a group. Each kind of ours is asked of its own service: the group's own list lags behind. */
export async function contentsOf(
  connection: Connection,
  group: string,
  context: CallContext,
): Promise<string[]> {
  const askAll: Connection['askAll'] = (...asked) => connection.askAll(...asked);
  const lists = await Promise.all([
    askAll('compute', 'listing instances', context, (on, o) => on.virtualMachines.list(group, o)),
    askAll('network', 'listing network interfaces', context, (on, o) => on.networkInterfaces.list(group, o)),
    askAll('network', 'listing NSGs', context, (on, o) => on.networkSecurityGroups.list(group, o)),
    askAll('network', 'listing public addresses', context, (on, o) => on.publicIPAddresses.list(group, o)),
    askAll('network', 'listing virtual networks', context, (on, o) => on.virtualNetworks.list(group, o)),
    askAll('resources', 'listing the group’s contents', context, (on, o) =>
      on.resources.listByResourceGroup(group, o),
    ),
  ]);
  const byId = new Map<string, string>();
  for (const { id } of lists.flat()) if (id) byId.set(id.toLowerCase(), byId.get(id.toLowerCase()) ?? id);
  return [...byId.values()];
}

export async function groupIsOurs(
  connection: Connection,
  owner: Owner,
  context: CallContext,
): Promise<boolean> {
  const subject = subjectOf(connection, owner, context);
  const found = await subject.get();
  return found !== undefined && subject.ours(found);
}

/** Takes the group away when it is ours and nothing stands in it. */
export async function removeGroupIfEmpty(
  connection: Connection,
  owner: Owner,
  context: CallContext,
): Promise<void> {
  const subject = subjectOf(connection, owner, context);
  const found = await subject.get();
  if (!found || !subject.ours(found)) return;
  const name = groupNameFor(owner);
  // Deleting a group deletes what is in it, so it is looked into each time.
  if ((await contentsOf(connection, name, context)).length > 0) return;
  await remove(connection, subject, (on, o) => on.resourceGroups.delete(name, o), context);
}
