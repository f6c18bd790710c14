import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CloudError } from '../provider.ts';
import { peeringIn, peeringName } from './peering-name.ts';

const id = (prefix: string) => fc.stringMatching(/^[0-9a-z]{20}$/).map((rest) => `${prefix}_${rest}`);

it('is a name that Azure takes, and tells whose it is', () => {
  fc.assert(
    fc.property(id('org'), id('net'), id('clu'), id('clu'), (organizationId, networkId, clusterId, far) => {
      const at = { owner: { organizationId, networkId, clusterId }, key: `peering/${far}` };
      const name = peeringName(at);
      expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,78}[a-z0-9]$/);
      expect(peeringIn(name, organizationId)).toEqual(at);
      expect(peeringIn(name, `${organizationId}x`)).toBeUndefined();
    }),
  );
});

it('is not read out of other names, nor made of what is no peering', () => {
  for (const name of [undefined, '', 'skein', 'to-hub', 'skein-a-b-c-d'])
    expect(peeringIn(name, 'org_1')).toBeUndefined();
  const owner = { organizationId: 'org_1', networkId: 'net_1', clusterId: 'clu_1' };
  for (const key of ['network', 'peering/', 'peering/a/b', `peering/clu_${'x'.repeat(30)}`])
    expect(() => peeringName({ owner, key })).toThrow(CloudError);
});
