/**
 * Places for one network at a time, in namespaces of their own beneath an outer one: made once and used for network
 * after network. Each place has a link into the internet, which all share, and one into a VPC or LAN.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { must, NODE, openOuter, openPlace, type Place } from '@skein/agent/fixture/field.ts';
import type { World } from '@skein/mesh/reach/world.ts';
import type { Order } from './hand.ts';
import { INSIDE, OUTSIDE } from './underlay.ts';

const handFile = fileURLToPath(new URL('./hand.ts', import.meta.url));
/** As many as the largest network has peers. */
const PLACES = 12;

export interface Hand {
  obey(order: Order): Promise<unknown>;
}

export interface Lane {
  /** Puts the peers of a world into the places, and joins those that share a VPC or LAN. */
  seat(world: World): Promise<ReadonlyMap<string, Hand>>;
  close(): Promise<void>;
}

export async function openLane(): Promise<Lane> {
  const { outer, pid, close } = await openOuter();
  try {
    const numbers = Array.from({ length: PLACES }, (_, number) => number);
    await must(
      outer,
      `ip link set lo up && echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables &&
       ip link add internet type bridge && ip link set internet up &&
       for n in ${numbers.join(' ')}; do ip link add lan$n type bridge && ip link set lan$n up || exit 1; done`,
    );
    const hands = await Promise.all(numbers.map((number) => openHand(outer, pid, number)));
    return { close, seat: (world) => seat(outer, hands, world) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openHand(outer: Place, outerPid: number, number: number): Promise<Hand> {
  const { place, pid } = await openPlace(outerPid);
  await must(
    outer,
    `ip link add o-${number} type veth peer name ${OUTSIDE} netns /proc/${pid}/ns/net &&
     ip link add i-${number} type veth peer name ${INSIDE} netns /proc/${pid}/ns/net &&
     ip link set o-${number} master internet up && ip link set i-${number} up`,
  );
  const waiting: ((line: string) => void)[] = [];
  const early: string[] = [];
  const child = place.start([NODE, handFile], (line) => {
    const next = waiting.shift();
    if (next) next(line);
    else early.push(line);
  });
  const nextLine = () => {
    const line = early.shift();
    return line !== undefined ? Promise.resolve(line) : new Promise<string>((done) => waiting.push(done));
  };
  const ended = endOf(child, number);
  await Promise.race([nextLine(), ended]);
  return {
    obey: async (order) => {
      child.stdin?.write(`${JSON.stringify(order)}\n`);
      const told = JSON.parse(await Promise.race([nextLine(), ended]));
      if (told.error !== undefined) throw new Error(`place ${number}, ${order.do}: ${told.error}`);
      return told.value;
    },
  };
}

function endOf(child: ChildProcess, number: number): Promise<never> {
  const ended = new Promise<never>((_, failed) => {
    child.once('exit', () => failed(new Error(`the program in place ${number} ended`)));
  });
  // At the end of all it ends while nobody waits.
  ended.catch(() => undefined);
  return ended;
}

async function seat(outer: Place, hands: readonly Hand[], world: World): Promise<ReadonlyMap<string, Hand>> {
  const ids = [...world.standings.keys()];
  const seated = new Map<string, Hand>();
  const lines: string[] = [];
  for (const [number, id] of ids.entries()) {
    const hand = hands[number];
    if (!hand) throw new Error(`there is no place for ${id}`);
    seated.set(id, hand);
    // The first peer of joined networks gives its bridge to all of them; routes say who reaches whom.
    const home = Math.min(number, ...joinedWith(world, id).map((other) => ids.indexOf(other)));
    lines.push(`link set dev i-${number} master lan${home}`);
  }
  await must(outer, `ip -batch - <<'END'\n${lines.join('\n')}\nEND`);
  return seated;
}

/** Peers whose networks are joined with a peer's, over however many peerings. */
function joinedWith(world: World, id: string): string[] {
  const start = world.standings.get(id)?.network ?? '';
  const networks = new Set([start]);
  for (let size = 0; size < networks.size; ) {
    size = networks.size;
    for (const { network, near } of world.standings.values())
      if ([network, ...near].some((one) => networks.has(one)))
        for (const one of [network, ...near]) networks.add(one);
  }
  return [...world.standings].filter(([, { network }]) => networks.has(network)).map(([other]) => other);
}
