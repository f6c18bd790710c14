/** Names of the types of resources that refer to each other. */
export const VNET = 'Microsoft.Network/virtualNetworks';
export const SUBNET = 'Microsoft.Network/virtualNetworks/subnets';
export const PEERING = 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings';
export const NSG = 'Microsoft.Network/networkSecurityGroups';
export const RULE = 'Microsoft.Network/networkSecurityGroups/securityRules';
export const PUBLIC_ADDRESS = 'Microsoft.Network/publicIPAddresses';
export const NIC = 'Microsoft.Network/networkInterfaces';
export const PRIVATE_ZONE = 'Microsoft.Network/privateDnsZones';
export const ZONE_LINK = 'Microsoft.Network/privateDnsZones/virtualNetworkLinks';
export const ZONE = 'Microsoft.Network/dnsZones';
export const MACHINE = 'Microsoft.Compute/virtualMachines';
export const DISK = 'Microsoft.Compute/disks';
export const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities';
