/** Azure misbehaving, by the lab's own faults: whatever happens on the way, one of each is made and none is left. */
import { connectCloud } from '@skein/clouds/registry.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { connectDns } from '@skein/dns/registry.ts';
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import { describe, expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { context, counts, newOwner, provision, remove } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

const LIMIT = { timeout: 240_000, concurrent: true };
const TYPE = 'Standard_B2s';
const VM_PUT = 'Microsoft.Compute/virtualMachines/write';

const cloudOf = (lab: PaperLab) =>
  connectCloud('azure', {
    credentials: lab.accounts.azure,
    endpoint: lab.azureUrl,
    region: 'westeurope',
    identity: NO_IDENTITY,
  });
async function withLab(work: (lab: PaperLab) => Promise<void>) {
  const lab = await startPaperLab();
  try {
    await work(lab);
  } finally {
    await lab.close();
  }
}
/** Changes of this name that Azure carried out. */
const carriedOut = (lab: PaperLab, action: string) =>
  lab.requests().filter((one) => one.action === action && one.status >= 200 && one.status < 300).length;
/** Everything that the lab holds, of whatever kind. */
const left = async (lab: PaperLab) => {
  const cloud = cloudOf(lab);
  const lists = [cloud.instances, cloud.addresses, cloud.firewalls, cloud.networks].map((kind) =>
    kind.list({ organizationId: 'org_faults' }, context()),
  );
  return (await Promise.all<unknown[]>(lists)).flat();
};

describe('Azure, when it misbehaves', LIMIT, () => {
  it.each<{ name: string; rule: FaultRuleInput; least: number }>([
    {
      name: 'the first answer of each change is lost',
      rule: { mutating: true, when: 'first-of-each', fault: { kind: 'lose-answer' } },
      least: 8,
    },
    {
      name: 'the first call of each kind is throttled',
      rule: { when: 'first-of-each', fault: { kind: 'throttle', retryAfterSeconds: 1 } },
      least: 12,
    },
    {
      name: 'the first call of each kind meets an error of Azure’s own',
      rule: { when: 'first-of-each', fault: { kind: 'error' } },
      least: 12,
    },
    { name: 'reads lag behind', rule: { mutating: false, fault: { kind: 'stale', seconds: 1 } }, least: 10 },
    {
      name: 'what was just made is not known yet to what uses it',
      rule: { mutating: true, fault: { kind: 'not-yet', seconds: 1 } },
      least: 3,
    },
  ])('$name: one of each is made, and all of it goes', ({ rule, least }) =>
    withLab(async (lab) => {
      const [owner, cloud] = [newOwner(), cloudOf(lab)];
      lab.faults.set([{ cloud: 'azure', ...rule }]);
      const made = await provision(cloud, owner, context(), TYPE);
      const making = lab.faults.bitten().total;
      lab.faults.clear();
      expect(await counts(cloud, owner)).toEqual([1, 1, 1, 1]);
      expect(await provision(cloudOf(lab), owner, context(), TYPE)).toEqual(made);
      expect(carriedOut(lab, VM_PUT)).toBe(1);
      lab.faults.set([{ cloud: 'azure', ...rule }]);
      await remove(cloud, owner, context());
      expect(making + lab.faults.bitten().total).toBeGreaterThanOrEqual(least);
      lab.faults.clear();
      expect(await left(lab)).toEqual([]);
    }),
  );

  // Resource group, virtual network, NSG, address, interface, instance.
  const CHANGES = [1, 2, 3, 4, 5, 6];
  it.each(CHANGES.flatMap((nth) => (['before', 'after'] as const).map((when) => ({ nth, at: when }))))(
    'a worker killed $at Azure carries out change $nth: the next one makes what is missing, nothing twice',
    ({ nth, at }) =>
      withLab(async (lab) => {
        const owner = newOwner();
        const killed = new AbortController();
        lab.faults.onHold(() => killed.abort(new Error('killed')));
        lab.faults.set([{ cloud: 'azure', mutating: true, when: { nth }, fault: { kind: 'hold', at } }]);
        await expect(provision(cloudOf(lab), owner, context(killed.signal), TYPE)).rejects.toThrow('killed');
        expect(lab.faults.bitten().total).toBe(1);
        lab.faults.clear();
        const next = cloudOf(lab);
        await provision(next, owner, context(), TYPE);
        expect(await counts(next, owner)).toEqual([1, 1, 1, 1]);
        expect(carriedOut(lab, VM_PUT)).toBe(1);
        await remove(next, owner, context());
        expect(await left(lab)).toEqual([]);
      }),
  );

  it('makes exactly these changes, so that none was left out above', () =>
    withLab(async (lab) => {
      await provision(cloudOf(lab), newOwner(), context(), TYPE);
      expect(lab.requests().filter((one) => one.cloud === 'azure' && one.mutating)).toHaveLength(
        CHANGES.length,
      );
    }));

  it.each<{ name: string; rule: FaultRuleInput; least: number }>([
    {
      name: 'the first answer of each change is lost',
      rule: { mutating: true, when: 'first-of-each', fault: { kind: 'lose-answer' } },
      // Zone, link, both sets of a name: made and deleted.
      least: 8,
    },
    { name: 'reads lag behind', rule: { mutating: false, fault: { kind: 'stale', seconds: 2 } }, least: 5 },
  ])('in DNS $name: one zone is made with its records, and all of it goes', ({ rule, least }) =>
    withLab(async (lab) => {
      const { organizationId, networkId, clusterId } = newOwner();
      const owner = { organizationId, networkId, clusterId };
      const network = await cloudOf(lab).networks.reconcile(
        { owner, key: 'network', name: 'prod', cidr: '10.64.0.0/20' },
        context(),
      );
      const dns = connectDns('azure', {
        credentials: lab.accounts.azure,
        endpoint: lab.azureUrl,
        identity: NO_IDENTITY,
      });
      const spec = {
        organizationId,
        networkId,
        key: `private/${clusterId}`,
        name: 'prod.skein.test',
        visibility: 'private' as const,
        vpcs: [{ id: network.externalId, region: 'westeurope' }],
      };
      lab.faults.set([{ cloud: 'azure', ...rule }]);
      const zone = await dns.reconcileZone(spec, context());
      const wanted = [{ name: `a.${spec.name}`, addresses: ['198.18.0.1'], ttlSeconds: 60 }];
      const outcome = await dns.reconcileRecords(zone, networkId, wanted, context());
      expect(outcome.refused).toEqual([]);
      expect(outcome.written).toEqual([`a.${spec.name}`]);
      await dns.deleteZone(spec, context());
      expect(lab.faults.bitten().total).toBeGreaterThanOrEqual(least);
      lab.faults.clear();
      expect(await dns.listZones({ organizationId, networkId }, context())).toEqual([]);
    }),
  );

  it('goes on with an operation that an earlier attempt began, and says what it ended with', () =>
    withLab(async (lab) => {
      const owner = newOwner();
      const resume = resumeInMemory();
      const killed = new AbortController();
      const waitingFor = (what: string) => {
        if (what.includes('making the instance')) killed.abort(new Error('killed'));
      };
      lab.holdMachines(true);
      const first = { ...context(killed.signal), waitingFor, resume };
      await expect(provision(cloudOf(lab), owner, first, TYPE)).rejects.toThrow('killed');
      const key = `PUT ${(await cloudOf(lab).instances.list(owner, context()))[0]?.externalId}`;
      const token = await resume.load(key);
      expect(token).toContain('/operations/');
      expect(token).not.toContain(lab.accounts.azure.clientSecret);
      expect(token?.toLowerCase()).not.toContain('bearer');
      lab.holdMachines(false);
      await provision(cloudOf(lab), owner, { ...context(), resume }, TYPE);
      expect(await resume.load(key)).toBeUndefined();
      expect(carriedOut(lab, VM_PUT)).toBe(1);
    }));
});
