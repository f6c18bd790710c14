import { expect, test } from 'vitest';
import { CommandFailed, output, succeed } from './command.ts';

test('output, exit code and input', async () => {
  expect(await output(['sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'in' })).toEqual({
    exit: 3,
    stdout: 'in',
    stderr: 'err\n',
  });
  await expect(succeed(['sh', '-c', 'echo why >&2; exit 3'])).rejects.toThrow(
    'sh -c echo why >&2; exit 3 ended with 3: why',
  );
  await expect(output(['/no/such/tool'])).rejects.toThrow(CommandFailed);
});

test('large output is whole, as its end is waited for', async () => {
  expect((await output(['sh', '-c', 'yes | head -c 3000000'])).stdout).toHaveLength(3_000_000);
});

test('what stays in the background is not waited for', async () => {
  const started = performance.now();
  expect(await output(['sh', '-c', 'sleep 3 & echo done'])).toMatchObject({ exit: 0, stdout: 'done\n' });
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a command that outlives its time is ended, even when a child of it holds its streams', async () => {
  const started = performance.now();
  await expect(output(['sh', '-c', 'sleep 3 & sleep 3'], { timeoutSeconds: 0.3 })).rejects.toThrow(
    'did not end within 0.3 s',
  );
  expect(performance.now() - started).toBeLessThan(2000);
});
