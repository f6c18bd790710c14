/**
 * Docker drops what is forwarded to its networks but from themselves, and lets people say otherwise in a chain that is
 * theirs, `DOCKER-USER` (https://docs.docker.com/engine/network/packet-filtering-firewalls/). What goes between the overlay
 * and a range passes there, and what a gateway passes on: our own filter judges it. Where Docker keeps no such chain it
 * drops nothing either.
 */
import { must, type Run } from '../host/command.ts';

const CHAIN = 'DOCKER-USER';
/** Of all overlay interfaces, as iptables matches them. */
const OURS = 'skein+';
const MARK = '-m comment --comment skein';

/** The rules for these subnets, as `iptables -S` tells them after the chain's name. None where there are none. */
export function rulesFor(cidrs: readonly string[]): string[] {
  if (cidrs.length === 0) return [];
  return [
    `-i ${OURS} -o ${OURS} ${MARK} -j ACCEPT`,
    ...cidrs.flatMap((cidr) => [
      `-s ${cidr} -o ${OURS} ${MARK} -j ACCEPT`,
      `-d ${cidr} -i ${OURS} ${MARK} -j ACCEPT`,
    ]),
  ];
}

/** Throws `command-failed`. Rules that are needed no more go; nobody else's is touched. */
export async function applyForward(run: Run, cidrs: readonly string[]): Promise<void> {
  const listed = await run('iptables', ['-w', '-S', CHAIN]);
  if (!listed.ok) return;
  const there = listed.output
    .split('\n')
    .filter((line) => line.includes(` ${MARK} `))
    .map((line) => line.slice(`-A ${CHAIN} `.length).trim());
  const wanted = rulesFor(cidrs);
  // Before whatever else is there, which may drop.
  for (const rule of wanted)
    if (!there.includes(rule)) await must(run, 'iptables', ['-w', '-I', CHAIN, ...rule.split(' ')]);
  for (const rule of there)
    if (!wanted.includes(rule)) await must(run, 'iptables', ['-w', '-D', CHAIN, ...rule.split(' ')]);
}
