import { expect, test } from 'vitest';
import { gatewayMap, peerA2, peerB1 } from '../fixture/map.ts';
import type { Run } from '../host/command.ts';
import { answerPath } from './answer-path.ts';
import { carriersOf } from './carriers.ts';

test('the peer itself, else those who carry its prefix', () => {
  const b2 = { ...peerB1, id: 'peer_b2', plane: 1 };
  const ids = (address: string) => carriersOf([peerA2, peerB1, b2], address).map((peer) => peer.id);
  expect(ids('100.64.1.12')).toEqual(['peer_a2']);
  expect(ids('100.64.2.40')).toEqual(['peer_b1', 'peer_b2']);
  expect(ids('100.64.9.1')).toEqual([]);
});

test('an agent tries nothing outside its network, whoever asks', async () => {
  const run: Run = async () => {
    throw new Error('a program was run');
  };
  const question = { id: 'path_1', address: '169.254.169.254', port: 80, trace: true };
  const answer = await answerPath(run, gatewayMap, question, async () => {
    throw new Error('a tunnel was measured');
  });
  expect(answer).toEqual({ hops: null, tunnels: [], port: null });
});
