/** Refusals of the network resource provider that several kinds share. */
import { ArmError } from '../wire/error.ts';

/** @param holders ids of what stands in the way; they are in the message too, for that is what people read */
export const inUse = (code: string, message: string, holders: readonly string[]): ArmError =>
  new ArmError(400, code, message, {
    details: holders.map((id) => ({ code: 'ResourceInUse', message: id })),
  });

export const invalidReference = (id: string, by: string): ArmError =>
  new ArmError(
    400,
    'InvalidResourceReference',
    `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );

/** What a resource refers to must be ready. */
export const notProvisioned = (id: string, by: string): ArmError =>
  new ArmError(
    409,
    'ReferencedResourceNotProvisioned',
    `Cannot proceed with operation because resource ${id} used by resource ${by} is not in Succeeded state. Resource is in Updating state.`,
    { retryAfterSeconds: 1 },
  );

export const quotaReached = (code: string, what: string, limit: number, location: string | null): ArmError =>
  new ArmError(
    400,
    code,
    `Cannot create more than ${limit} ${what} for this subscription in region ${location ?? 'global'}.`,
  );
