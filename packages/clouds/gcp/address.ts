/** A reserved public address of the region. */
import type { protos } from '@google-cloud/compute';
import { waitFor } from '../bounded-wait.ts';
import {
  type AddressSpec,
  type AddressState,
  type CallContext,
  CloudError,
  type Resource,
} from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { findOrMake, oursOnly } from './find-or-make.ts';
import { unlessGone } from './network.ts';
import { describe, nameFor, ownerIn } from './ownership.ts';

type Address = protos.google.cloud.compute.v1.IAddress;

export function addresses(connection: Connection): Resource<AddressSpec, AddressState> {
  const { project, region } = connection;
  const get = (address: string, context: CallContext) =>
    connection.askUnlessGone('reading the address', context, (on, options) =>
      on.addresses.get({ project, region, address }, options),
    );
  const stateOf = (one: Address): AddressState => ({
    externalId: `projects/${project}/regions/${region}/addresses/${one.name}`,
    address: one.address ?? '',
  });

  return {
    async observe(at, context) {
      const found = oursOnly(await get(nameFor(at), context), at, 'address');
      return found && stateOf(found);
    },

    async reconcile(spec, context) {
      const name = nameFor(spec);
      const addressResource = {
        name,
        description: describe(spec, region, spec.name),
        addressType: 'EXTERNAL',
        networkTier: 'PREMIUM',
      };
      const found = await findOrMake(
        {
          kind: 'address',
          at: spec,
          get: () => get(name, context),
          insert: () =>
            connection.change('reserving an address', context, (on, requestId, options) =>
              on.addresses.insert({ project, region, requestId, addressResource }, options),
            ),
        },
        context,
      );
      // One that a killed worker asked for may still be on its way.
      return waitFor(
        async () => {
          const now = found.address ? found : await get(name, context);
          return now?.address ? stateOf(now) : undefined;
        },
        { what: `address ${name} to be reserved`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      const name = nameFor(at);
      const found = oursOnly(await get(name, context), at, 'address');
      if (!found) return;
      if (found.users?.length) {
        const users = found.users.map((user) => user.slice(user.indexOf('projects/')));
        throw new CloudError('in-use', `Address ${found.address} is still used by ${users.join(', ')}.`, {
          remedy: 'Delete that first.',
        });
      }
      await unlessGone(
        connection.change('releasing the address', context, (on, requestId, options) =>
          on.addresses.delete({ project, region, address: name, requestId }, options),
        ),
      );
    },

    async list(owner, context) {
      const all = await connection.askAll('listing addresses', context, (on, options) =>
        on.addresses.listAsync({ project, region }, options),
      );
      return all.flatMap((one) => {
        const by = ownerIn(one.description);
        return by && within(by.owner, owner) ? [{ ...stateOf(one), owner: by.owner, key: by.key }] : [];
      });
    },
  };
}
