/** What an application may do and whom it trusts: set through the lab's control API, kept over its restarts. */
import type { Section, Store } from '../../store/store.ts';
import type { Federation } from './assertion.ts';

export interface Permissions {
  /** Action patterns such as `Microsoft.Network/virtualNetworks/*` or `*`. */
  actions: string[];
  notActions: string[];
}

export interface EntraState {
  /** By subscription; those not named trust their secret only. */
  federations: Record<string, Federation | null>;
  /** By subscription; those not named own it. */
  permissions: Record<string, Permissions>;
}

export const openEntraState = (store: Store): Section<EntraState> =>
  store.section('azure-entra', (): EntraState => ({ federations: {}, permissions: {} }));

export const OWNER: Permissions = { actions: ['*'], notActions: [] };

/** Whether the action is among the permissions; patterns have `*` for anything, and case does not matter. */
export const allows = (permissions: Permissions, action: string): boolean =>
  permissions.actions.some((pattern) => matches(pattern, action)) &&
  !permissions.notActions.some((pattern) => matches(pattern, action));

function matches(pattern: string, action: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(action);
}
