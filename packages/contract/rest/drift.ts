/** Drift: what the clouds hold and what they should, as the REST API speaks of it. */
import { z } from 'zod';
import { AccountProvider } from '../primitive.ts';
import { ResourceKind } from './network.ts';

const Time = z.iso.datetime();

/** Who changed a resource last, where the cloud tells. */
export const LastChange = z.object({ who: z.string(), action: z.string(), at: Time });
export type LastChange = z.infer<typeof LastChange>;

/**
 * One thing found different. `missing`: in our books, not in the cloud. `changed`: there, but not as it should be.
 * `orphan`: it carries our tag and is not in our books.
 */
export const DriftFinding = z.object({
  id: z.string(),
  networkId: z.string().nullable().describe('Null for an orphan whose network is not known'),
  clusterId: z.string().nullable(),
  cloudAccountId: z.string(),
  provider: AccountProvider,
  region: z.string(),
  kind: ResourceKind,
  key: z.string(),
  externalId: z.string().nullable(),
  what: z.enum(['missing', 'changed', 'orphan']),
  differences: z.array(z.object({ field: z.string(), expected: z.string(), found: z.string() })),
  changedBy: LastChange.nullable(),
  state: z.enum(['open', 'healing', 'healed', 'dismissed', 'gone']),
  foundAt: Time,
  endedAt: Time.nullable(),
  operationId: z.string().nullable().describe('The operation that mends it'),
});
export type DriftFinding = z.infer<typeof DriftFinding>;

/** What one look at a network or an account found. */
export const DriftCheck = z.object({
  checkedAt: Time,
  findings: z.array(DriftFinding).describe('All that stand now'),
  unseen: z
    .array(z.object({ where: z.string(), reason: z.string() }))
    .describe('What could not be looked at; nothing is known of it'),
});
export type DriftCheck = z.infer<typeof DriftCheck>;
