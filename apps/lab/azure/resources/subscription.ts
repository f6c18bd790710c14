/** Subscriptions, their locations, and what the caller may do in them. */
import { API_VERSIONS, LOCATIONS } from '../catalog.ts';
import type { AzureAccount } from '../entra/account.ts';
import { OWNER, type Permissions } from '../entra/trust-state.ts';
import { type Endpoint, endpoint } from '../pipeline.ts';
import { groupOf } from '../resource.ts';
import { page } from '../wire/page.ts';

const ROOT = ['subscriptions', ':subscription'];

/**
 * @param permissionsOf what was granted to an account; undefined for all
 * @param known every action there is: what a fault denies is told as not permitted
 */
export const subscriptions = (
  permissionsOf: (account: AzureAccount) => Permissions | undefined,
  known: () => readonly string[],
): readonly Endpoint[] => {
  const permissions = (pattern: readonly string[]): Endpoint =>
    endpoint({
      method: 'GET',
      pattern: [...pattern, 'providers', 'Microsoft.Authorization', 'permissions'],
      action: 'Microsoft.Authorization/permissions/read',
      apiVersions: API_VERSIONS.authorization,
      changes: false,
      handle(call) {
        if (call.params.group !== undefined) groupOf(call);
        const { actions, notActions } = permissionsOf(call.account) ?? OWNER;
        const denied = known().filter((action) => call.passage.denies(action));
        const value = [
          { actions, notActions: [...notActions, ...denied], dataActions: [], notDataActions: [] },
        ];
        return { status: 200, body: page(value, () => 'role', call.url) };
      },
    });
  return [
    permissions(ROOT),
    permissions([...ROOT, 'resourceGroups', ':group']),
    endpoint({
      method: 'GET',
      pattern: ['subscriptions'],
      action: 'Microsoft.Resources/subscriptions/read',
      apiVersions: API_VERSIONS.resources,
      changes: false,
      handle: (call) => ({ status: 200, body: { value: [showSubscription(call.account)] } }),
    }),
    endpoint({
      method: 'GET',
      pattern: ROOT,
      action: 'Microsoft.Resources/subscriptions/read',
      apiVersions: API_VERSIONS.resources,
      changes: false,
      handle: (call) => ({ status: 200, body: showSubscription(call.account) }),
    }),
    endpoint({
      method: 'GET',
      pattern: [...ROOT, 'locations'],
      action: 'Microsoft.Resources/subscriptions/locations/read',
      apiVersions: API_VERSIONS.resources,
      changes: false,
      handle: (call) => ({
        status: 200,
        body: {
          value: LOCATIONS.map(({ name, displayName }) => ({
            id: `/subscriptions/${call.account.subscriptionId}/locations/${name}`,
            name,
            type: 'Region',
            displayName,
            regionalDisplayName: displayName,
            metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
          })),
        },
      }),
    }),
  ];
};

const showSubscription = ({ subscriptionId, subscriptionName, tenantId }: AzureAccount) => ({
  id: `/subscriptions/${subscriptionId}`,
  subscriptionId,
  tenantId,
  displayName: subscriptionName,
  state: 'Enabled',
  subscriptionPolicies: { spendingLimit: 'Off' },
  authorizationSource: 'RoleBased',
});
