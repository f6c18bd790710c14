/**
 * The hops of a packet's course through the overlay. Each gateway on the way is a hop: it lowers the packet's time to
 * live and says so by ICMP from its overlay address; every agent's filter lets ping in from the whole network.
 */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { interfaceOf } from '../config.ts';
import type { Run } from '../host/command.ts';
import { carriersOf } from './carriers.ts';
import type { HopFacts, TraceFacts } from './facts.ts';

/** Longer than the longest way of any topology. */
const MOST_HOPS = 16;
const PINGS = 10;

/** Throws nothing. @param address the target's overlay address */
export async function traceTo(
  run: Run,
  map: NetworkMap,
  target: string,
  address: string,
): Promise<TraceFacts> {
  // ping ends with an exit code where no answer comes, and prints what came all the same.
  const text = async (args: string) => {
    const ran = await run('sh', [
      '-c',
      `command -v ping > /dev/null || exit 7; ping -n ${args} ${address}; true`,
    ]);
    return ran.ok ? ran.output : null;
  };
  const answers = await Promise.all(
    Array.from({ length: MOST_HOPS }, (_, index) => text(`-c 2 -i 0.3 -W 1 -t ${index + 1}`)),
  );
  if (answers.every((answer) => answer === null)) return { target, address, hops: null };
  const told = answers.map((answer) => answer ?? '');
  const first = await firstHop(run, map, address);
  // Linux sends each host but one such word a second, whatever it is about: who was silent is asked again after that.
  // The first hop is known without it.
  const silent = silentBefore(told, address).filter((index) => index > 0 || !first);
  await Promise.all(
    silent.map(async (index) => {
      told[index] = (await text(`-c 2 -i 1.1 -W 1 -t ${index + 1}`)) ?? '';
    }),
  );
  const seen = hopsOf(told, address);
  const addresses = first && !seen.includes(first) ? [first, ...seen] : seen;
  const names = new Map(map.peers.map((peer) => [peer.overlayAddress, peer.name]));
  const hops = await Promise.all(
    addresses.map(async (hop): Promise<HopFacts> => {
      const ran = await run('sh', ['-c', `ping -n -q -c ${PINGS} -i 0.1 -W 1 ${hop}; true`]);
      return {
        address: hop,
        name: hop === address ? target : (names.get(hop) ?? null),
        ...parsePing(ran.ok ? ran.output : ''),
      };
    }),
  );
  return { target, address, hops };
}

/** Who takes the packets on, by the route that they go; undefined where that is the target itself. */
async function firstHop(run: Run, map: NetworkMap, address: string): Promise<string | undefined> {
  const ran = await run('ip', ['route', 'get', address]);
  const device = ran.ok ? / dev (\S+)/.exec(ran.output)?.[1] : undefined;
  const carrier = carriersOf(map.peers, address).find((peer) => interfaceOf(peer.plane) === device);
  return carrier?.overlayAddress === address ? undefined : carrier?.overlayAddress;
}

/** Which answers to pings of growing time to live are missing on the way to a target that answers, from 0. */
export function silentBefore(answers: readonly string[], target: string): number[] {
  const end = answers.findIndex((answer) => isFrom(target, answer));
  return answers.flatMap((answer, index) => (index < end && !exceededAt(answer) ? [index] : []));
}

/** The address of each hop from the answers to pings of growing time to live; the target is the last, answered or not. */
export function hopsOf(answers: readonly string[], target: string): string[] {
  const hops: string[] = [];
  for (const answer of answers) {
    if (isFrom(target, answer)) break;
    const from = exceededAt(answer);
    if (from && !hops.includes(from)) hops.push(from);
  }
  return [...hops, target];
}

function isFrom(target: string, answer: string): boolean {
  return answer.includes(`bytes from ${target}:`);
}

function exceededAt(answer: string): string | undefined {
  return /From ([\d.]+) icmp_seq=\d+ Time to live exceeded/.exec(answer)?.[1];
}

/** What `ping -q` counted. */
export function parsePing(text: string): { sent: number; answered: number; rttMilliseconds: number | null } {
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(text);
  const average = /= [\d.]+\/([\d.]+)\//.exec(text)?.[1];
  return {
    sent: Number(counts?.[1] ?? PINGS),
    answered: Number(counts?.[2] ?? 0),
    rttMilliseconds: average === undefined ? null : Number(average),
  };
}
