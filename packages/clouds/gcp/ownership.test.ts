import { expect, describe as group, it } from 'vitest';
import { describe, isOf, labelsFor, nameFor, ownerIn } from './ownership.ts';

const at = {
  owner: { organizationId: 'org_1', networkId: 'net_2', clusterId: 'clu_3' },
  key: 'firewall/a-name-that-is-longer-than-fits-in-here',
};

group('names', () => {
  it.each(['network', 'firewall/gateway', 'instance/Node.2', 'address/-', at.key])(
    'of %s are what Google takes',
    (key) => {
      expect(nameFor({ ...at, key })).toMatch(/^[a-z][a-z0-9-]{0,46}[a-z0-9]$/);
      expect(nameFor({ ...at, key })).not.toContain('--');
    },
  );

  it('differ with each part of the owner and with the key', () => {
    const names = [
      nameFor(at),
      nameFor({ ...at, key: 'firewall/a-name-that-is-longer-than-fits-in-there' }),
      nameFor({ ...at, owner: { ...at.owner, clusterId: 'clu_4' } }),
      nameFor({ ...at, owner: { ...at.owner, networkId: 'net_4' } }),
      nameFor({ ...at, owner: { ...at.owner, organizationId: 'org_4' } }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});

group('descriptions', () => {
  it('are read as they were written', () => {
    expect(ownerIn(describe(at, 'us-central1', 'a | b'))).toEqual({
      ...at,
      region: 'us-central1',
      note: 'a | b',
    });
    expect(isOf(describe(at, 'us-central1', ''), at)).toBe(true);
  });

  it.each([undefined, null, '', 'skein', 'my own network', 'skein organization=org_1 network=net_2'])(
    'such as %j are not ours',
    (text) => {
      expect(ownerIn(text)).toBeUndefined();
      expect(isOf(text, at)).toBe(false);
    },
  );

  it('of another cluster or key are not this one’s', () => {
    expect(isOf(describe({ ...at, key: 'network' }, 'r', ''), at)).toBe(false);
    expect(isOf(describe({ ...at, owner: { ...at.owner, clusterId: 'clu_9' } }, 'r', ''), at)).toBe(false);
  });
});

group('labels', () => {
  it('hold only what Google takes', () => {
    for (const value of Object.values(labelsFor(at, 'Döner gw.1')))
      expect(value).toMatch(/^[a-z0-9_-]{0,63}$/);
  });
});
