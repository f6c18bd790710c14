/**
 * Every permission that the code of this folder uses, and no other, with what it is needed for. Those for resource
 * groups stand beside the code that makes them, in `packages/clouds/azure/permissions.ts`.
 */
import type { Permission } from '@skein/clouds/provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'Microsoft.Network/dnsZones/read': 'find a network’s public zone',
  'Microsoft.Network/dnsZones/write': 'make a network’s public zone',
  'Microsoft.Network/dnsZones/delete': 'take a network’s public zone away',
  'Microsoft.Network/dnsZones/recordsets/read': 'read the records of a public zone',
  'Microsoft.Network/dnsZones/A/write': 'write the names of peers',
  'Microsoft.Network/dnsZones/A/delete': 'remove the names of peers that left',
  'Microsoft.Network/dnsZones/TXT/write': 'mark names as Skein’s',
  'Microsoft.Network/dnsZones/TXT/delete': 'give names free again',
  'Microsoft.Network/dnsOperationStatuses/read': 'wait for the end of a public zone',
  'Microsoft.Network/privateDnsZones/read': 'find the private zones of clusters',
  'Microsoft.Network/privateDnsZones/write': 'make the private zones of clusters',
  'Microsoft.Network/privateDnsZones/delete': 'take the private zones of clusters away',
  'Microsoft.Network/privateDnsZones/ALL/read': 'read the records of a private zone',
  'Microsoft.Network/privateDnsZones/A/write': 'write the names of peers inside their cluster',
  'Microsoft.Network/privateDnsZones/A/delete': 'remove the names of peers that left',
  'Microsoft.Network/privateDnsZones/TXT/write': 'mark names as Skein’s',
  'Microsoft.Network/privateDnsZones/TXT/delete': 'give names free again',
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks/read':
    'know in which networks a private zone answers',
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks/write': 'answer a private zone in its network',
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks/delete': 'answer a private zone in no other network',
  'Microsoft.Network/virtualNetworks/join/action': 'link a private zone to a network',
};

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));
