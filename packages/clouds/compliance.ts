/**
 * What every cloud must do, as tests: one suite over every provider, run against whatever answers its API. A new
 * provider's spec calls `cloudCompliance` and has nothing else to write.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CallContext,
  type Cloud,
  CloudError,
  type FirewallSpec,
  type FirewallState,
  type NetworkState,
  type Owner,
  type PeeringSpec,
} from './provider.ts';
import { resumeInMemory } from './resume-in-memory.ts';

/** A cloud under test, and the hands of somebody else in the same account. */
export interface CloudBench {
  connect: (credentials: 'right' | 'wrong') => Cloud;
  instanceType: string;
  /** That `connect` connects to. */
  region: string;
  /** Two owners' clusters may use one range: each has a network of its own. */
  foreign: {
    /** Changes our group by hand so that it also lets in TCP 22 from 203.0.113.9. */
    openByHand: (firewall: FirewallState) => Promise<void>;
    /** Makes something with the name that this firewall would get, without our tags. Answers whether it is still as made. */
    takeName: (spec: FirewallSpec) => Promise<() => Promise<boolean>>;
    /** Keeps instances from running until called with false. */
    holdInstances: (hold: boolean) => void;
  };
  close: () => Promise<void>;
}

const token = () => randomBytes(10).toString('hex');
const LIMIT = { timeout: 120_000, concurrent: true };

export function cloudCompliance(name: string, start: () => Promise<CloudBench>): void {
  describe(`${name} as a cloud`, LIMIT, () => {
    let bench: CloudBench;
    let cloud: Cloud;
    const organizationId = `org_${token()}`;
    const newOwner = (): Owner => ({
      organizationId,
      networkId: `net_${token()}`,
      clusterId: `clu_${token()}`,
    });
    const context = (signal = new AbortController().signal): CallContext => ({
      signal,
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    });

    beforeAll(async () => {
      bench = await start();
      cloud = bench.connect('right');
    }, LIMIT.timeout);
    afterAll(() => bench?.close(), LIMIT.timeout);

    const networkSpec = (owner: Owner) => ({
      owner,
      key: 'network',
      name: 'shop/prod',
      cidr: '10.64.16.0/20',
    });
    const firewallSpec = (owner: Owner, network: NetworkState, ...cidrs: string[]): FirewallSpec => ({
      owner,
      key: 'firewall/gateway',
      name: 'shop/prod gateway',
      network,
      role: 'gateway',
      rules: [
        {
          protocol: 'udp',
          fromPort: 51820,
          toPort: 51820,
          cidrs,
          description: 'WireGuard from the other gateways',
        },
      ],
    });
    const addressSpec = (owner: Owner, key = 'address/gw-1') => ({ owner, key, name: 'shop/prod gw-1' });
    async function instanceSpec(owner: Owner, role: 'gateway' | 'member') {
      const network = await cloud.networks.reconcile(networkSpec(owner), context());
      const firewall = await cloud.firewalls.reconcile(
        firewallSpec(owner, network, '203.0.113.1/32'),
        context(),
      );
      const address =
        role === 'gateway' ? await cloud.addresses.reconcile(addressSpec(owner), context()) : null;
      return {
        owner,
        key: `instance/${role}-1`,
        name: `${role}-1`,
        network,
        firewalls: [firewall],
        role,
        address,
        instanceType: bench.instanceType,
        nodeIdentity: null,
        userData: async () => '#!/bin/sh\necho hello\n',
      };
    }
    /** In the only right order. */
    async function removeAll(owner: Owner) {
      for (const kind of [cloud.instances, cloud.addresses, cloud.firewalls, cloud.networks]) {
        for (const one of await kind.list(owner, context())) await kind.delete(one, context());
      }
    }
    const failure = async (doing: Promise<unknown>): Promise<CloudError> => {
      const error = await doing.then(
        () => new Error('it succeeded'),
        (thrown: unknown) => thrown,
      );
      if (error instanceof CloudError) return error;
      throw error;
    };

    it('says who we are, and refuses wrong credentials without repeating them', async () => {
      const identity = await cloud.whoAmI(context());
      expect(identity).toMatch(/skein/);
      expect(cloud.holder(identity)).toMatch(/^[\w-]{6,}$/);
      const wrong = bench.connect('wrong');
      for (const call of [
        () => wrong.whoAmI(context()),
        () => wrong.networks.observe({ owner: newOwner(), key: 'network' }, context()),
      ]) {
        expect((await failure(call())).code).toBe('unauthenticated');
      }
    });

    it('makes a network once, shows it, and deletes it twice', async () => {
      const spec = networkSpec(newOwner());
      expect(await cloud.networks.observe(spec, context())).toBeUndefined();
      const made = await cloud.networks.reconcile(spec, context());
      expect(made).toMatchObject({
        cidr: spec.cidr,
        externalId: expect.stringMatching(/./),
        subnetId: expect.stringMatching(/./),
      });
      expect(await cloud.networks.reconcile(spec, context())).toEqual(made);
      expect(await cloud.networks.observe(spec, context())).toEqual(made);
      await cloud.networks.delete(spec, context());
      expect(await cloud.networks.observe(spec, context())).toBeUndefined();
      await cloud.networks.delete(spec, context());
      // Made anew under the same key: neither names nor remembered requests stand in the way.
      expect((await cloud.networks.reconcile(spec, context())).cidr).toBe(spec.cidr);
      await cloud.networks.delete(spec, context());
    });

    it('refuses to change a network’s range', async () => {
      const spec = networkSpec(newOwner());
      const made = await cloud.networks.reconcile(spec, context());
      expect(
        (await failure(cloud.networks.reconcile({ ...spec, cidr: '10.64.32.0/20' }, context()))).code,
      ).toBe('conflict');
      expect(await cloud.networks.observe(spec, context())).toEqual(made);
      await cloud.networks.delete(spec, context());
    });

    it('ends with one network and one address when two make them at once', async () => {
      const owner = newOwner();
      const other = bench.connect('right');
      const networks = await Promise.all(
        [cloud, other].map((one) => one.networks.reconcile(networkSpec(owner), context())),
      );
      expect(networks[0]).toEqual(networks[1]);
      const addresses = await Promise.all(
        [cloud, other].map((one) => one.addresses.reconcile(addressSpec(owner), context())),
      );
      expect(addresses[0]).toEqual(addresses[1]);
      expect(await cloud.networks.list(owner, context())).toHaveLength(1);
      expect(await cloud.addresses.list(owner, context())).toHaveLength(1);
      await removeAll(owner);
    });

    it('keeps a firewall’s rules exactly as asked: added, removed, changed by hand, none', async () => {
      const owner = newOwner();
      const network = await cloud.networks.reconcile(networkSpec(owner), context());
      const spec = (...cidrs: string[]) => firewallSpec(owner, network, ...cidrs);
      const at = spec();
      const rule = (...cidrs: string[]) => [
        expect.objectContaining({ protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs }),
      ];
      expect(await cloud.firewalls.observe(at, context())).toBeUndefined();
      const made = await cloud.firewalls.reconcile(spec('203.0.113.1/32'), context());
      expect(made).toMatchObject({ rules: rule('203.0.113.1/32'), foreign: [] });
      expect(await cloud.firewalls.reconcile(spec('203.0.113.1/32'), context())).toEqual(made);
      const more = await cloud.firewalls.reconcile(spec('203.0.113.1/32', '203.0.113.2/32'), context());
      expect(more).toMatchObject({
        externalId: made.externalId,
        rules: rule('203.0.113.1/32', '203.0.113.2/32'),
      });
      const other = await cloud.firewalls.reconcile(spec('203.0.113.2/32'), context());
      expect(other.rules).toEqual(rule('203.0.113.2/32'));

      await bench.foreign.openByHand(other);
      const drifted = await cloud.firewalls.observe(at, context());
      expect(drifted?.rules).toContainEqual(
        expect.objectContaining({ protocol: 'tcp', fromPort: 22, cidrs: ['203.0.113.9/32'] }),
      );
      expect(await cloud.firewalls.reconcile(spec('203.0.113.2/32'), context())).toEqual(other);
      expect(await cloud.firewalls.observe(at, context())).toEqual(other);

      const none = await cloud.firewalls.reconcile({ ...at, rules: [] }, context());
      expect(none).toMatchObject({ externalId: made.externalId, rules: [], foreign: [] });
      expect(await cloud.firewalls.observe(at, context())).toEqual(none);
      await cloud.firewalls.delete(at, context());
      await cloud.firewalls.delete(at, context());
      expect(await cloud.firewalls.observe(at, context())).toBeUndefined();
      await cloud.networks.delete(networkSpec(owner), context());
    });

    it('never opens a port to the world', async () => {
      const owner = newOwner();
      const network = await cloud.networks.reconcile(networkSpec(owner), context());
      const spec = firewallSpec(owner, network, '0.0.0.0/0');
      expect((await failure(cloud.firewalls.reconcile(spec, context()))).code).toBe('invalid');
      expect(await cloud.firewalls.observe(spec, context())).toBeUndefined();
      await removeAll(owner);
    });

    it('holds a hundred sources or says that the quota is too small, and comes back from it', async () => {
      const owner = newOwner();
      const network = await cloud.networks.reconcile(networkSpec(owner), context());
      const cidrs = Array.from({ length: 100 }, (_, i) => `203.0.113.${i}/32`);
      const outcome = await cloud.firewalls.reconcile(firewallSpec(owner, network, ...cidrs), context()).then(
        (state) => state.rules[0]?.cidrs.length,
        (error: CloudError) => [error.code, error.retryable, error.remedy !== null],
      );
      expect([100, ['quota', false, true]]).toContainEqual(outcome);
      const few = await cloud.firewalls.reconcile(firewallSpec(owner, network, '203.0.113.1/32'), context());
      expect(few.rules.map((one) => one.cidrs)).toEqual([['203.0.113.1/32']]);
      await removeAll(owner);
    });

    it('leaves alone what has our name but is not ours', async () => {
      const owner = newOwner();
      const network = await cloud.networks.reconcile(networkSpec(owner), context());
      const spec = firewallSpec(owner, network, '203.0.113.1/32');
      const untouched = await bench.foreign.takeName(spec);
      expect((await failure(cloud.firewalls.reconcile(spec, context()))).code).toBe('not-ours');
      expect(await cloud.firewalls.list(owner, context())).toEqual([]);
      await cloud.firewalls.delete(spec, context());
      expect(await untouched()).toBe(true);
      // It holds the network, which says so.
      const held = await failure(cloud.networks.delete(networkSpec(owner), context()));
      expect(held.code).toBe('in-use');
    });

    it('starts a gateway once, with its reserved address, forwarding, and nothing shows after its end', async () => {
      const owner = newOwner();
      const spec = await instanceSpec(owner, 'gateway');
      expect(await cloud.instances.observe(spec, context())).toBeUndefined();
      const made = await cloud.instances.reconcile(spec, context());
      expect(made).toMatchObject({ running: true, forwards: true, publicAddress: spec.address?.address });
      expect(made.privateAddress).toMatch(/^10\.64\.(1[6-9]|2\d|3[01])\.\d+$/);
      expect(await cloud.instances.reconcile(spec, context())).toEqual(made);
      expect(
        await cloud.instances.reconcile(
          { ...spec, userData: async () => '#!/bin/sh\necho other\n' },
          context(),
        ),
      ).toEqual(made);
      expect(await cloud.instances.observe(spec, context())).toEqual(made);

      const used = await failure(cloud.addresses.delete(addressSpec(owner), context()));
      expect(used.code).toBe('in-use');
      await cloud.instances.delete(spec, context());
      expect(await cloud.instances.observe(spec, context())).toBeUndefined();
      expect(await cloud.instances.list(owner, context())).toEqual([]);
      await cloud.instances.delete(spec, context());
      // The same attempt again is another instance, not the ended one given back.
      const again = await cloud.instances.reconcile(spec, context());
      expect(again).toMatchObject({ running: true, forwards: true, publicAddress: spec.address?.address });
      await removeAll(owner);
    });

    it('starts a member once from two calls, with a passing address, not forwarding', async () => {
      const owner = newOwner();
      const spec = await instanceSpec(owner, 'member');
      const other = bench.connect('right');
      const made = await Promise.all([cloud, other].map((one) => one.instances.reconcile(spec, context())));
      expect(made[0]).toEqual(made[1]);
      expect(made[0]).toMatchObject({
        running: true,
        forwards: false,
        publicAddress: expect.stringMatching(/^\d/),
      });
      expect(await cloud.instances.list(owner, context())).toHaveLength(1);
      await removeAll(owner);
    });

    it('gives an instance the firewalls of its spec when they change', async () => {
      const owner = newOwner();
      const spec = await instanceSpec(owner, 'member');
      const made = await cloud.instances.reconcile(spec, context());
      const second = await cloud.firewalls.reconcile(
        { ...firewallSpec(owner, spec.network, '203.0.113.7/32'), key: 'firewall/member', role: 'member' },
        context(),
      );
      expect(await cloud.instances.reconcile({ ...spec, firewalls: [second] }, context())).toEqual(made);
      // Only what is no longer used can go.
      await cloud.firewalls.delete(firewallSpec(owner, spec.network), context());
      await removeAll(owner);
    });

    it('refuses to delete a network in use, names what uses it, and leaves it whole', async () => {
      const owner = newOwner();
      const spec = await instanceSpec(owner, 'member');
      const made = await cloud.instances.reconcile(spec, context());
      const error = await failure(cloud.networks.delete(networkSpec(owner), context()));
      expect(error).toMatchObject({ code: 'in-use', retryable: true });
      const named = [made.externalId, spec.firewalls[0]?.externalId ?? ''].some((id) =>
        error.message.includes(id),
      );
      expect(named, error.message).toBe(true);
      expect(await cloud.networks.observe(networkSpec(owner), context())).toEqual(spec.network);
      expect(await cloud.networks.reconcile(networkSpec(owner), context())).toEqual(spec.network);
      await removeAll(owner);
      expect(await cloud.networks.observe(networkSpec(owner), context())).toBeUndefined();
    });

    it('joins two networks by halves, shows each, and parts them again', async () => {
      const owner = newOwner();
      // The side with the smaller cluster id asks, where one must ask and the other agree.
      const [one, two] = [
        { ...owner, clusterId: `clu_a${token()}`.slice(0, 24) },
        { ...owner, clusterId: `clu_b${token()}`.slice(0, 24) },
      ];
      const [near, far] = [
        await cloud.networks.reconcile(networkSpec(one), context()),
        await cloud.networks.reconcile({ ...networkSpec(two), cidr: '10.64.32.0/20' }, context()),
      ];
      const region = bench.region;
      const half = (mine: Owner, its: Owner, from: NetworkState, to: NetworkState): PeeringSpec => ({
        owner: mine,
        key: `peering/${its.clusterId}`,
        name: 'shop/prod to the other',
        near: from,
        far: { clusterId: its.clusterId, network: to, region, holder: null },
      });
      const halves = [half(one, two, near, far), half(two, one, far, near)] as const;
      expect(await cloud.peerings.observe(halves[0], context())).toBeUndefined();
      expect(await cloud.peerings.reconcile(halves[0], context())).toMatchObject({ active: false });
      for (const each of [...halves, ...halves]) await cloud.peerings.reconcile(each, context());
      const made = await cloud.peerings.reconcile(halves[0], context());
      expect(made).toMatchObject({ active: true, cidrs: ['10.64.32.0/20'] });
      expect(await cloud.peerings.observe(halves[0], context())).toEqual(made);
      expect(await cloud.peerings.observe(halves[1], context())).toMatchObject({
        active: true,
        cidrs: ['10.64.16.0/20'],
      });
      expect(await cloud.peerings.list(one, context())).toEqual([
        { ...made, owner: one, key: halves[0].key },
      ]);
      // Neither network is changed by it.
      expect(await cloud.networks.reconcile(networkSpec(one), context())).toEqual(near);
      for (const each of halves) {
        await cloud.peerings.delete(each, context());
        await cloud.peerings.delete(each, context());
      }
      for (const each of halves) expect(await cloud.peerings.observe(each, context())).toBeUndefined();
      await removeAll(one);
      await removeAll(two);
    });

    it('looks at a network of somebody else, and says what does not fit', async () => {
      const [owner, other] = [newOwner(), newOwner()];
      const made = await cloud.networks.reconcile(networkSpec(owner), context());
      const second = await cloud.networks.reconcile(networkSpec(other), context());
      const at = { networkId: made.externalId, subnetId: made.subnetId };
      expect(await cloud.existingNetwork(at, context())).toEqual(made);
      const mixed = cloud.existingNetwork({ ...at, subnetId: second.subnetId }, context());
      expect((await failure(mixed)).code).toBe('invalid');
      await removeAll(other);
      const gone = { networkId: second.externalId, subnetId: second.subnetId };
      expect((await failure(cloud.existingNetwork(gone, context()))).code).toBe('not-found');
      await removeAll(owner);
    });

    it('ends a wait with the signal, says what it waited for, and goes on from there', async () => {
      const owner = newOwner();
      const spec = await instanceSpec(owner, 'member');
      bench.foreign.holdInstances(true);
      const abort = new AbortController();
      const said: string[] = [];
      try {
        const waitingFor = (what: string) => {
          said.push(what);
          if (what.includes('instance')) abort.abort(new Error('the caller had enough'));
        };
        const doing = cloud.instances.reconcile(spec, { ...context(abort.signal), waitingFor });
        await expect(doing).rejects.toThrow('the caller had enough');
      } finally {
        bench.foreign.holdInstances(false);
      }
      expect(said.join()).toMatch(/instance/);
      expect(await cloud.instances.list(owner, context())).toHaveLength(1);
      expect((await cloud.instances.reconcile(spec, context())).running).toBe(true);
      expect(await cloud.instances.list(owner, context())).toHaveLength(1);
      await removeAll(owner);
    });

    it('answers nothing after a signal that fired before', async () => {
      const aborted = context(AbortSignal.abort(new Error('before')));
      const spec = networkSpec(newOwner());
      for (const doing of [
        cloud.networks.observe(spec, aborted),
        cloud.networks.reconcile(spec, aborted),
        cloud.whoAmI(aborted),
      ]) {
        await expect(doing).rejects.toThrow('before');
      }
      expect(await cloud.networks.observe(spec, context())).toBeUndefined();
    });

    it('keeps two clusters apart, and lists an owner’s things, a network’s, and no others’', async () => {
      const networkId = `net_${token()}`;
      const [one, two] = ['a', 'b'].map((letter) => ({
        organizationId,
        networkId,
        clusterId: `clu_${letter}${token()}`,
      }));
      if (!one || !two) throw new Error('no owners');
      const first = await cloud.networks.reconcile(networkSpec(one), context());
      const second = await cloud.networks.reconcile(networkSpec(two), context());
      expect(first.externalId).not.toBe(second.externalId);
      await cloud.firewalls.reconcile(firewallSpec(one, first, '203.0.113.1/32'), context());
      await cloud.addresses.reconcile(addressSpec(one), context());

      const listed = await cloud.networks.list({ organizationId, networkId }, context());
      expect(listed.map((found) => found.owner.clusterId).sort()).toEqual(
        [one.clusterId, two.clusterId].sort(),
      );
      expect(await cloud.networks.list(one, context())).toEqual([{ ...first, owner: one, key: 'network' }]);
      expect(await cloud.firewalls.list(one, context())).toHaveLength(1);
      expect(await cloud.firewalls.list(two, context())).toEqual([]);
      expect(await cloud.addresses.list({ organizationId: `org_${token()}` }, context())).toEqual([]);

      await removeAll(one);
      expect(await cloud.networks.observe(networkSpec(two), context())).toEqual(second);
      await removeAll(two);
      expect(await cloud.networks.list({ organizationId, networkId }, context())).toEqual([]);
    });
  });
}
