/** Every permission that the code of this folder uses, and no other, with what it is needed for. */
import type { Permission } from '../provider.ts';

export const permissions: readonly Permission[] = [
  {
    action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
    why: 'find the resource group of a cluster',
  },
  {
    action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
    why: 'make the resource group of a cluster',
  },
  {
    action: 'Microsoft.Resources/subscriptions/resourceGroups/delete',
    why: 'take the resource group away with its cluster',
  },
];
