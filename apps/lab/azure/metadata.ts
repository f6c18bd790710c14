/** What a machine's metadata service answers: one document, of which callers ask for parts. */
import type { VirtualMachine } from './compute/virtual-machine.ts';
import { macOf, type NetworkInterface } from './network/network-interface.ts';
import type { Subnet } from './network/virtual-network.ts';
import type { Resource } from './state.ts';

/** The path of the document to its text, JSON. */
export function metadataOf(
  subscriptionId: string,
  vm: Resource<VirtualMachine>,
  nic: Resource<NetworkInterface>,
  subnet: Resource<Subnet>,
  publicAddress: string | null,
): Record<string, string> {
  const { image } = vm.properties;
  const [address = '', prefix = ''] = subnet.properties.prefix.split('/');
  const document = {
    compute: {
      azEnvironment: 'AzurePublicCloud',
      location: vm.location,
      name: vm.name,
      offer: image.offer,
      osType: 'Linux',
      publisher: image.publisher,
      resourceGroupName: vm.group,
      resourceId: vm.id,
      sku: image.sku,
      subscriptionId,
      tags: Object.entries(vm.tags)
        .map(([name, value]) => `${name}:${value}`)
        .join(';'),
      tagsList: Object.entries(vm.tags).map(([name, value]) => ({ name, value })),
      version: image.exactVersion,
      vmId: vm.guid,
      vmSize: vm.properties.size,
      // Never told, here as at Azure.
      customData: '',
      userData: '',
    },
    network: {
      interface: [
        {
          ipv4: {
            ipAddress: [
              { privateIpAddress: nic.properties.privateAddress, publicIpAddress: publicAddress ?? '' },
            ],
            subnet: [{ address, prefix }],
          },
          ipv6: { ipAddress: [] },
          macAddress: macOf(nic.properties.privateAddress).replaceAll(':', '').toUpperCase(),
        },
      ],
    },
  };
  return { '/metadata/instance': JSON.stringify(document) };
}
