/** What the inside is told to stand up, and what it tells back. */
import { join } from 'node:path';
import { Port } from '@skein/contract/primitive.ts';
import { z } from 'zod';

export const Stand = z.object({
  /** Holds everything of this stand: database, lab, keys, logs. */
  directory: z.string(),
  lab: z.boolean(),
  ports: z.object({ web: Port, coordinator: Port, postgres: Port }),
  /** A Postgres of the user's own; null: one of ours, in `directory`. */
  databaseUrl: z.string().nullable(),
  /** A Redis for the queue; null: the queue lives in Postgres. */
  redisUrl: z.string().nullable(),
  /** As a browser reaches the dashboard. */
  publicUrl: z.url(),
  /** As nodes reach the coordinator. */
  coordinatorUrl: z.url(),
  /**
   * What machines of the lab install Kubernetes from: a folder that they see as `/opt/lab`, and the address of k3s's
   * installer on them. Null: they have none.
   */
  kubernetes: z.object({ programs: z.string(), installer: z.url() }).nullable(),
  /** Run once everything is ready; its end is the stand's end, its exit code the stand's. Null: serve until told to end. */
  errand: z.array(z.string()).min(1).nullable(),
});
export type Stand = z.infer<typeof Stand>;

/** What `stand.json` says once it is known; `admission.ts` leads on from there. */
export const Standing = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true) }),
  z.object({ ready: z.literal(false), problem: z.string() }),
]);
export type Standing = z.infer<typeof Standing>;

/** Where a door's two halves meet. */
export const doorSocket = (stand: Stand, name: string) => join(stand.directory, `${name}.door`);
