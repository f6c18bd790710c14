/**
 * Runs in the sealed place beside a fresh stand: tells the browser tests where it is, then runs them.
 * Arguments: the stand's directory, the command that runs the tests.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askAdmission } from '@skein/local/admission.ts';
import { childEnvironment, INSIDE } from '@skein/local/config.ts';
import { openLab } from '@skein/local/lab.ts';
import type { FirstRun } from './config.ts';

const [, , directory = '', file = '', ...words] = process.argv;
const { setupLink } = await askAdmission(directory);
const accounts = await openLab(join(directory, 'lab')).accounts();
const [aws] = accounts.aws;
const [gcp] = accounts.gcp;
const [azure] = accounts.azure;
if (!aws || !gcp || !azure || !setupLink) throw new Error('The stand has no accounts or was set up before');

const publicUrl = `http://127.0.0.1:${INSIDE.web}`;
const firstRun: FirstRun = {
  publicUrl,
  setupLink: `${publicUrl}/setup?link=${setupLink}`,
  accounts: {
    aws: { ...aws, endpoint: `http://127.0.0.1:${INSIDE.aws}` },
    gcp: { endpoint: `http://127.0.0.1:${INSIDE.gcp}`, key: gcp },
    azure: { ...azure, endpoint: `https://127.0.0.1:${INSIDE.azure}` },
  },
};
const told = join(directory, 'first-run.json');
writeFileSync(told, JSON.stringify(firstRun), { mode: 0o600 });
const ran = spawnSync(file, words, {
  stdio: 'inherit',
  env: childEnvironment({ SKEIN_E2E_FILE: told, CI: 'true' }),
});
process.exit(ran.status ?? 1);
