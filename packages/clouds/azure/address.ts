/** A public address: reserved for a gateway, or passing, for a member's way out, which dies with its instance. */
import type { PublicIPAddress } from '@azure/arm-network';
import {
  type AddressSpec,
  type AddressState,
  type CallContext,
  CloudError,
  type Keyed,
  type Resource,
} from '../provider.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, oursOnly, remove, type Subject } from './ensure.ts';
import { ensureGroup, groupsOf, removeGroupIfEmpty } from './group.ts';
import { groupNameFor, nameFor, ownName } from './names.ts';
import { isOf, keyedBy, ownerTags } from './tags.ts';

const TYPE = 'Microsoft.Network/publicIPAddresses';
export const PASSING = 'passing-address';

/** @param part null for a reserved one. */
export function addressSubject(
  connection: Connection,
  at: Keyed,
  part: typeof PASSING | null,
  context: CallContext,
): Subject<'network', PublicIPAddress> & { group: string; name: string } {
  const group = groupNameFor(at.owner);
  const name = part === null ? nameFor(at.key) : `${nameFor(at.key)}-address`;
  return {
    family: 'network',
    group,
    name,
    what: `the public address of ${ownName(at.key)} in ${group}`,
    id: connection.id(group, TYPE, name),
    get: () =>
      connection.askUnlessGone('network', 'reading the public address', context, (on, o) =>
        on.publicIPAddresses.get(group, name, o),
      ),
    ours: (one) => isOf(one.tags, at, part),
  };
}

/** Finds or makes one and its group, of the kind that stays the same for as long as it is there. */
export function ensureAddress(
  connection: Connection,
  at: Keyed & { name: string },
  part: typeof PASSING | null,
  context: CallContext,
): Promise<{ one: PublicIPAddress; changed: boolean }> {
  const subject = addressSubject(connection, at, part, context);
  return ensure(
    connection,
    subject,
    {
      ground: () => ensureGroup(connection, at.owner, context),
      right: (one) => !failed(one) && Boolean(one.ipAddress),
      put: (found) => (on, o) =>
        on.publicIPAddresses.createOrUpdate(
          subject.group,
          subject.name,
          {
            location: connection.region,
            tags: { ...found?.tags, ...ownerTags(at, at.name, part ?? undefined) },
            sku: { name: 'Standard', tier: 'Regional' },
            publicIPAllocationMethod: 'Static',
            publicIPAddressVersion: 'IPv4',
          },
          o,
        ),
    },
    context,
  );
}

export function removeAddress(
  connection: Connection,
  at: Keyed,
  part: typeof PASSING | null,
  context: CallContext,
): Promise<void> {
  const subject = addressSubject(connection, at, part, context);
  const { group, name } = subject;
  return remove(connection, subject, (on, o) => on.publicIPAddresses.delete(group, name, o), context);
}

export function addresses(connection: Connection): Resource<AddressSpec, AddressState> {
  const stateOf = (id: string, one: PublicIPAddress): AddressState => ({
    externalId: id,
    address: one.ipAddress ?? '',
  });

  return {
    async observe(at, context) {
      const subject = addressSubject(connection, at, null, context);
      const found = await oursOnly(subject);
      return found && stateOf(subject.id, found);
    },

    async reconcile(spec, context) {
      const { one } = await ensureAddress(connection, spec, null, context);
      return stateOf(addressSubject(connection, spec, null, context).id, one);
    },

    async delete(at, context) {
      const subject = addressSubject(connection, at, null, context);
      const found = await subject.get();
      if (found && subject.ours(found) && found.ipConfiguration?.id) {
        throw new CloudError(
          'in-use',
          `Address ${found.ipAddress} is still used by ${found.ipConfiguration.id}.`,
          { remedy: 'Delete that first.' },
        );
      }
      await removeAddress(connection, at, null, context);
      await removeGroupIfEmpty(connection, at.owner, context);
    },

    async list(owner, context) {
      const groups = await groupsOf(connection, owner, context);
      const lists = await Promise.all(
        groups.map((group) =>
          connection.askAll('network', 'listing public addresses', context, (on, o) =>
            on.publicIPAddresses.list(group, o),
          ),
        ),
      );
      return lists.flat().flatMap((one) => {
        const by = keyedBy(one.tags);
        if (!by || by.part !== null || !one.name) return [];
        const id = connection.id(groupNameFor(by.owner), TYPE, one.name);
        return [{ ...stateOf(id, one), owner: by.owner, key: by.key }];
      });
    },
  };
}
