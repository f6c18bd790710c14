/**
 * Every permission that the code of this folder uses, and no other, with what it is needed for; and which call needs
 * which, as Google's reference of each method says.
 */
import type { Permission } from '@skein/clouds/provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'dns.managedZones.list': 'find the zones of networks',
  'dns.managedZones.get': 'find a network’s zone',
  'dns.managedZones.create': 'make a network’s zones',
  'dns.managedZones.update': 'answer a private zone in exactly its networks',
  'dns.managedZones.delete': 'take a network’s zones away',
  'dns.networks.bindPrivateDNSZone': 'answer a private zone in a network',
  'dns.resourceRecordSets.list': 'read the records of a zone',
  'dns.resourceRecordSets.create': 'write the names of peers',
  'dns.resourceRecordSets.update': 'change the names of peers',
  'dns.resourceRecordSets.delete': 'remove the names of peers that left',
  'dns.changes.create': 'write and remove names in batches',
  'dns.changes.get': 'wait until a change is answered everywhere',
};

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));

const OF_CALL: Readonly<Record<string, readonly string[]>> = {
  'managedZones.create': ['dns.managedZones.create', 'dns.networks.bindPrivateDNSZone'],
  'managedZones.patch': ['dns.managedZones.update', 'dns.networks.bindPrivateDNSZone'],
  'changes.create': [
    'dns.changes.create',
    'dns.resourceRecordSets.create',
    'dns.resourceRecordSets.update',
    'dns.resourceRecordSets.delete',
  ],
};

/** @param call service and method, as in `dns:changes.create` */
export function permissionsOfCall(call: string): readonly string[] {
  const [service, method = ''] = call.split(':');
  return service === 'dns' ? (OF_CALL[method] ?? [`dns.${method}`]) : [];
}
