import { describe, expect, it } from 'vitest';
import { type JudgedStep, verdictOf } from './verdict.ts';

const step = (
  key: string,
  state: JudgedStep['state'],
  dependsOn: string[] = [],
  evenAfterFailure = false,
): JudgedStep => ({
  key,
  state,
  dependsOn,
  evenAfterFailure,
});

describe('what has become of an operation', () => {
  it.each<[string, JudgedStep[], string]>([
    ['nothing to do', [], 'succeeded'],
    ['all done', [step('a', 'succeeded'), step('b', 'succeeded', ['a'])], 'succeeded'],
    ['one runs', [step('a', 'failed'), step('b', 'running')], 'open'],
    ['one can still run', [step('a', 'failed'), step('b', 'waiting')], 'open'],
    [
      'the rest waits in vain',
      [step('a', 'failed'), step('b', 'waiting', ['a']), step('c', 'waiting', ['b'])],
      'failed',
    ],
    ['it runs even so', [step('a', 'failed'), step('b', 'waiting', ['a'], true)], 'open'],
    [
      'it would, but for one that cannot',
      [step('a', 'failed'), step('b', 'waiting', ['a']), step('c', 'waiting', ['b'], true)],
      'failed',
    ],
    ['a ring', [step('a', 'waiting', ['b']), step('b', 'waiting', ['a'])], 'failed'],
  ])('%s', (_, steps, verdict) => {
    expect(verdictOf('running', steps)).toBe(verdict);
  });

  it('is cancelled once nothing runs any more', () => {
    expect(verdictOf('cancelling', [step('a', 'running'), step('b', 'cancelled')])).toBe('open');
    expect(verdictOf('cancelling', [step('a', 'succeeded'), step('b', 'cancelled')])).toBe('cancelled');
  });
});
