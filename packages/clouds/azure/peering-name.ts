/**
 * What a half of a peering is called. It takes no tags, and may hang on a network that is not ours; so its name alone
 * says whose it is, within the 80 characters that Azure allows. Pure.
 */
import { createHash } from 'node:crypto';
import { CloudError, type Keyed } from '../provider.ts';

const KEY = 'peering/';

const mark = (organizationId: string) =>
  createHash('sha256').update(organizationId).digest('hex').slice(0, 8);
/** `clu_4k2m…` without what every id of its kind begins with. */
const bare = (id: string, prefix: string) => (id.startsWith(prefix) ? id.slice(prefix.length) : '');

/** @throws CloudError `invalid` for ids that no entity of ours has. */
export function peeringName({ owner, key }: Keyed): string {
  const parts = [
    bare(owner.networkId, 'net_'),
    bare(owner.clusterId, 'clu_'),
    key.startsWith(KEY) ? bare(key.slice(KEY.length), 'clu_') : '',
  ];
  if (!parts.every((part) => /^[0-9a-z]{1,21}$/.test(part))) {
    throw new CloudError('invalid', `“${key}” of ${owner.networkId} ${owner.clusterId} names no peering.`);
  }
  return ['skein', ...parts, mark(owner.organizationId)].join('-');
}

const NAME = /^skein-([0-9a-z]+)-([0-9a-z]+)-([0-9a-z]+)-([0-9a-f]{8})$/;

/** Whose the half of this name is, if it is of the organization. */
export function peeringIn(name: string | undefined, organizationId: string): Keyed | undefined {
  const [, network, near, far, by] = NAME.exec(name ?? '') ?? [];
  if (!network || !near || !far || by !== mark(organizationId)) return undefined;
  const owner = { organizationId, networkId: `net_${network}`, clusterId: `clu_${near}` };
  return { owner, key: `${KEY}clu_${far}` };
}
