/** One gateway with all it needs, made and removed: what the tests of faults do over and over. */
import { randomBytes } from 'node:crypto';
import type { CallContext, Cloud, Owner } from '@skein/clouds/provider.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';

const token = () => randomBytes(10).toString('hex');
export const newOwner = (): Owner => ({
  organizationId: 'org_faults',
  networkId: `net_${token()}`,
  clusterId: `clu_${token()}`,
});
export const context = (signal = new AbortController().signal): CallContext => ({
  signal,
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});

/** One gateway with all it needs. */
export async function provision(cloud: Cloud, owner: Owner, call: CallContext, instanceType: string) {
  const rules = [
    {
      protocol: 'udp' as const,
      fromPort: 51820,
      toPort: 51820,
      cidrs: ['203.0.113.1/32'],
      description: 'WireGuard',
    },
  ];
  const network = await cloud.networks.reconcile(
    { owner, key: 'network', name: 'prod', cidr: '10.64.0.0/20' },
    call,
  );
  const firewall = await cloud.firewalls.reconcile(
    { owner, key: 'firewall/gateway', name: 'prod gateway', network, role: 'gateway', rules },
    call,
  );
  const address = await cloud.addresses.reconcile({ owner, key: 'address/gw', name: 'prod gw' }, call);
  const instance = await cloud.instances.reconcile(
    {
      owner,
      key: 'instance/gw',
      name: 'gw',
      network,
      firewalls: [firewall],
      role: 'gateway',
      address,
      instanceType,
      nodeIdentity: null,
      userData: async () => '#!/bin/sh\ntrue\n',
    },
    call,
  );
  return { network, firewall, address, instance };
}
export const kinds = (cloud: Cloud) =>
  [cloud.instances, cloud.addresses, cloud.firewalls, cloud.networks] as const;
export async function remove(cloud: Cloud, owner: Owner, call: CallContext) {
  const [instances, addresses, firewalls, networks] = kinds(cloud);
  await instances.delete({ owner, key: 'instance/gw' }, call);
  await addresses.delete({ owner, key: 'address/gw' }, call);
  await firewalls.delete({ owner, key: 'firewall/gateway' }, call);
  await networks.delete({ owner, key: 'network' }, call);
}
export const counts = (cloud: Cloud, owner: Owner) =>
  Promise.all(kinds(cloud).map(async (one) => (await one.list(owner, context())).length));
