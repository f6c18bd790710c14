import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('the lab starts with an absolute state directory, and says what is wrong with another', () => {
  expect(readConfig({ SKEIN_STATE_DIRECTORY: '/srv/skein' })).toEqual({
    stateDirectory: '/srv/skein',
    faults: null,
    programs: null,
  });
  expect(() => readConfig({})).toThrow('SKEIN_STATE_DIRECTORY is missing');
  expect(() => readConfig({ SKEIN_STATE_DIRECTORY: 'state' })).toThrow(
    'SKEIN_STATE_DIRECTORY must be an absolute path',
  );
});

test('the lab’s faults are rules, or the lab does not start', () => {
  const read = (SKEIN_LAB_FAULTS: string) =>
    readConfig({ SKEIN_STATE_DIRECTORY: '/srv/skein', SKEIN_LAB_FAULTS });
  expect(read('{"rules": [{"fault": {"kind": "error"}}]}').faults).toEqual({
    seed: 1,
    rules: [{ when: 'always', fault: { kind: 'error' } }],
  });
  expect(() => read('{')).toThrow('SKEIN_LAB_FAULTS is no JSON');
  expect(() => read('{"rules": [{"fault": {"kind": "flood"}}]}')).toThrow('SKEIN_LAB_FAULTS');
});
