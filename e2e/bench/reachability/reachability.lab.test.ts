/** A sample of the benchmark: the model of reachability and real packets in some random networks. */
import { expect, test } from 'vitest';
import { compare } from '../reachability.ts';

test('the model says what packets say', async () => {
  const told: string[] = [];
  const { networks, questions, reached, disagreements } = await compare(1, 6, 2, (line) => told.push(line));
  expect(disagreements, told.join('\n')).toBe(0);
  expect(networks).toBe(6);
  // Neither answer is so rare that one of them would be no test.
  expect(reached).toBeGreaterThan(questions / 5);
  expect(reached).toBeLessThan((4 * questions) / 5);
}, 600_000);
