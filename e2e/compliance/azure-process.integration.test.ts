/** A process dies in the middle of making an instance and another goes on: Azure is asked to make it once. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { newOwner } from './one-gateway.ts';

const PROGRAM = fileURLToPath(new URL('./azure-process.ts', import.meta.url));
const VM_PUT = 'Microsoft.Compute/virtualMachines/write';

const puts = (lab: PaperLab) => lab.requests().filter((one) => one.action === VM_PUT);
async function until(what: string, is: () => boolean | Promise<boolean>) {
  for (const end = Date.now() + 60_000; !(await is()); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it.each([
  { when: 'before it could remember the operation', remembers: false },
  { when: 'while it waits for the operation', remembers: true },
])('killed $when', { timeout: 120_000 }, async ({ remembers }) => {
  const lab = await startPaperLab();
  const file = join(dirname(lab.caFile), 'tokens.json');
  const given = JSON.stringify({
    endpoint: lab.azureUrl,
    credentials: lab.accounts.azure,
    owner: newOwner(),
    file,
  });
  // As each process of the product is told whom to trust beside the world's authorities.
  const options = { env: { NODE_EXTRA_CA_CERTS: lab.caFile } };
  try {
    lab.holdMachines(true);
    if (!remembers) {
      lab.faults.set([{ cloud: 'azure', action: VM_PUT, fault: { kind: 'hold', at: 'after' } }]);
    }
    const first = spawn(process.execPath, [PROGRAM, given], { ...options, stdio: 'ignore' });
    await until('the instance to be asked for', async () =>
      remembers
        ? (await readFile(file, 'utf8').catch(() => '')).includes('virtualMachines')
        : lab.faults.held().length > 0,
    );
    first.kill('SIGKILL');
    await once(first, 'exit');
    lab.faults.clear();
    expect(puts(lab)).toHaveLength(1);

    const second = promisify(execFile)(process.execPath, [PROGRAM, given], options);
    const asked = lab.requests().length;
    await until('the second process to look', () =>
      lab
        .requests()
        .slice(asked)
        .some((one) => /virtualMachines\/read|Compute\/locations\/operations/.test(one.action)),
    );
    lab.holdMachines(false);
    expect((await second).stdout).toContain('/virtualMachines/instance-gw');
    expect(puts(lab)).toHaveLength(1);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({});
  } finally {
    await lab.close();
  }
});
