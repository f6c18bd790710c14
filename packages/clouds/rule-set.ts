/** Firewall rules as single permissions, and what has to change between two sets of them. Pure. */
import { CloudError, type FirewallRule } from './provider.ts';

/** One protocol, one port range, one source. */
export interface Permission {
  protocol: 'udp' | 'tcp';
  fromPort: number;
  toPort: number;
  cidr: string;
  description: string;
}

/** Two permissions with the same identity let the same packets in, whatever they are described as. */
export const identityOf = (one: Omit<Permission, 'description'>) =>
  `${one.protocol} ${one.fromPort}-${one.toPort} ${one.cidr}`;

/** Rules taken apart, each permission once, sorted. @throws CloudError `invalid` for a source that is the whole world. */
export function permissionsOf(rules: readonly FirewallRule[]): Permission[] {
  const found = new Map<string, Permission>();
  for (const { protocol, fromPort, toPort, cidrs, description } of rules) {
    for (const cidr of cidrs) {
      if (cidr.endsWith('/0')) {
        throw new CloudError(
          'invalid',
          `A rule for ${protocol} ${fromPort}-${toPort} would open it to the world.`,
        );
      }
      const one = { protocol, fromPort, toPort, cidr, description };
      if (!found.has(identityOf(one))) found.set(identityOf(one), one);
    }
  }
  return [...found.values()].sort((a, b) => (identityOf(a) < identityOf(b) ? -1 : 1));
}

/** Permissions put together: one rule a protocol and port range, with sorted sources; the first description stays. */
export function rulesOf(permissions: readonly Permission[]): FirewallRule[] {
  const groups = new Map<string, Permission[]>();
  for (const one of permissions) {
    const group = identityOf({ ...one, cidr: '' });
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, members]) => {
      const first = members[0];
      if (!first) return [];
      const { protocol, fromPort, toPort, description } = first;
      const cidrs = [...new Set(members.map((one) => one.cidr))].sort();
      return [{ protocol, fromPort, toPort, cidrs, description }];
    });
}

/** What to take away and what to add so that `current` becomes `wanted`. */
export function permissionChanges(current: readonly Permission[], wanted: readonly Permission[]) {
  const has = new Set(current.map(identityOf));
  const wants = new Set(wanted.map(identityOf));
  return {
    revoke: current.filter((one) => !wants.has(identityOf(one))),
    authorize: wanted.filter((one) => !has.has(identityOf(one))),
  };
}
