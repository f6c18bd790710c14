import { expect, it } from 'vitest';
import { within } from './within.ts';

const owner = { organizationId: 'org_1', networkId: 'net_1', clusterId: 'clu_1' };

it.each([
  [{ organizationId: 'org_1' }, true],
  [owner, true],
  [{ organizationId: 'org_1', networkId: 'net_1' }, true],
  [{ organizationId: 'org_2' }, false],
  [{ organizationId: 'org_1', networkId: 'net_2' }, false],
  [{ organizationId: 'org_1', clusterId: 'clu_2' }, false],
])('an owner asked for by %o is found: %s', (asked, found) => {
  expect(within(owner, asked)).toBe(found);
});
