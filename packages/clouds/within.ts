import type { Owner } from './provider.ts';

/** Whether an owner is the one asked for, or one of several where ids are left out. */
export function within(owner: Owner, asked: Partial<Owner> & { organizationId: string }): boolean {
  return (
    owner.organizationId === asked.organizationId &&
    (asked.networkId === undefined || owner.networkId === asked.networkId) &&
    (asked.clusterId === undefined || owner.clusterId === asked.clusterId)
  );
}
