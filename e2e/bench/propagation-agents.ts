/**
 * A process full of simulated agents, told what to do by the benchmark over IPC. In a process of its own so that the
 * coordinator's memory is the coordinator's.
 */
import { TestAgent } from '@skein/coordinator/testing/agent.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';

export interface AgentSeed {
  id: string;
  identitySeed: string;
}
export type ToAgents =
  | { type: 'connect'; url: string; mapKey: string; seeds: AgentSeed[] }
  /** Asks what every agent holds now. */
  | { type: 'tell' }
  | { type: 'end' };
export type FromAgents =
  | { type: 'connected' }
  /** Frames that came: peer, number of the map then held, monotonic clock in nanoseconds. */
  | { type: 'frames'; frames: [peerId: string, number: number, atNanoseconds: number][] }
  | { type: 'held'; held: [peerId: string, number: number, digest: string][] }
  | { type: 'broken'; what: string };

/** How many handshakes are under way at once. */
const ABREAST = 25;
const agents = new Map<string, TestAgent>();
let frames: [string, number, number][] = [];

function tell(message: FromAgents): void {
  process.send?.(message);
}

function flush(): void {
  if (frames.length > 0) tell({ type: 'frames', frames });
  frames = [];
}

function open(url: string, mapKey: string, seed: AgentSeed): Promise<void> {
  const agent = new TestAgent({ url, mapKey, peerId: seed.id, identitySeed: seed.identitySeed });
  agents.set(seed.id, agent);
  agent.onChange = () => {
    // Taken off: a benchmark is long and names of frames add up.
    const frame = agent.frames.pop();
    if (!frame || frame === 'removed') return;
    if (frame.includes('refused')) tell({ type: 'broken', what: `${seed.id}: ${frame}` });
    if (frames.length === 0) setImmediate(flush);
    frames.push([seed.id, agent.map?.number ?? -1, Number(process.hrtime.bigint())]);
  };
  return agent.until('the first map', (one) => one.map !== undefined, 60_000);
}

async function connect(url: string, mapKey: string, seeds: readonly AgentSeed[]): Promise<void> {
  const waiting = [...seeds];
  const worker = async () => {
    for (let seed = waiting.shift(); seed; seed = waiting.shift()) await open(url, mapKey, seed);
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
  // The first maps are told before: whoever waits for “connected” has them behind him.
  flush();
  tell({ type: 'connected' });
}

process.on('message', (message: ToAgents) => {
  if (message.type === 'connect')
    connect(message.url, message.mapKey, message.seeds).catch((error: unknown) =>
      tell({ type: 'broken', what: error instanceof Error ? error.message : String(error) }),
    );
  else if (message.type === 'tell')
    tell({
      type: 'held',
      held: [...agents]
        .filter(([, agent]) => agent.closedWith === undefined)
        .map(([id, { map }]) => [id, map?.number ?? -1, map ? digestOf(map) : '']),
    });
  else process.exit(0);
});
// Without the benchmark there is nobody to work for.
process.on('disconnect', () => process.exit(0));
