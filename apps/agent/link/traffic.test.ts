import { expect, test } from 'vitest';
import { newTraffic } from './traffic.ts';

test('agents that ask each other do not count as traffic', () => {
  const traffic = newTraffic();
  let [sent, received] = [5, 5];
  traffic.look(0, { sent, received }, 0);
  for (let now = 250; now < 20_000; now += 250) {
    for (let probe = 0; probe < 3; probe += 1) {
      traffic.own(0, 'sent', 1);
      traffic.own(0, 'received', 1);
    }
    // The kernel may count the last one only after it was looked at.
    traffic.look(0, { sent: sent + 2, received: received + 2 }, now - 1);
    [sent, received] = [sent + 3, received + 3];
    traffic.look(0, { sent, received }, now);
    expect(traffic.isWarm(now)).toBe(false);
  }
});

test('a flow makes its plane busy and no other; a trickle keeps it warm', () => {
  const traffic = newTraffic();
  let sent = 0;
  for (const plane of [0, 1]) traffic.look(plane, { sent, received: 0 }, 0);
  sent += 1;
  traffic.look(1, { sent, received: 0 }, 250);
  expect([traffic.isWarm(250), traffic.isBusy(1, 250)]).toEqual([true, false]);
  expect(traffic.quietSince()).toBe(250);
  sent += 10;
  traffic.look(1, { sent, received: 0 }, 500);
  expect([traffic.isBusy(1, 500), traffic.isBusy(0, 500)]).toEqual([true, false]);
  traffic.look(1, { sent, received: 0 }, 750);
  expect([traffic.isBusy(1, 3600), traffic.isWarm(3600)]).toEqual([false, false]);
  expect(traffic.quietSince()).toBe(500);
});

test('an interface made anew counts from nothing', () => {
  const traffic = newTraffic();
  traffic.look(0, { sent: 1000, received: 1000 }, 0);
  traffic.look(0, { sent: 2, received: 0 }, 250);
  traffic.look(0, null, 500);
  traffic.look(0, { sent: 500, received: 500 }, 750);
  expect(traffic.isWarm(750)).toBe(false);
  traffic.look(0, { sent: 520, received: 500 }, 1000);
  expect(traffic.isBusy(0, 1000)).toBe(true);
});
