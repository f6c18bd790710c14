/** The network interface of an instance: its firewall, its addresses, and whether it forwards. A part of the instance. */
import type { NetworkInterface } from '@azure/arm-network';
import { type CallContext, CloudError, type InstanceSpec, type Keyed } from '../provider.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, remove, type Subject } from './ensure.ts';
import { groupNameFor, nameFor, ownName, sameId } from './names.ts';
import { isOf, ownerTags } from './tags.ts';

export const INTERFACE = 'interface';
const TYPE = 'Microsoft.Network/networkInterfaces';

export function interfaceSubject(
  connection: Connection,
  at: Keyed,
  context: CallContext,
): Subject<'network', NetworkInterface> & { group: string; name: string } {
  const group = groupNameFor(at.owner);
  const name = `${nameFor(at.key)}-nic`;
  return {
    family: 'network',
    group,
    name,
    what: `the network interface of ${ownName(at.key)} in ${group}`,
    id: connection.id(group, TYPE, name),
    get: () =>
      connection.askUnlessGone('network', 'reading the network interface', context, (on, o) =>
        on.networkInterfaces.get(group, name, o),
      ),
    ours: (one) => isOf(one.tags, at, INTERFACE),
  };
}

/**
 * Finds, makes or changes it, also under a running instance.
 * @param address its public address by id, null for none, and how to see to what the interface stands on: that address.
 * @throws CloudError `invalid` where the spec asks for more than one group: an interface takes one.
 */
export function ensureInterface(
  connection: Connection,
  spec: InstanceSpec,
  address: { id: string | null; ground: () => Promise<{ changed: boolean }> },
  context: CallContext,
): Promise<{ one: NetworkInterface; changed: boolean }> {
  const [firewall, ...more] = spec.firewalls;
  if (!firewall || more.length > 0 || firewall.more.length > 0) {
    throw new CloudError(
      'invalid',
      `Azure puts one network security group on an interface, not ${spec.firewalls.length}.`,
    );
  }
  const { id: addressId, ground } = address;
  const forwards = spec.role === 'gateway';
  const right = (one: NetworkInterface) => {
    const place = one.ipConfigurations?.[0];
    return (
      !failed(one) &&
      (one.enableIPForwarding === true) === forwards &&
      sameId(one.networkSecurityGroup?.id, firewall.externalId) &&
      (addressId === null ? !place?.publicIPAddress : sameId(place?.publicIPAddress?.id, addressId)) &&
      sameId(place?.subnet?.id, spec.network.subnetId)
    );
  };
  const subject = interfaceSubject(connection, spec, context);
  return ensure(
    connection,
    subject,
    {
      ground,
      right,
      put: (found) => (on, o) =>
        on.networkInterfaces.createOrUpdate(
          subject.group,
          subject.name,
          {
            location: connection.region,
            tags: { ...found?.tags, ...ownerTags(spec, spec.name, INTERFACE) },
            enableIPForwarding: forwards,
            networkSecurityGroup: { id: firewall.externalId },
            ipConfigurations: [
              {
                name: found?.ipConfigurations?.[0]?.name ?? 'main',
                primary: true,
                privateIPAllocationMethod: 'Dynamic',
                subnet: { id: spec.network.subnetId },
                ...(addressId === null
                  ? {}
                  : {
                      publicIPAddress: {
                        id: addressId,
                        // A reserved address outlives its instance; a passing one does not.
                        deleteOption: spec.address === null ? 'Delete' : 'Detach',
                      },
                    }),
              },
            ],
          },
          o,
        ),
    },
    context,
  );
}

export function removeInterface(connection: Connection, at: Keyed, context: CallContext): Promise<void> {
  const subject = interfaceSubject(connection, at, context);
  return remove(
    connection,
    subject,
    (on, o) => on.networkInterfaces.delete(subject.group, subject.name, o),
    context,
  );
}
