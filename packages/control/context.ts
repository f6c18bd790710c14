/**
 * What every verb of this room gets first: the database, who asks, the time, randomness and keys.
 * Every query is scoped to `actor.organizationId`.
 */
import type { AwsKeys } from '@skein/contract/rest/account.ts';
import type { Database } from '@skein/database/client.ts';
import type { Sealer } from './secret/sealer.ts';

export type Actor =
  | { kind: 'user'; id: string; organizationId: string }
  | { kind: 'token'; id: string; organizationId: string }
  | { kind: 'system'; id: string; organizationId: string };

/** Who this installation is, towards clouds that trust it instead of holding out a key to it. */
export interface Platform {
  /** Where the dashboard is reached, without a slash at the end: the issuer of Skein's tokens. Null where there is none. */
  publicUrl: string | null;
  /** Skein's own keys at AWS, by which roles are assumed. */
  aws: AwsKeys | null;
  /** Where nodes fetch the install script of k3s, where not from its makers. */
  k3sInstaller?: string;
}

export interface Context {
  database: Database;
  actor: Actor;
  now: () => Date;
  random: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  sealer: Sealer;
  platform: Platform;
  /** Base URL of the coordinator as nodes reach it: `/install.sh` and the agents' channel are below it. */
  coordinatorUrl: string;
  /** Wakes workers for an operation; losing a wake-up loses no work. */
  wake: (operation: { organizationId: string; operationId: string }) => Promise<void>;
}
