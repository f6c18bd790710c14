import { expect, it } from 'vitest';
import { openPoints } from './points.ts';

it('numbers calls of a kind by what they ask for, each phase and kind by itself', () => {
  const points = openPoints();
  const name = (phase: string, action: string, content: string, at: 'before' | 'after') =>
    points.of(phase, { cloud: 'aws', action, content, at }).point;
  expect([
    name('provision', 'CreateVpc', 'a', 'before'),
    name('provision', 'CreateVpc', 'b', 'before'),
    // Sent again, after its answer was lost or its worker killed.
    name('provision', 'CreateVpc', 'a', 'before'),
    name('provision', 'CreateVpc', 'a', 'after'),
    name('provision', 'CreateSubnet', 'a', 'before'),
    name('teardown', 'CreateVpc', 'c', 'after'),
  ]).toEqual([
    'provision aws CreateVpc 1 before',
    'provision aws CreateVpc 2 before',
    'provision aws CreateVpc 1 before',
    'provision aws CreateVpc 1 after',
    'provision aws CreateSubnet 1 before',
    'teardown aws CreateVpc 1 after',
  ]);
});
