import { describe, expect, it } from 'vitest';
import { backOff, pause, unlessAborted, waitFor } from './bounded-wait.ts';

const context = (signal = new AbortController().signal) => {
  const said: string[] = [];
  return { signal, waitingFor: (what: string) => void said.push(what), said };
};

describe('waitFor', () => {
  it('answers the first answer and says once what it waits for', async () => {
    const answers = [undefined, undefined, 'up'];
    const at = context();
    const options = { what: 'the thing', limitSeconds: 5, context: at, firstMilliseconds: 1 };
    expect(await waitFor(async () => answers.shift(), options)).toBe('up');
    expect(at.said).toEqual(['the thing']);
  });

  it('gives up with a timeout that names the wait', async () => {
    const options = { what: 'the thing', limitSeconds: 0.02, context: context(), firstMilliseconds: 5 };
    await expect(waitFor(async () => undefined, options)).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
      message: expect.stringContaining('the thing'),
    });
  });

  it('ends with the reason of the signal in the middle of a pause', async () => {
    const abort = new AbortController();
    const options = {
      what: 'x',
      limitSeconds: 60,
      context: context(abort.signal),
      firstMilliseconds: 30_000,
    };
    const waiting = waitFor(async () => undefined, options);
    setTimeout(() => abort.abort(new Error('stop')), 5);
    await expect(waiting).rejects.toThrow('stop');
  });
});

describe('signals', () => {
  it('end a pause and a promise that never settles', async () => {
    const abort = new AbortController();
    const waiting = Promise.allSettled([
      pause(60_000, abort.signal),
      unlessAborted(new Promise(() => {}), abort.signal),
    ]);
    abort.abort(new Error('stop'));
    expect((await waiting).map((end) => end.status)).toEqual(['rejected', 'rejected']);
  });

  it('already fired, refuse at once', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    await expect(pause(1, signal)).rejects.toThrow('before');
    await expect(unlessAborted(Promise.resolve(1), signal)).rejects.toThrow('before');
  });
});

describe('backOff', () => {
  it('doubles between its half and its whole, up to the cap', () => {
    for (const [attempt, whole] of [
      [0, 100],
      [1, 200],
      [3, 800],
      [9, 1000],
    ] as const) {
      const delay = backOff(attempt, 100, 1000);
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThanOrEqual(whole);
    }
  });
});
