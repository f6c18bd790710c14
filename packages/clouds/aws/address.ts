/** A reserved public address: an Elastic IP. */
import {
  type Address,
  AllocateAddressCommand,
  DescribeAddressesCommand,
  type Filter,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2';
import { findOrMakeOne } from '../only-one.ts';
import {
  type AddressSpec,
  type AddressState,
  type CallContext,
  CloudError,
  type Keyed,
  type Resource,
} from '../provider.ts';
import { ask, askUnlessGone, lookTwice, required } from './ask.ts';
import type { Connection } from './connection.ts';
import { filtersFor, filtersForOwner, keyedBy, taggedAs } from './tags.ts';

export function addresses({ ec2 }: Connection): Resource<AddressSpec, AddressState> {
  // This call has no pages.
  const addressesBy = async (filters: Filter[], context: CallContext) =>
    (
      await ask('listing addresses', context, (o) =>
        ec2.send(new DescribeAddressesCommand({ Filters: filters }), o),
      )
    ).Addresses ?? [];
  const identified = async (at: Keyed, context: CallContext) =>
    (await addressesBy(filtersFor(at), context)).map((one) => ({
      id: required(one.AllocationId, 'an allocation id'),
      one,
    }));
  const stateOf = (one: Address): AddressState => ({
    externalId: required(one.AllocationId, 'an allocation id'),
    address: required(one.PublicIp, 'an address'),
  });
  const release = (AllocationId: string, context: CallContext) =>
    askUnlessGone('releasing the address', context, (o) =>
      ec2.send(new ReleaseAddressCommand({ AllocationId }), o),
    );

  return {
    async observe(at, context) {
      const [found] = (await identified(at, context)).sort((a, b) => (a.id < b.id ? -1 : 1));
      return found && stateOf(found.one);
    },

    async reconcile(spec, context) {
      const { one } = await findOrMakeOne(
        {
          what: 'the address',
          find: () => identified(spec, context),
          make: async () => {
            const made = await ask('reserving an address', context, (o) =>
              ec2.send(
                new AllocateAddressCommand({
                  Domain: 'vpc',
                  TagSpecifications: taggedAs('elastic-ip', spec, spec.name),
                }),
                o,
              ),
            );
            return required(made.AllocationId, 'an allocation id');
          },
          undo: async (id) => void (await release(id, context)),
        },
        context,
      );
      return stateOf(one);
    },

    async delete(at, context) {
      for (const { id, one } of await lookTwice(() => identified(at, context), context)) {
        if (one.AssociationId) {
          const holder = one.InstanceId
            ? `instance ${one.InstanceId}`
            : `network interface ${one.NetworkInterfaceId}`;
          throw new CloudError('in-use', `Address ${one.PublicIp} is still used by ${holder}.`, {
            remedy: 'Delete that first.',
          });
        }
        await release(id, context);
      }
    },

    async list(owner, context) {
      return (await addressesBy(filtersForOwner(owner), context)).flatMap((one) => {
        const at = keyedBy(one.Tags);
        return at ? [{ ...stateOf(one), ...at }] : [];
      });
    },
  };
}
