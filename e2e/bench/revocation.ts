/**
 * How long what is taken back still passes, with a real control plane and real agents in namespaces. A removed peer: from
 * the call that the API makes to the last packet of live flows with it. In every other round the removed node does not
 * obey: its agent is frozen while its WireGuard goes on, so that only the other peers can cut it off. A rule: from saving
 * a policy without it to the last packet, either way, of a flow that it let begin.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildAgent } from '@skein/agent/build.ts';
import {
  COORDINATOR,
  type FieldNode,
  must,
  NODE,
  openField,
  type Place,
  until,
} from '@skein/agent/fixture/field.ts';
import type { Answer, Order } from './revocation/control-plane.ts';
import type { Bench, BenchResult } from './run.ts';

/** The bar, and how often it is tried. */
const P99_MILLISECONDS = 1000;
const ROUNDS = 20;

/** Both flows are with the node that is removed: one to its own gateway, one through two gateways to another cluster. */
const FLOWS = [
  { peer: 'a1', port: 9001 },
  { peer: 'b2', port: 9002 },
] as const;
/** Between members of two clusters, where the policy decides. */
const RULED_PORT = 9003;
const OPEN_PORTS = [...FLOWS.map(({ port }) => port), RULED_PORT];
const LIVE_PACKETS = 300;
/** So long nothing must have come before a flow counts as dead. */
const SILENT_MILLISECONDS = 1500;
const file = (name: string) => fileURLToPath(new URL(`./revocation/${name}`, import.meta.url));

interface Sample {
  frozen: boolean;
  milliseconds: number;
  callMilliseconds: number;
}

export const bench: Bench = async (say) => {
  const directory = await mkdtemp(join(tmpdir(), 'skein-revocation-'));
  const field = await openField();
  try {
    await buildAgent({ outDirectory: directory });
    const control = await asking<Answer>(field.outer, [
      NODE,
      file('control-plane.ts'),
      directory,
      COORDINATOR,
      directory,
    ]);
    const order = async (what: Order): Promise<Answer> => {
      const told = await control.ask(JSON.stringify(what));
      if (told.failed) throw new Error(told.failed);
      return told;
    };
    const nodes = new Map(field.nodes.map((node) => [node.name, node]));
    const node = (name: string) => nodes.get(name) as FieldNode;
    const join = async (name: string) => {
      const { token } = await order({ order: 'mint', cluster: name.startsWith('a') ? 0 : 1 });
      const install = `curl -fsSL http://${COORDINATOR}:7401/install.sh | sh -s -- --token ${token} --name ${name}`;
      await must(node(name).place, install);
    };
    for (const name of ['a1', 'b1', 'b2']) await join(name);
    for (const name of ['a1', 'b1'])
      await order({ order: 'publish', name, publicAddress: node(name).address });

    await order({ order: 'open', ports: OPEN_PORTS });
    const samples: Sample[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await join('a2');
      const sample = await cutOff(node, order, round % 2 === 1);
      samples.push(sample);
      const { frozen, milliseconds, callMilliseconds } = sample;
      say(
        `round ${round + 1}${frozen ? ', frozen' : ''}: ${milliseconds.toFixed(0)} ms, ` +
          `of which ${callMilliseconds.toFixed(0)} ms in the call`,
      );
    }
    await join('a2');
    const closed: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await order({ order: 'open', ports: OPEN_PORTS });
      closed.push(await closeRule(node, order));
    }
    say(`a rule taken back: ${closed.map((one) => one.toFixed(0)).join(', ')} ms`);
    await order({ order: 'end' });
    return resultOf(samples, closed);
  } finally {
    await field.close();
    await rm(directory, { recursive: true, force: true });
  }
};

/** Runs live flows with a2, removes it, and answers when the last packet of any of them came. */
async function cutOff(
  node: (name: string) => FieldNode,
  order: (what: Order) => Promise<Answer>,
  frozen: boolean,
): Promise<Sample> {
  const { place } = node('a2');
  const own = await until('an address of a2', 20, () => overlayOf(place));
  const ends: Asked<{ count: number; lastAt: number }>[] = [];
  for (const { peer, port } of FLOWS) {
    const other = (await overlayOf(node(peer).place)) as string;
    ends.push(await asking(place, [NODE, file('flow.ts'), own, other, String(port)]));
    ends.push(await asking(node(peer).place, [NODE, file('flow.ts'), other, own, String(port)]));
  }
  const looks = () => Promise.all(ends.map((end) => end.ask('')));
  try {
    await until('live flows', 40, async () => (await looks()).every(({ count }) => count > LIVE_PACKETS));
    if (frozen) await must(place, 'kill -STOP $(cat /run/skein/agent.pid)');
    const { calledAt = 0, returnedAt = 0 } = await order({ order: 'remove', name: 'a2' });
    const last = await lastPacket(looks);
    return {
      frozen,
      milliseconds: Math.max(0, last - calledAt) / 1e6,
      callMilliseconds: (returnedAt - calledAt) / 1e6,
    };
  } finally {
    for (const end of ends) end.child.stdin?.end();
    if (frozen) await must(place, 'kill -CONT $(cat /run/skein/agent.pid)');
    // Removed, it takes everything away by itself; then the node may join again.
    await until('a2 to be clean', 60, async () => {
      const left = await place.sh(
        'ls -A /var/lib/skein; ls /run/skein; ip -br link show dev skein0 2> /dev/null',
      );
      return left.output.trim() === '';
    });
    await sleep(200);
  }
}

/** Runs a flow that a rule lets through, takes the rule back, and answers after how long its last packet came. */
async function closeRule(
  node: (name: string) => FieldNode,
  order: (what: Order) => Promise<Answer>,
): Promise<number> {
  const [from, to] = [node('b2').place, node('a2').place];
  const own = await until('an address of b2', 20, () => overlayOf(from));
  const other = await until('an address of a2', 20, () => overlayOf(to));
  const ends: Asked<{ count: number; lastAt: number }>[] = [
    await asking(from, [NODE, file('flow.ts'), own, other, String(RULED_PORT)]),
    await asking(to, [NODE, file('flow.ts'), other, own, String(RULED_PORT)]),
  ];
  try {
    const looks = () => Promise.all(ends.map((end) => end.ask('')));
    await until('a live flow', 40, async () => (await looks()).every(({ count }) => count > LIVE_PACKETS));
    const { calledAt = 0 } = await order({ order: 'open', ports: [] });
    const last = await lastPacket(looks);
    return Math.max(0, last - calledAt) / 1e6;
  } finally {
    for (const end of ends) end.child.stdin?.end();
  }
}

/** When the last packet of any end came, once none has come for a while. */
function lastPacket(looks: () => Promise<{ lastAt: number }[]>): Promise<number> {
  return until('the last packet', 60, async () => {
    const latest = Math.max(...(await looks()).map(({ lastAt }) => lastAt));
    return Number(process.hrtime.bigint()) - latest > SILENT_MILLISECONDS * 1e6 ? latest : undefined;
  });
}

async function overlayOf(place: Place): Promise<string | undefined> {
  const { output } = await place.sh('ip -4 -br address show dev skein0');
  return /(100\.[\d.]+)\/32/.exec(output)?.[1];
}

interface Asked<T> {
  child: ChildProcess;
  ask(line: string): Promise<T>;
}

/** A process that answers each line with one line of JSON, once it has said that it is ready. */
async function asking<T>(place: Place, argv: readonly string[]): Promise<Asked<T>> {
  const answers: T[] = [];
  let ended = false;
  const child = place.start(argv, (line) => answers.push(JSON.parse(line)));
  child.once('exit', () => {
    ended = true;
  });
  const next = () =>
    until(`an answer of ${argv[1]}`, 60, () => {
      if (ended && answers.length === 0) throw new Error(`${argv[1]} ended`);
      return answers.shift();
    });
  await next();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    child,
    ask: (line) => {
      const answer = turn.then(() => {
        child.stdin?.write(`${line}\n`);
        return next();
      });
      turn = answer.catch(() => undefined);
      return answer;
    },
  };
}

function resultOf(samples: readonly Sample[], closed: readonly number[]): BenchResult {
  const sorted = (some: readonly Sample[]) => some.map((one) => one.milliseconds).sort((a, b) => a - b);
  const all = sorted(samples);
  const p99 = quantile(all, 0.99);
  const rules = [...closed].sort((a, b) => a - b);
  const ruleP99 = quantile(rules, 0.99);
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    ok: p99 <= P99_MILLISECONDS && ruleP99 <= P99_MILLISECONDS,
    ratios: {},
    figures: {
      p99Milliseconds: round(p99),
      p50Milliseconds: round(quantile(all, 0.5)),
      p50FrozenMilliseconds: round(quantile(sorted(samples.filter((one) => one.frozen)), 0.5)),
      ruleP99Milliseconds: round(ruleP99),
      ruleP50Milliseconds: round(quantile(rules, 0.5)),
      rounds: samples.length,
    },
    peers: {},
    bars: [
      {
        bar: 'call to last packet of a removed peer, p99',
        measured: `${p99.toFixed(0)} ms`,
        allowed: `<= ${P99_MILLISECONDS} ms`,
        ok: p99 <= P99_MILLISECONDS,
      },
      {
        bar: 'call to last packet of a rule taken back, p99',
        measured: `${ruleP99.toFixed(0)} ms`,
        allowed: `<= ${P99_MILLISECONDS} ms`,
        ok: ruleP99 <= P99_MILLISECONDS,
      },
    ],
  };
}

/** Nearest rank. @param sorted ascending */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
