/** Whether the node is as its map asks: interfaces, WireGuard, filter, routes, forwarding, names. Looks only. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { formatAddress, parseCidr, sizeOf } from '@skein/mesh/ipam/cidr.ts';
import { decode, encode } from 'dns-packet';
import { z } from 'zod';
import { INTERFACES, interfaceOf, LOOPBACK_RESOLVER } from '../config.ts';
import { ask } from '../dns/ask.ts';
import { isPointedAtAgent } from '../dns/node-resolver.ts';
import { filterInPlace } from '../filter/apply.ts';
import { behindNode } from '../filter/words.ts';
import type { Run } from '../host/command.ts';
import { underlayAddresses } from '../host/facts.ts';
import { devicesTowards } from '../route/behind.ts';
import { answersOn } from '../wireguard/device.ts';
import type { NodeFacts } from './facts.ts';

const INTERFACE_SWITCHES = '/proc/sys/net/ipv4/conf';
const LIMIT_MILLISECONDS = 2000;
/** Routes looked at: a route in the way seldom takes one address alone. */
const MOST_ROUTES = 64;

const LinkJson = z.array(z.object({ ifname: z.string(), flags: z.array(z.string()) }));
const RouteJson = z.array(z.object({ dev: z.string().optional() }));

/** Never throws. */
export async function lookAtNode(run: Run, map: NetworkMap): Promise<NodeFacts> {
  const wanted = Array.from({ length: map.self.planes }, (_, plane) => interfaceOf(plane));
  const links = await run('ip', ['-j', 'link', 'show']);
  const up = new Set(
    LinkJson.parse(JSON.parse((links.ok && links.output) || '[]'))
      .filter((link) => link.flags.includes('UP'))
      .map((link) => link.ifname),
  );
  const interfacesGone = wanted.filter((name) => !up.has(name));
  const answers = await Promise.all(
    wanted.map((name) =>
      Promise.race([answersOn(run, name), wait(LIMIT_MILLISECONDS, false, { ref: false })]),
    ),
  );
  const forwarding = await forwardingDevices();
  const { self } = map;
  return {
    interfacesGone,
    wireguardAnswers: answers.every((answer) => answer),
    filterInPlace: await filterInPlace(run, map),
    astray: interfacesGone.length > 0 ? [] : await astray(run, map),
    forwardingOff: [
      ...(self.forwards || behindNode(self).length > 0 ? wanted.filter((name) => up.has(name)) : []),
      ...(await towardsRanges(run, map)),
    ].filter((name) => !forwarding.has(name)),
    resolverNamed: await isPointedAtAgent(self, run).catch(() => false),
    ownNameAnswered: await isAnswered(`${self.name}.${self.clusterName}.${self.zone}`),
    addresses: underlayAddresses().map((one) => one.address),
  };
}

async function astray(run: Run, map: NetworkMap): Promise<NodeFacts['astray']> {
  const found: NodeFacts['astray'] = [];
  const addresses = map.peers.slice(0, MOST_ROUTES).map((peer) => peer.overlayAddress);
  const behindOthers = [
    ...(map.self.rangesCidr === null ? [] : [map.self.rangesCidr]),
    ...map.self.pods.elsewhere,
  ];
  // The last of each: given out last, so that it is hardly ever behind this very node.
  for (const cidr of behindOthers.slice(0, MOST_ROUTES)) {
    const range = parseCidr(cidr);
    addresses.push(formatAddress(range.first + sizeOf(range) - 2));
  }
  for (const address of addresses) {
    const ran = await run('ip', ['-j', 'route', 'get', address]);
    const device = ran.ok ? (RouteJson.parse(JSON.parse(ran.output))[0]?.dev ?? null) : null;
    if (!device || !INTERFACES.includes(device)) found.push({ address, device });
  }
  return found;
}

/** Interfaces by which hosts of carried ranges, and pods, answer. */
async function towardsRanges(run: Run, { self }: NetworkMap): Promise<string[]> {
  const behind = behindNode(self);
  if (behind.length === 0) return [];
  const table = await run('ip', ['-j', '-4', 'route', 'show']);
  return devicesTowards(
    (table.ok && table.output) || '[]',
    behind.map(({ cidr }) => cidr),
  );
}

/** Interfaces that let in what is for others. */
async function forwardingDevices(): Promise<Set<string>> {
  const names = await readdir(INTERFACE_SWITCHES).catch(() => []);
  const on = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(`${INTERFACE_SWITCHES}/${name}/forwarding`, 'utf8').catch(() => '');
      return text.trim() === '1' ? [name] : [];
    }),
  );
  return new Set(on.flat());
}

async function isAnswered(name: string): Promise<boolean> {
  const question = { type: 'A', name } as const;
  const query = encode({ type: 'query', id: 1, flags: 0x0100, questions: [question] });
  const reply = await ask(LOOPBACK_RESOLVER, query, 'udp', LIMIT_MILLISECONDS);
  return reply !== undefined && (decode(reply).answers ?? []).length > 0;
}
