import { describe, expect, it } from 'vitest';
import { peeringSteps, unpeerFromSteps, unpeeringSteps } from './peering.ts';
import { provisionSteps } from './provision.ts';
import { removeClusterSteps } from './remove.ts';

const cluster = (name: string) => ({
  id: `clu_${name}`,
  name,
  cloudAccountId: 'acc_1',
  peers: [{ name: 'gw-1', role: 'gateway' as const }],
});
const waits = (steps: { key: string; dependsOn: string[] }[]) =>
  Object.fromEntries(steps.map((step) => [step.key, step.dependsOn]));

describe('peering steps', () => {
  it('make both halves, then let the gateways in, then have them used', () => {
    expect(waits(peeringSteps([['a', 'b']], []))).toEqual({
      'a/peering-b': [],
      'a/firewall-peered': ['a/peering-b'],
      'b/firewall-peered': ['a/peering-b'],
      'a/use-peering-b': ['a/firewall-peered', 'b/firewall-peered'],
    });
    expect(peeringSteps([], [])).toEqual([]);
  });

  it('wait, in a provision, for VPCs and for the gateways that rules name; names and the last check wait for them', () => {
    const steps = waits(provisionSteps([cluster('a'), cluster('b')], false, [['a', 'b']]));
    expect(steps['a/peering-b']).toEqual(['a/network', 'b/network']);
    expect(steps['b/firewall-peered']).toEqual(['a/instances', 'b/instances', 'b/firewall', 'a/peering-b']);
    expect(steps.records).toContain('a/use-peering-b');
    expect(steps.verify).toContain('a/use-peering-b');
    for (const list of Object.values(steps)) for (const key of list) expect(steps).toHaveProperty([key]);
  });

  it('take every half back before the rules that let its gateways in', () => {
    expect(waits(unpeeringSteps(['a', 'b']))).toEqual({
      'a/unpeer': [],
      'b/unpeer': [],
      'a/firewall': ['a/unpeer', 'b/unpeer'],
      'b/firewall': ['a/unpeer', 'b/unpeer'],
    });
  });

  it('take the others’ halves back when a cluster goes, which is forgotten after that', () => {
    const [half] = unpeerFromSteps({ id: 'clu_b', name: 'b' }, ['a']);
    expect(half).toMatchObject({ key: 'a/unpeer-b', cluster: 'a', input: { keys: ['peering/clu_b'] } });
    const steps = removeClusterSteps(cluster('b'), [cluster('a')], ['a']);
    expect(waits(steps)['b/forget']).toContain('a/unpeer-b');
    const network = steps.find((step) => step.key === 'b/delete-network');
    expect(network?.input.kinds).toEqual(['peering', 'network']);
  });
});
