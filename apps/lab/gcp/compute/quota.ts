/** Limits of a project and of its regions, small enough to be met in a lab and large enough for its work. */
import { MACHINE_TYPES, regionOf } from '../catalog.ts';
import type { Operation, Project } from '../state.ts';

export const QUOTA = {
  NETWORKS: 20,
  SUBNETWORKS: 100,
  FIREWALLS: 200,
  STATIC_ADDRESSES: 50,
  INSTANCES: 200,
  CPUS: 500,
} as const;
export type QuotaName = keyof typeof QUOTA;

/** What a call knows of quotas. */
interface Limited {
  limitOf(quota: QuotaName): number;
}

/** The error of an operation that met a limit. `where` is `globally` or `in region …`. */
export const exceeded = (call: Limited, what: QuotaName, where: string): NonNullable<Operation['error']> => ({
  code: 'QUOTA_EXCEEDED',
  message: exceededMessage(call, what, where),
  httpStatus: 403,
  httpMessage: 'FORBIDDEN',
});

export const exceededMessage = (call: Limited, what: QuotaName, where: string): string =>
  `Quota '${what}' exceeded.  Limit: ${call.limitOf(what)}.0 ${where}.`;

/** What a region holds of what is counted there. */
export function usedIn(
  project: Project,
  region: string,
): Record<'STATIC_ADDRESSES' | 'INSTANCES' | 'CPUS', number> {
  const instances = Object.values(project.instances).filter((each) => regionOf(each.zone) === region);
  return {
    STATIC_ADDRESSES: Object.values(project.addresses).filter((each) => each.region === region).length,
    INSTANCES: instances.length,
    CPUS: instances.reduce((sum, each) => sum + cpusOf(each.machineType), 0),
  };
}

export const cpusOf = (machineType: string): number =>
  MACHINE_TYPES.find((each) => each.name === machineType)?.guestCpus ?? 0;
