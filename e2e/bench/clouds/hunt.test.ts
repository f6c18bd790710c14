import type { HeldCall } from '@skein/lab/fault/faults.ts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Hunt, openHunt } from './hunt.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A lab that holds calls, and a worker whose calls are gone when it is killed. */
function openGround(wanted: string[]) {
  const held = new Map<number, HeldCall>();
  const released: number[] = [];
  let tell: (call: HeldCall) => void = () => {};
  const ground = {
    wanted: new Set(wanted),
    mayKill: true,
    kills: 0,
    replaced: 0,
    released,
    ask(id: number, action: string, at: HeldCall['at'] = 'before') {
      const call: HeldCall = {
        id,
        at,
        action,
        content: action,
        cloud: 'aws',
        service: 'ec2',
        region: 'r',
        mutating: true,
      };
      held.set(id, call);
      tell(call);
    },
    leave: (id: number) => void held.delete(id),
  };
  const hunt: Hunt = openHunt({
    faults: {
      held: () => [...held.values()],
      release(id) {
        released.push(id);
        return held.delete(id);
      },
      onHold(listener) {
        tell = listener;
        return () => {};
      },
    },
    phase: () => 'p',
    wanted: ground.wanted,
    mayKill: async () => ground.mayKill,
    async kill() {
      ground.kills += 1;
      held.clear();
      return true;
    },
    async replace() {
      ground.replaced += 1;
    },
  });
  return { ground, hunt };
}

it('lets go what is not wanted, and kills once at all that stands', async () => {
  const { ground, hunt } = openGround(['p aws A 1 before', 'p aws B 1 after']);
  ground.ask(1, 'A');
  ground.ask(2, 'X');
  ground.ask(3, 'B', 'after');
  expect(ground.released).toEqual([2]);
  await vi.runAllTimersAsync();
  expect(hunt.hit).toEqual(['p aws A 1 before', 'p aws B 1 after']);
  expect([ground.kills, ground.replaced, hunt.kills()]).toEqual([1, 1, 1]);
  expect([...ground.wanted]).toEqual([]);
  expect([...hunt.met]).toEqual(['p aws B 1']);
  await hunt.end();
  expect(ground.released).toEqual([2]);
});

it('counts no point whose caller has gone before', async () => {
  const { ground, hunt } = openGround(['p aws A 1 before', 'p aws B 1 before']);
  ground.ask(1, 'A');
  ground.ask(2, 'B');
  ground.leave(1);
  await vi.runAllTimersAsync();
  expect(hunt.hit).toEqual(['p aws B 1 before']);
  expect([...ground.wanted]).toEqual(['p aws A 1 before']);
});

it('lets all go where no worker may die, and leaves the points to others', async () => {
  const { ground, hunt } = openGround(['p aws A 1 before']);
  ground.mayKill = false;
  ground.ask(1, 'A');
  await vi.runAllTimersAsync();
  expect([ground.kills, ground.released, hunt.hit]).toEqual([0, [1], []]);
  expect([...ground.wanted]).toEqual(['p aws A 1 before']);
});
