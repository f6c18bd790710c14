import { expect, test } from 'vitest';
import type { Saying } from './message.ts';
import { openProber } from './probe.ts';

test('probes find each other, tell their state both ways, and forget who went silent', async () => {
  const port = 20_000 + (process.pid % 20_000);
  let ahead = 0;
  const clock = () => performance.now() + ahead;
  const heard: string[] = [];
  const packets: string[] = [];
  const listenerOf = (name: string) => ({
    onAnswer: (address: string, sentAt: number, now: number) => {
      expect(now).toBeGreaterThanOrEqual(sentAt);
      heard.push(`${name}: ${address} answered`);
    },
    onSaid: (address: string, saying: Saying) => {
      heard.push(`${name}: ${address} ${saying.draining ? 'drains' : 'stays'} ${saying.unreachable.join()}`);
    },
    onPacket: (address: string, direction: string, count: number) => {
      packets.push(`${name} ${direction} ${address} ${count}`);
    },
  });
  const one = await openProber('127.0.0.1', port, clock, listenerOf('one'));
  const other = await openProber('127.0.0.2', port, clock, listenerOf('other'));
  one.say({ draining: true, unreachable: [] });
  other.say({ draining: false, unreachable: ['100.64.2.0/24'] });
  one.probe(['127.0.0.2', '127.0.0.3']);
  for (let waited = 0; waited < 2000 && one.results().size === 0; waited += 10)
    await new Promise((done) => setTimeout(done, 10));
  expect([...one.results().keys()]).toEqual(['127.0.0.2']);
  expect(one.results().get('127.0.0.2')?.rttMilliseconds).toBeGreaterThan(0);
  expect(heard).toEqual([
    'other: 127.0.0.1 drains ',
    'one: 127.0.0.2 answered',
    'one: 127.0.0.2 stays 100.64.2.0/24',
  ]);
  expect(packets.filter((line) => !line.includes('127.0.0.3')).sort()).toEqual([
    'one received 127.0.0.2 1',
    'one sent 127.0.0.2 1',
    'other received 127.0.0.1 1',
    'other sent 127.0.0.1 1',
  ]);
  expect(other.askers()).toEqual(['127.0.0.1']);
  expect(one.longestUnasked(['127.0.0.2', '127.0.0.9'], 1)).toEqual(['127.0.0.9']);
  ahead = 36_000;
  expect(other.askers()).toEqual([]);
  // Nobody has asked since: what was found out holds.
  expect(one.results().size).toBe(1);
  other.close();
  one.probe(['127.0.0.2']);
  expect(one.longestUnasked(['127.0.0.2', '127.0.0.3'], 1)).toEqual(['127.0.0.3']);
  expect(one.results().size).toBe(1);
  ahead += 26_000;
  expect(one.results().size).toBe(0);
  one.close();
});
