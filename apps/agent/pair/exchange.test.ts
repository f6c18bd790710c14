import { createHash } from 'node:crypto';
import type { MapPeer } from '@skein/contract/agent/map.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, peerA2 } from '../fixture/map.ts';
import { Exchange, type SharedKey } from './exchange.ts';
import { kem } from './kem.ts';
import { decode, encode, type PairMessage } from './message.ts';

const SMALLEST_TUNNEL = 1280 - 28;
const ids = { asker: 'peer_a', answerer: 'peer_b' } as const;
type Side = keyof typeof ids;
const everyone: ReadonlySet<string> = new Set(Object.values(ids));
const other = (side: Side): Side => (side === 'asker' ? 'answerer' : 'asker');
const peerOf = (side: Side, change: Partial<MapPeer> = {}): MapPeer => ({
  ...peerA2,
  id: ids[side],
  wireguardKey: keyOf(side === 'asker' ? 1 : 2),
  ...change,
});

/** Two agents and the wire between them; each side's disk holds what was agreed. */
function pairOf(seed = 'seed', deliver: (message: PairMessage, from: Side) => boolean = () => true) {
  let count = 0;
  const random = (bytes: number) => {
    count += 1;
    return createHash('sha256').update(`${seed} ${count}`).digest().subarray(0, bytes);
  };
  const disk: Record<Side, Map<string, SharedKey>> = { asker: new Map(), answerer: new Map() };
  let now = 0;
  const open = (side: Side) => {
    const self = { networkId: 'net_test', peerId: ids[side] };
    const exchange = new Exchange(self, disk[side], { kem, random });
    exchange.setPeers([peerOf(other(side))], now);
    return exchange;
  };
  const sides = { asker: open('asker'), answerer: open('answerer') };
  const send = (from: Side, message: PairMessage): void => {
    const datagram = encode(message);
    expect(datagram.length).toBeLessThanOrEqual(SMALLEST_TUNNEL);
    if (!deliver(message, from)) return;
    const to = other(from);
    const step = sides[to].heard(ids[from], decode(datagram) as PairMessage, now);
    if (step.agreed) disk[to] = new Map(sides[to].remembered());
    for (const reply of step.say) send(to, reply);
  };
  return {
    sides,
    disk,
    now: () => now,
    pass: (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        now += 1;
        for (const side of ['asker', 'answerer'] as const)
          for (const { message } of sides[side].due(now, everyone)) send(side, message);
      }
    },
    restart: (side: Side) => {
      sides[side] = open(side);
    },
    keys: () => [sides.asker.keys(now).get(ids.answerer), sides.answerer.keys(now).get(ids.asker)],
  };
}

test('both ends come to the same key, which nobody else can compute, and renew it', () => {
  const seen: Buffer[] = [];
  const pair = pairOf('a', (message) => {
    seen.push(message.body);
    return true;
  });
  pair.pass(10);
  const [mine, theirs] = pair.keys();
  expect(mine).toBe(theirs);
  expect(Buffer.from(mine ?? '', 'base64')).toHaveLength(32);
  expect(Buffer.concat(seen).includes(Buffer.from(mine ?? '', 'base64'))).toBe(false);
  expect(pair.disk.asker.get(ids.answerer)?.former).toEqual([]);
  const messages = seen.length;
  pair.pass(2000);
  expect(seen).toHaveLength(messages);
  pair.pass(3000);
  expect(pair.keys()[0]).toBe(pair.keys()[1]);
  expect(pair.keys()[0]).not.toBe(mine);
});

test('whatever is lost and whoever starts again, both end with one key', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
      fc.array(
        fc.record({
          after: fc.integer({ min: 1, max: 90 }),
          side: fc.constantFrom('asker' as const, 'answerer' as const),
        }),
        { maxLength: 4 },
      ),
      (losses, restarts) => {
        let count = 0;
        const pair = pairOf('b', () => {
          count += 1;
          return losses[count - 1] ?? true;
        });
        for (const { after, side } of restarts) {
          pair.pass(after);
          pair.restart(side);
        }
        pair.pass(1500);
        const [mine, theirs] = pair.keys();
        expect(mine).toBeDefined();
        expect(mine).toBe(theirs);
      },
    ),
    { numRuns: 60 },
  );
});

test('where the last word was lost and the tunnel died, the asker comes to what the answerer holds', () => {
  let deaf = false;
  const pair = pairOf('c', (message) => !(deaf && message.type === 'confirm'));
  pair.pass(10);
  deaf = true;
  pair.pass(4330);
  const [mine, theirs] = pair.keys();
  expect(mine).not.toBe(theirs);
  pair.sides.asker.setSilent(ids.answerer, true, pair.now());
  pair.sides.answerer.setSilent(ids.asker, true, pair.now());
  const tried = new Set<string | undefined>();
  for (let second = 0; second < 110; second += 1) {
    tried.add(pair.sides.asker.keys(pair.now() + second).get(ids.answerer));
    // The answerer gives nothing up: packets kept back must not make a pair do without.
    expect(pair.sides.answerer.keys(pair.now() + second).get(ids.asker)).toBe(theirs);
  }
  expect([...tried]).toEqual(expect.arrayContaining([mine, theirs, undefined]));
});

test('a node set up anew under a key that nobody announced shares nothing; one that changed as announced does', () => {
  const pair = pairOf('d');
  pair.pass(10);
  const { answerer } = pair.sides;
  const announced = peerOf('asker', { nextWireguardKey: keyOf(9) });
  expect(answerer.setPeers([announced], 20)).toBe(true);
  expect(answerer.setPeers([peerOf('asker', { wireguardKey: keyOf(9) })], 30)).toBe(true);
  expect(answerer.setPeers([peerOf('asker', { wireguardKey: keyOf(9) })], 30)).toBe(false);
  expect(answerer.remembered().get(ids.asker)?.wireguardKeys).toEqual([keyOf(9)]);
  expect(answerer.keys(30).size).toBe(1);
  expect(answerer.setPeers([peerOf('asker', { wireguardKey: keyOf(8) })], 40)).toBe(true);
  expect(answerer.keys(40).size).toBe(0);
  expect(pair.sides.asker.setPeers([], 50)).toBe(true);
});

test('a peer whose tunnel is down is not asked, and one that does not answer ever more seldom', () => {
  let asked = 0;
  const pair = pairOf('f', () => {
    asked += 1;
    return false;
  });
  expect(pair.sides.asker.due(100, new Set())).toEqual([]);
  pair.pass(30);
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(8);
  pair.pass(3000);
  expect(asked).toBeLessThan(25);
});

test('strangers, forged proofs and noise agree on nothing', () => {
  const pair = pairOf('e');
  const question = pair.sides.asker.due(10, everyone)[0]?.message as PairMessage & { id: Buffer };
  const { answerer, asker } = pair.sides;
  expect(answerer.heard('peer_x', question, 10).say).toEqual([]);
  expect(answerer.heard(ids.asker, question, 10).say.map((one) => one.type)).toEqual(['answer']);
  const forged = { type: 'confirm' as const, id: question.id, body: Buffer.alloc(32) };
  expect(answerer.heard(ids.asker, forged, 10)).toEqual({ say: [] });
  expect(asker.heard(ids.answerer, question, 10)).toEqual({ say: [] });
  expect(
    asker.heard(ids.answerer, { type: 'answer', id: Buffer.alloc(16), body: Buffer.alloc(1088) }, 10),
  ).toEqual({
    say: [],
  });
  // Another question is not computed at once: answers cost more than questions.
  const again = { ...question, id: Buffer.alloc(16, 7) };
  expect(answerer.heard(ids.asker, again, 10.5).say).toEqual([]);
  for (const noise of [
    Buffer.alloc(0),
    Buffer.from('skein/p1'),
    encode(question).subarray(1),
    encode(question).subarray(0, -1),
  ])
    expect(decode(noise)).toBeUndefined();
});
