import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterRound,
  ceilingOf,
  FLOOR,
  newPath,
  onOtherWay,
  type Path,
  SMALL,
  sizesOf,
  whenBusy,
  withCeiling,
} from './path.ts';

/** Rounds until the path has nothing more to ask at once, over a way that carries `limit` bytes. */
function settle(path: Path, limit: number, now = 0): { path: Path; rounds: number } {
  for (let rounds = 0; ; rounds += 1) {
    if (path.dueAt > now) return { path, rounds };
    const sent = sizesOf(path);
    path = afterRound(path, sent, new Set(sent.filter((size) => size <= limit)), now, true);
    if (rounds > 20) throw new Error('the search does not end');
  }
}

test('a path over IPv6 carries 20 bytes less, and sizes stay multiples of 16', () => {
  expect([ceilingOf(1500), ceilingOf(1500, true)]).toEqual([1440, 1408]);
  expect([ceilingOf(1280), ceilingOf(1280, true)]).toEqual([1216, 1200]);
});

test('finds any path’s size to the last step, in a few rounds, and never goes beyond', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: FLOOR, max: 9000 }),
      fc.integer({ min: 1280, max: 9001 }),
      (limit, underlay) => {
        const ceiling = ceilingOf(underlay);
        const { path, rounds } = settle(newPath(1280, ceiling, 0), limit);
        const wanted = Math.min(ceiling, Math.floor(limit / 16) * 16);
        expect(path.mtu).toBe(wanted);
        expect(rounds).toBeLessThanOrEqual(5);
      },
    ),
  );
});

test('an ethernet path takes one round', () => {
  const { path, rounds } = settle(newPath(1280, ceilingOf(1500), 0), 1440);
  expect([path.mtu, rounds]).toEqual([1440, 1]);
});

test('a path that shrinks is lowered after the first round that says so', () => {
  const before = settle(newPath(1280, 1440, 0), 1440).path;
  const sent = sizesOf(before);
  expect(sent).toEqual([SMALL, 1440]);
  const doubted = afterRound(before, sent, new Set([SMALL]), 1000, true);
  expect(doubted.dueAt).toBe(1000);
  const ladder = sizesOf(doubted);
  expect(ladder).toContain(1440);
  const lowered = afterRound(doubted, ladder, new Set(ladder.filter((size) => size <= 1300)), 1500, true);
  expect(lowered.mtu).toBe(1280);
  expect(settle(lowered, 1300, 1500).path.mtu).toBe(1296);
});

test('silence lowers nothing', () => {
  const before = settle(newPath(1280, 1440, 0), 1440).path;
  const after = afterRound(before, sizesOf(before), new Set(), 1000, true);
  expect(after.mtu).toBe(1440);
  expect(after.dueAt).toBeGreaterThan(1000);
});

test('one lost probe lowers nothing when the next is answered', () => {
  const before = settle(newPath(1280, 1440, 0), 1440).path;
  const doubted = afterRound(before, sizesOf(before), new Set([SMALL]), 1000, true);
  expect(doubted.mtu).toBe(1440);
  expect(settle(doubted, 1440, 1000).path).toMatchObject({ mtu: 1440, search: null });
});

test('never raised without proof, whatever is lost', () => {
  const answers = fc.array(fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), { maxLength: 30 });
  fc.assert(
    fc.property(answers, fc.integer({ min: 600, max: 1500 }), (rounds, limit) => {
      let path = newPath(1280, 1440, 0);
      for (const luck of rounds) {
        const sent = sizesOf(path);
        const answered = new Set(sent.filter((size, index) => size <= limit && luck[index % luck.length]));
        const after = afterRound(path, sent, answered, path.dueAt, true);
        if (after.mtu > path.mtu) expect(answered.has(after.mtu)).toBe(true);
        expect(after.mtu).toBeGreaterThanOrEqual(FLOOR);
        path = after;
      }
    }),
  );
});

test('grows again when the path does, after a while', () => {
  const narrow = settle(newPath(1280, 1440, 0), 1360).path;
  expect(narrow.mtu).toBe(1360);
  expect(settle({ ...narrow, dueAt: 1000 }, 1440, 1000).path.mtu).toBe(1360);
  expect(settle({ ...narrow, dueAt: 301_000 }, 1440, 301_000).path.mtu).toBe(1440);
});

test('a ceiling that falls lowers at once, one that rises is searched', () => {
  const path = settle(newPath(1280, 1440, 0), 1440).path;
  expect(withCeiling(path, 1392, 10).mtu).toBe(1392);
  const risen = withCeiling(path, 8928, 10);
  expect(risen.mtu).toBe(1440);
  expect(settle(risen, 8928, 10).path.mtu).toBe(8928);
});

test('another way starts from what is safe', () => {
  const path = settle(newPath(1280, 8928, 0), 8928).path;
  expect(onOtherWay(path, 1280, 10)).toMatchObject({ mtu: 1280, dueAt: 10 });
});

test('a path that stays silent is asked ever more seldom, and as before once it answers', () => {
  let path = newPath(1280, 1440, 0);
  const waits: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const after = afterRound(path, sizesOf(path), new Set(), path.dueAt, false);
    waits.push((after.dueAt - path.dueAt) / 1000);
    path = after;
  }
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
  expect(whenBusy(path, 0).dueAt).toBe(1000);
  expect(settle({ ...path, dueAt: 0 }, 1440).path).toMatchObject({ mtu: 1440, silences: 0 });
});

test('traffic brings the next look near', () => {
  const idle = afterRound(newPath(1280, 1280, 0), [SMALL, 1280], new Set([SMALL, 1280]), 0, false);
  expect(idle.dueAt).toBe(600_000);
  expect(whenBusy(idle, 5000).dueAt).toBe(6000);
});
