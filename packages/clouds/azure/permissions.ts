/**
 * Every permission that the code of this folder uses, and no other, with what it is needed for. Azure DNS's stand beside
 * its code.
 */
import type { Permission } from '../provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'Microsoft.Resources/subscriptions/read': 'say which subscription it is',
  'Microsoft.Resources/subscriptions/resourceGroups/read': 'find the resource groups of clusters',
  'Microsoft.Resources/subscriptions/resourceGroups/write': 'make a cluster’s resource group',
  'Microsoft.Resources/subscriptions/resourceGroups/delete': 'take a cluster’s resource group away',
  'Microsoft.Resources/subscriptions/operationresults/read': 'wait for a resource group to be gone',
  'Microsoft.Resources/subscriptions/resourceGroups/resources/read':
    'see that nobody else’s is in a group before it goes',
  'Microsoft.Resources/subscriptions/providers/read': 'know whether compute and network are registered',
  'Microsoft.Authorization/permissions/read': 'know what is allowed before anything is made',
  'Microsoft.Network/virtualNetworks/read': 'find the virtual networks of clusters',
  'Microsoft.Network/virtualNetworks/write': 'make a cluster’s virtual network',
  'Microsoft.Network/virtualNetworks/delete': 'take a cluster’s virtual network away',
  'Microsoft.Network/virtualNetworks/subnets/read': 'see a virtual network’s subnet',
  'Microsoft.Network/virtualNetworks/subnets/write': 'mend a virtual network that lost its subnet',
  'Microsoft.Network/virtualNetworks/subnets/join/action': 'put nodes into a subnet',
  'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read': 'see whether networks are joined',
  'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write': 'join the networks of two clusters',
  'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete': 'part the networks of two clusters',
  'Microsoft.Network/virtualNetworks/peer/action': 'join the networks of two clusters',
  'Microsoft.Network/networkSecurityGroups/read': 'read the rules that hold',
  'Microsoft.Network/networkSecurityGroups/write': 'let in exactly those who are peers now',
  'Microsoft.Network/networkSecurityGroups/delete': 'take a network security group away',
  'Microsoft.Network/networkSecurityGroups/join/action': 'put nodes under their rules',
  'Microsoft.Network/publicIPAddresses/read': 'find public addresses',
  'Microsoft.Network/publicIPAddresses/write': 'reserve public addresses',
  'Microsoft.Network/publicIPAddresses/delete': 'give public addresses back',
  'Microsoft.Network/publicIPAddresses/join/action': 'give nodes their public addresses',
  'Microsoft.Network/networkInterfaces/read': 'find the addresses of nodes',
  'Microsoft.Network/networkInterfaces/write': 'make the interfaces of nodes',
  'Microsoft.Network/networkInterfaces/delete': 'take the interfaces of nodes away',
  'Microsoft.Network/networkInterfaces/join/action': 'give nodes their interfaces',
  'Microsoft.Network/locations/operations/read': 'wait for changes to the network',
  'Microsoft.Network/locations/operationResults/read': 'wait for changes to the network to end',
  'Microsoft.Network/locations/usages/read': 'know how many networks and addresses there may be',
  'Microsoft.Compute/virtualMachines/read': 'find nodes',
  'Microsoft.Compute/virtualMachines/write': 'make nodes',
  'Microsoft.Compute/virtualMachines/delete': 'take nodes away',
  'Microsoft.Compute/virtualMachines/start/action': 'start a node that was stopped',
  'Microsoft.Compute/disks/write': 'make the disks of nodes',
  'Microsoft.Compute/disks/delete': 'take the disks of nodes away with them',
  'Microsoft.Compute/locations/operations/read': 'wait for changes to nodes',
  'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read':
    'know whether the region has the image',
  'Microsoft.Compute/locations/usages/read': 'know how many nodes and vCPUs there may be',
  'Microsoft.Compute/skus/read': 'know whether the region has the instance type',
  'Microsoft.Insights/eventtypes/values/read': 'say who changed a resource',
};

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));

/** Added where nodes are given a managed identity, and only there. */
export const nodeIdentityPermissions: readonly Permission[] = [
  {
    action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
    why: 'give nodes the managed identity that their cluster names',
  },
];
