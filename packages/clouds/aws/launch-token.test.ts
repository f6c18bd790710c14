import { expect, it } from 'vitest';
import { launchToken } from './launch-token.ts';

const spec = {
  owner: { organizationId: 'o', networkId: 'n', clusterId: 'c' },
  key: 'instance/a',
  instanceType: 't3.small',
};

it('is short ASCII, the same for the same launch, another for any other', () => {
  const tokens = [
    launchToken(spec, 1, 0),
    launchToken(spec, 2, 0),
    launchToken(spec, 1, 1),
    launchToken({ ...spec, instanceType: 't3.large' }, 1, 0),
    launchToken({ ...spec, key: 'instance/b' }, 1, 0),
    launchToken({ ...spec, owner: { ...spec.owner, clusterId: 'd' } }, 1, 0),
  ];
  expect(new Set(tokens).size).toBe(tokens.length);
  expect(launchToken({ ...spec }, 1, 0)).toBe(tokens[0]);
  for (const token of tokens) expect(token).toMatch(/^[\x21-\x7e]{1,64}$/);
});
