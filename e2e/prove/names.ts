/** Does each name answer privately inside its cluster and otherwise outside, on the nodes and in the hosted zones? */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LabControl } from '@skein/local/lab.ts';
import { eachOf } from './report.ts';
import type { Seat, Site } from './site.ts';

const run = promisify(execFile);
const PUBLIC_RESOLVER = '192.0.2.53';

const DIG = ['+short', '+time=3', '+tries=2', 'A'];
const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();

/** What a name must answer: to its own cluster, to the network's other nodes, to the world. */
interface Expected {
  name: string;
  clusterId: string;
  inside: string[];
  outside: string[];
  public: string[];
}

/** Worked out from the peers alone, not from what the API says of the records. */
export function expectedNames(site: Site): Expected[] {
  const peers = site.seats.map(({ peer, fqdn }) => ({
    name: fqdn,
    clusterId: peer.clusterId,
    inside: [peer.privateAddress as string],
    outside: [peer.overlayAddress],
    public: [peer.publicAddress ?? peer.overlayAddress],
  }));
  const clusters = site.clusters.map((cluster) => {
    const gateways = site.seats
      .filter((seat) => seat.cluster.id === cluster.id && seat.peer.role === 'gateway')
      .map((seat) => seat.peer);
    const publicAddresses = gateways.map((peer) => peer.publicAddress as string).sort();
    return {
      name: `${cluster.name}.${site.network.zone}`,
      clusterId: cluster.id,
      inside: gateways.map((peer) => peer.privateAddress as string).sort(),
      outside: publicAddresses,
      public: publicAddresses,
    };
  });
  return [...peers, ...clusters];
}

const same = (a: readonly string[], b: readonly string[]) => a.join() === b.join();

/** Asks every node for every name, as any program on it would. Answers what was wrong. */
export async function tryNodes(lab: LabControl, site: Site): Promise<{ asked: number; wrong: string[] }> {
  const names = expectedNames(site);
  const wrong = await eachOf(site.seats, 6, async (seat) => {
    const script = names.map(({ name }) => `echo "= ${name}"; dig ${DIG.join(' ')} ${name}`).join('; ');
    const result = await lab.run(seat.machine.id, ['sh', '-c', script], 60);
    const blocks = result.stdout.split('= ').slice(1);
    return names.flatMap((expected) => {
      const block = blocks.find((text) => text.startsWith(`${expected.name}\n`)) ?? '';
      const got = lines(block.slice(expected.name.length));
      const want = expected.clusterId === seat.cluster.id ? expected.inside : expected.outside;
      return same(got, want)
        ? []
        : [`${seat.fqdn} asked ${expected.name}: got ${got.join() || 'nothing'}, want ${want.join()}`];
    });
  });
  return { asked: names.length * site.seats.length, wrong: wrong.flat() };
}

/** The resolver that the cloud gave to a machine, read from what the agent set aside. */
async function cloudResolver(lab: LabControl, seat: Seat): Promise<string> {
  const result = await lab.run(
    seat.machine.id,
    ['sh', '-c', 'cat /var/lib/skein/resolv.conf.saved 2>/dev/null || cat /etc/resolv.conf'],
    10,
  );
  const server = /^nameserver\s+(\S+)/m.exec(result.stdout)?.[1];
  if (!server) throw new Error(`${seat.fqdn} names no resolver of its cloud`);
  return server;
}

/**
 * Asks the hosted zones: the public one from outside, and both through each VPC's resolver, which answers privately for
 * its own cluster and publicly for all others.
 */
export async function tryZones(lab: LabControl, site: Site): Promise<{ asked: number; wrong: string[] }> {
  const names = expectedNames(site);
  const wrong: string[] = [];
  for (const expected of names) {
    const { stdout } = await run('dig', [`@${PUBLIC_RESOLVER}`, ...DIG, expected.name], { timeout: 15_000 });
    if (!same(lines(stdout), expected.public))
      wrong.push(
        `public zone: ${expected.name} is ${lines(stdout).join() || 'nothing'}, want ${expected.public.join()}`,
      );
  }
  for (const cluster of site.clusters) {
    const seat = site.seats.find((candidate) => candidate.cluster.id === cluster.id);
    if (!seat) continue;
    const resolver = await cloudResolver(lab, seat);
    for (const expected of names) {
      const result = await lab.run(seat.machine.id, ['dig', `@${resolver}`, ...DIG, expected.name], 20);
      const want = expected.clusterId === cluster.id ? expected.inside : expected.public;
      if (!same(lines(result.stdout), want))
        wrong.push(
          `resolver of the VPC of ${cluster.name}: ${expected.name} is ${lines(result.stdout).join() || 'nothing'}, want ${want.join()}`,
        );
    }
  }
  return { asked: names.length * (1 + site.clusters.length), wrong };
}
