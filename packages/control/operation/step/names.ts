import { createHash } from 'node:crypto';
import { namesOf } from '@skein/mesh/name/view.ts';
import type { Snapshot } from '@skein/mesh/network.ts';

/** Equal where the hosted zones of two snapshots hold the same records. */
export function recordsDigest(snapshot: Snapshot): string {
  const names = [...snapshot.parts].map(([id, part]) => [id, namesOf(part, snapshot.network.zone)]);
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}
