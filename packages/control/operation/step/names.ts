import { createHash } from 'node:crypto';
import { namesOf } from '@skein/mesh/name/view.ts';
import { peeredWith, type Snapshot } from '@skein/mesh/network.ts';

/** Equal where the hosted zones of two snapshots hold the same records. */
export function recordsDigest(snapshot: Snapshot): string {
  const names = [...snapshot.parts].map(([id, part]) => [
    id,
    namesOf(part, snapshot.network.zone),
    peeredWith(snapshot, part).map((other) => other.cluster.id),
  ]);
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}
