/**
 * Names of peerings' halves: `skein-<cluster>-<other cluster>-<hash of organization and network>`, 62 of Google's 63
 * characters. Both clusters can be read from it, and the hash tells whose they are. Pure.
 */
import { createHash } from 'node:crypto';
import { CloudError, type Keyed } from '../provider.ts';

const PLAIN = /^clu_([0-9a-z]{20})$/;
const NAME = /^skein-([0-9a-z]{20})-([0-9a-z]{20})-([0-9a-f]{14})$/;

interface Whose {
  organizationId: string;
  networkId: string;
}

const hashOf = ({ organizationId, networkId }: Whose) =>
  createHash('sha256')
    .update(JSON.stringify([organizationId, networkId]))
    .digest('hex')
    .slice(0, 14);

/** @throws CloudError `invalid` where the key does not name another cluster. */
export function peeringName({ owner, key }: Keyed): string {
  const near = PLAIN.exec(owner.clusterId)?.[1];
  const far = PLAIN.exec(key.replace(/^peering\//, ''))?.[1];
  if (!near || !far) throw new CloudError('invalid', `“${key}” of ${owner.clusterId} names no peering.`);
  return `skein-${near}-${far}-${hashOf(owner)}`;
}

/** The half that a name speaks of, where it is of this organization and network; else undefined. */
export function halfIn(name: string, whose: Whose | undefined): Keyed | undefined {
  const [, near, far, hash] = NAME.exec(name) ?? [];
  if (!near || !far || !whose || hash !== hashOf(whose)) return undefined;
  const { organizationId, networkId } = whose;
  return { owner: { organizationId, networkId, clusterId: `clu_${near}` }, key: `peering/clu_${far}` };
}
