/** Limits of a project, small enough to be met in a lab and large enough for its work. */
import type { Operation } from '../state.ts';

export const QUOTA = {
  NETWORKS: 20,
  SUBNETWORKS: 100,
  FIREWALLS: 200,
  STATIC_ADDRESSES: 50,
  INSTANCES: 200,
} as const;

/** The error of an operation that met a limit. `where` is `globally` or `in region …`. */
export const exceeded = (what: keyof typeof QUOTA, where: string): NonNullable<Operation['error']> => ({
  code: 'QUOTA_EXCEEDED',
  message: exceededMessage(what, where),
  httpStatus: 403,
  httpMessage: 'FORBIDDEN',
});

export const exceededMessage = (what: keyof typeof QUOTA, where: string): string =>
  `Quota '${what}' exceeded.  Limit: ${QUOTA[what]}.0 ${where}.`;
