import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('the lab starts with an absolute state directory, and says what is wrong with another', () => {
  expect(readConfig({ SKEIN_STATE_DIRECTORY: '/srv/skein' })).toEqual({
    stateDirectory: '/srv/skein',
    faults: null,
  });
  expect(() => readConfig({})).toThrow('SKEIN_STATE_DIRECTORY is missing');
  expect(() => readConfig({ SKEIN_STATE_DIRECTORY: 'state' })).toThrow(
    'SKEIN_STATE_DIRECTORY must be an absolute path',
  );
});
