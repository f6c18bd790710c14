import { expect, test } from 'vitest';
import { parseCounters, readCounters } from './counters.ts';

test('counters of every interface', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     264       3    0    0    0     0          0         0      264       3    0    0    0     0       0          0
skein1: 1188180   20835    0    0    0     0          0         0  3512472   44131    0    7    0     0       0          0
`;
  expect([...parseCounters(text)]).toEqual([
    ['lo', { sentBytes: 264, sentPackets: 3, receivedPackets: 3 }],
    ['skein1', { sentBytes: 3_512_472, sentPackets: 44_131, receivedPackets: 20_835 }],
  ]);
  expect(readCounters().has('lo')).toBe(true);
});
