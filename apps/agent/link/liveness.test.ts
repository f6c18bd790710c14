import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import { planWays } from '../route/ways.ts';
import { newLiveness } from './liveness.ts';

const STEP = 20;

interface World {
  now: number;
  liveness: ReturnType<typeof newLiveness>;
  isLive(id: string): boolean;
  /** Runs for so long; `answers` says whether a probe to a carrier comes back, `isBusy` whether traffic goes by it. */
  run(
    milliseconds: number,
    answers: (id: string, now: number) => boolean,
    isBusy?: (id: string) => boolean,
  ): void;
  sent: Map<string, number>;
}

/** Time in steps of 20 ms, round trips of `roundTrip`, and looks as often as the watch looks. */
function worldOf(ids: readonly string[], roundTrip = 4): World {
  const liveness = newLiveness();
  liveness.keep(ids, 0);
  let underWay: { id: string; sentAt: number; at: number }[] = [];
  let lookAt = 0;
  const world: World = {
    now: 0,
    liveness,
    sent: new Map(ids.map((id) => [id, 0])),
    isLive: (id) => liveness.verdicts().get(id)?.live ?? false,
    run: (milliseconds, answers, isBusy = () => true) => {
      for (const end = world.now + milliseconds; world.now < end; world.now += STEP) {
        const arrived = underWay.filter((one) => one.at <= world.now);
        underWay = underWay.filter((one) => one.at > world.now);
        for (const { id, sentAt, at } of arrived) liveness.answered(id, sentAt, at);
        if (world.now < lookAt) continue;
        liveness.judge(world.now, 0);
        for (const id of liveness.due(world.now, isBusy, true)) {
          liveness.sent(id, world.now);
          world.sent.set(id, (world.sent.get(id) ?? 0) + 1);
          if (answers(id, world.now)) underWay.push({ id, sentAt: world.now, at: world.now + roundTrip });
        }
        lookAt = world.now + (liveness.inDoubt(world.now) || ids.some(isBusy) ? 80 : 240);
      }
    },
  };
  return world;
}

test('a carrier is dead until it first answers, then at once live', () => {
  const world = worldOf(['a']);
  expect(world.isLive('a')).toBe(false);
  world.run(200, () => true);
  expect(world.isLive('a')).toBe(true);
});

test('a carrier that traffic goes by is found dead within 350 ms, at any phase', () => {
  for (let phase = 0; phase < 100; phase += STEP) {
    const world = worldOf(['a']);
    world.run(3000 + phase, () => true);
    const died = world.now;
    while (world.isLive('a')) world.run(STEP, () => false);
    expect(world.now - died).toBeLessThanOrEqual(350);
    expect(world.now - died).toBeGreaterThan(160);
  }
});

test('a look that comes a moment early asks all the same, and does not halve the pace', () => {
  const liveness = newLiveness();
  liveness.keep(['a'], 0);
  let asked = 0;
  for (let look = 0; look < 20; look += 1) {
    const now = look * 79.4;
    for (const id of liveness.due(now, () => true, true)) {
      liveness.sent(id, now);
      liveness.answered(id, now, now + 1);
      asked += 1;
    }
    liveness.judge(now + 1, 0);
  }
  expect(asked).toBe(20);
});

test('one that nothing goes by is asked seldom, but once in doubt it is decided as fast', () => {
  const world = worldOf(['a']);
  const idle = () => false;
  world.run(3000, () => true, idle);
  const before = world.sent.get('a') ?? 0;
  world.run(20_000, () => true, idle);
  expect((world.sent.get('a') ?? 0) - before).toBeLessThanOrEqual(21);
  world.run(1700, () => false, idle);
  expect(world.isLive('a')).toBe(false);
});

test('two lost probes in a row do no harm, nor do long round trips', () => {
  const world = worldOf(['a'], 400);
  world.run(5000, () => true);
  expect(world.isLive('a')).toBe(true);
  for (let round = 0; round < 20; round += 1) {
    world.run(160, () => false);
    expect(world.isLive('a')).toBe(true);
    world.run(1000, () => true);
    expect(world.isLive('a')).toBe(true);
  }
});

test('it comes back after a second of answers; one that flaps stays away ever longer, one that settled does not', () => {
  const world = worldOf(['a']);
  world.run(20_000, () => true);
  const awayFor = () => {
    while (world.isLive('a')) world.run(STEP, () => false);
    world.run(500, () => false);
    const answering = world.now;
    while (!world.isLive('a')) world.run(STEP, () => true);
    return world.now - answering;
  };
  const first = awayFor();
  expect(first).toBeGreaterThanOrEqual(1000);
  expect(first).toBeLessThan(2500);
  const waits = [1, 2, 3, 4, 5, 6, 7].map(awayFor);
  expect(waits[1]).toBeGreaterThan(3900);
  expect(waits[6]).toBeGreaterThan(29_000);
  expect(waits[6]).toBeLessThan(33_000);
  world.run(11_000, () => true);
  expect(awayFor()).toBeLessThan(2500);
});

test('an agent that was stopped itself takes nobody for dead', () => {
  const world = worldOf(['a']);
  world.run(3000, () => true);
  world.run(200, () => false);
  world.now += 5000;
  world.liveness.judge(world.now, 0);
  expect(world.isLive('a')).toBe(true);
  world.run(500, () => true);
  expect(world.isLive('a')).toBe(true);
});

test('answers from before it was stopped do not make a carrier’s round trips long', () => {
  const world = worldOf(['a']);
  world.run(3000, () => true);
  world.liveness.answered('a', world.now - 9000, world.now);
  while (world.isLive('a')) world.run(STEP, () => false);
  expect(world.now).toBeLessThanOrEqual(3400);
});

test('what a carrier says is a change once', () => {
  const world = worldOf(['a']);
  world.run(1000, () => true);
  const saying = { draining: true, unreachable: ['100.64.2.0/24'] };
  world.liveness.said('a', saying);
  expect(world.liveness.judge(world.now, 0)).toBe(true);
  expect(world.liveness.verdicts().get('a')).toEqual({ live: true, ...saying });
  world.liveness.said('a', { ...saying });
  expect(world.liveness.judge(world.now, 0)).toBe(false);
});

test('whatever fails: there is always a route, a dead carrier has none while another lives, and all come back', {
  timeout: 60_000,
}, () => {
  const ids = ['a', 'b', 'c'];
  const peers = ids.map((id, plane) => ({
    ...peerB1,
    id,
    plane,
    overlayAddress: `100.64.2.${11 + plane}`,
    allowedIps: ['100.64.2.0/24'],
  }));
  const planes = (world: World) =>
    planWays(gatewayMap.self, peers, world.liveness.verdicts()).find(
      (way) => way.destination === '100.64.2.0/24',
    )?.planes ?? [0];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.subarray(ids), fc.integer({ min: 1, max: 100 })), { maxLength: 8 }),
      fc.integer({ min: 1, max: 200 }),
      (phases, roundTrip) => {
        const world = worldOf(ids, roundTrip);
        const patience = 400 + 4 * roundTrip;
        for (const [working, length] of phases) {
          world.run(length * 50, (id) => working.includes(id));
          expect(planes(world).length).toBeGreaterThan(0);
          world.run(patience, (id) => working.includes(id));
          // Nobody else may be used as soon as one who works has been found to.
          const isFound = working.some((id) => world.isLive(id));
          if (isFound) for (const plane of planes(world)) expect(working).toContain(ids[plane]);
        }
        world.run(70_000, () => true);
        expect(planes(world)).toEqual([0, 1, 2]);
      },
    ),
    { numRuns: 40 },
  );
});

test('one that nothing goes by may be looked at as seldom as it is asked: that is no stall', () => {
  const liveness = newLiveness();
  liveness.keep(['a'], 0);
  const rest = () => liveness.untilDue(now, () => false, false);
  let now = 0;
  liveness.judge(now, 0);
  liveness.sent('a', now);
  expect(liveness.isWaiting()).toBe(true);
  liveness.answered('a', now, now + 4);
  liveness.judge(now + 500, 500);
  expect(liveness.isWaiting()).toBe(false);
  now += 500;
  const rested = rest();
  expect(rested).toBe(9500);
  now += rested;
  liveness.judge(now, rested);
  expect(liveness.due(now, () => false, false)).toEqual(['a']);
  liveness.sent('a', now);
  // Forgotten, were it a stall: then nobody would know that it is waited for.
  liveness.judge(now + 500, 500);
  expect(liveness.isWaiting()).toBe(true);
  liveness.judge(now + 500 + 500 + 901, 500);
  expect(liveness.isWaiting()).toBe(false);
  expect(newLiveness().untilDue(0, () => false, false)).toBe(Number.POSITIVE_INFINITY);
});
