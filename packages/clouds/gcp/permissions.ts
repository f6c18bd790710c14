/**
 * Every permission that the code of this folder uses, and no other, with what it is needed for; and which call needs
 * which, as Google's reference of each method says. Cloud DNS's stand beside its code, in
 * `packages/dns/cloud-dns/permissions.ts`.
 */
import type { Permission } from '../provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'compute.networks.get': 'find the networks of clusters',
  'compute.networks.list': 'find what is left of networks',
  'compute.networks.create': 'make a cluster’s network',
  'compute.networks.delete': 'take a cluster’s network away',
  'compute.networks.addPeering': 'join the networks of two clusters',
  'compute.networks.removePeering': 'part the networks of two clusters',
  'compute.networks.listPeeringRoutes': 'see whether a peering carries its routes',
  'compute.networks.updatePolicy': 'put subnetworks and firewall rules into a network',
  'compute.subnetworks.get': 'find the subnetworks of clusters',
  'compute.subnetworks.create': 'make a cluster’s subnetwork',
  'compute.subnetworks.delete': 'take a cluster’s subnetwork away',
  'compute.subnetworks.use': 'put nodes into a subnetwork',
  'compute.subnetworks.useExternalIp': 'give nodes a way to the internet',
  'compute.firewalls.get': 'read a firewall rule',
  'compute.firewalls.list': 'read the rules that hold',
  'compute.firewalls.create': 'let peers in',
  'compute.firewalls.update': 'let in exactly those who are peers now',
  'compute.firewalls.delete': 'take firewall rules away',
  'compute.addresses.get': 'find reserved addresses',
  'compute.addresses.list': 'find what is left of addresses',
  'compute.addresses.create': 'reserve a gateway’s public address',
  'compute.addresses.use': 'give a gateway its public address',
  'compute.addresses.delete': 'give a public address back',
  'compute.instances.get': 'find nodes',
  'compute.instances.list': 'find what is left of nodes',
  'compute.instances.create': 'make nodes',
  'compute.disks.create': 'make the disks of nodes',
  'compute.instances.setMetadata': 'give a node its start-up script',
  'compute.instances.setLabels': 'mark a node as this organization’s',
  'compute.instances.setTags': 'put a node under its firewall rules',
  'compute.instances.addAccessConfig': 'give a gateway back an address that was taken off it',
  'compute.instances.deleteAccessConfig': 'take a wrong address off a gateway',
  'compute.instances.start': 'start a node that was stopped',
  'compute.instances.delete': 'take nodes away',
  'compute.globalOperations.get': 'wait for changes to networks and firewall rules',
  'compute.regionOperations.get': 'wait for changes to subnetworks and addresses',
  'compute.zoneOperations.get': 'wait for changes to nodes',
  'compute.globalOperations.list': 'say who changed a network or a firewall rule',
  'compute.regionOperations.list': 'say who changed an address',
  'compute.zoneOperations.list': 'say who changed a node',
  'compute.projects.get': 'know how many networks and firewall rules there may be',
  'compute.regions.get': 'know whether the region is up, and its quotas',
  'compute.machineTypes.get': 'know whether the zone has the machine type, and its vCPUs',
};

/** Added where nodes are given a service account, and only there. */
export const nodeIdentityPermissions: readonly Permission[] = [
  { action: 'iam.serviceAccounts.actAs', why: 'give nodes the service account that their cluster names' },
  { action: 'compute.instances.setServiceAccount', why: 'give nodes a service account' },
];

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));

/** The permissions that a call needs, where they are not one of the same name with `compute.` before it. */
const OF_CALL: Readonly<Record<string, readonly string[]>> = {
  'networks.insert': ['compute.networks.create'],
  'subnetworks.insert': ['compute.subnetworks.create', 'compute.networks.updatePolicy'],
  'subnetworks.delete': ['compute.subnetworks.delete', 'compute.networks.updatePolicy'],
  'firewalls.insert': ['compute.firewalls.create', 'compute.networks.updatePolicy'],
  'firewalls.update': ['compute.firewalls.update', 'compute.networks.updatePolicy'],
  'firewalls.delete': ['compute.firewalls.delete', 'compute.networks.updatePolicy'],
  'addresses.insert': ['compute.addresses.create'],
  'instances.insert': [
    'compute.instances.create',
    'compute.disks.create',
    'compute.subnetworks.use',
    'compute.subnetworks.useExternalIp',
    'compute.addresses.use',
    'compute.instances.setMetadata',
    'compute.instances.setLabels',
    'compute.instances.setTags',
  ],
  'instances.addAccessConfig': [
    'compute.instances.addAccessConfig',
    'compute.subnetworks.useExternalIp',
    'compute.addresses.use',
  ],
  'globalOperations.wait': ['compute.globalOperations.get'],
  'regionOperations.wait': ['compute.regionOperations.get'],
  'zoneOperations.wait': ['compute.zoneOperations.get'],
  // Debian's images are in a project of Google's that everybody may read.
  'images.getFromFamily': [],
};

/** @param call service and method, as in `compute:firewalls.insert` */
export function permissionsOfCall(call: string): readonly string[] {
  const [service, method = ''] = call.split(':');
  // Who may do nothing may still ask what it may do, and ask for tokens.
  if (service !== 'compute') return [];
  return OF_CALL[method] ?? [`compute.${method}`];
}
