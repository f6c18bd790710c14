import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { expect, it } from 'vitest';
import { settled } from './settled.ts';

const wait = (limitSeconds: number, signal = new AbortController().signal) => {
  const told: string[] = [];
  const context = {
    signal,
    waitingFor: (what: string) => void told.push(what),
    attempt: 1,
    resume: resumeInMemory(),
  };
  return { told, options: { what: 'the change', limitSeconds, context } };
};

it('asks until the change is in effect, and says what it waits for', async () => {
  const { told, options } = wait(10);
  const answers = [false, false, true];
  await settled(async () => answers.shift() ?? true, options);
  expect(answers).toEqual([]);
  expect(new Set(told)).toEqual(new Set(['the change']));
});

it('ends after its time with a failure that may be tried again', async () => {
  const { options } = wait(1);
  await expect(settled(async () => false, options)).rejects.toMatchObject({
    name: 'DnsError',
    code: 'timeout',
    retryable: true,
    message: expect.stringContaining('the change'),
  });
});

it('ends with its signal', async () => {
  const { options } = wait(10, AbortSignal.timeout(50));
  await expect(settled(async () => false, options)).rejects.toMatchObject({ name: 'TimeoutError' });
});
