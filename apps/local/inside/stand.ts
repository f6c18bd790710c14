/** What the inside is told to stand up, and what it tells back. */
import { join } from 'node:path';
import { z } from 'zod';

export const Stand = z.object({
  /** Holds everything of this stand: database, lab, keys, logs. */
  directory: z.string(),
  lab: z.boolean(),
  /** As a browser reaches the dashboard. */
  publicUrl: z.url(),
  /** As nodes reach the coordinator. */
  coordinatorUrl: z.url(),
  /** Run once everything is ready; its end is the stand's end, its exit code the stand's. Null: serve until told to end. */
  errand: z.array(z.string()).min(1).nullable(),
});
export type Stand = z.infer<typeof Stand>;

export const Standing = z.discriminatedUnion('ready', [
  z.object({
    ready: z.literal(true),
    /** Secret of the one-time set-up link, or null when set-up has been done. */
    setupLink: z.string().nullable(),
    /** API token of this command, for the demo and the prover. */
    token: z.string(),
  }),
  z.object({ ready: z.literal(false), problem: z.string() }),
]);
export type Standing = z.infer<typeof Standing>;

/** Where a door's two halves meet. */
export const doorSocket = (stand: Stand, name: string) => join(stand.directory, `${name}.door`);
